output "function_name" {
  description = "Name of the function."
  value       = module.function.function.function_name
  depends_on  = [aws_cloudwatch_event_target.this]
}

output "function_arn" {
  description = "ARN of the function."
  value       = module.function.function.arn
  depends_on  = [aws_cloudwatch_event_target.this]
}

output "role_name" {
  description = "Name of the execution role."
  value       = module.function.role.name
}

output "log_group_name" {
  description = "Name of the function's log group, which holds what each run did."
  value       = module.function.log_group.name
}

output "rule_name" {
  description = <<-EOT
    Name of the EventBridge rule that starts the function on its schedule. Disabled, it re-authorizes nobody until
    it is enabled again.
  EOT
  value       = aws_cloudwatch_event_rule.this.name
}

output "schedule" {
  description = "Schedule of the function."
  value       = var.schedule
}
