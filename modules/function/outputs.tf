output "function" {
  description = "The function: the resource `aws_lambda_function` with all of its attributes."
  value       = aws_lambda_function.this
}

output "role" {
  description = "The execution role: the resource `aws_iam_role`, once it has its policy."
  value       = aws_iam_role.this
  depends_on  = [aws_iam_role_policy.this]
}

output "role_policy" {
  description = "The policy of the role: the resource `aws_iam_role_policy`."
  value       = aws_iam_role_policy.this
}

output "log_group" {
  description = "The log group: the resource `aws_cloudwatch_log_group`."
  value       = aws_cloudwatch_log_group.this
}
