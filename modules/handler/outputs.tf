output "function_name" {
  description = "Name of the function."
  value       = module.function.function.function_name
  depends_on  = [aws_lambda_alias.this]
}

output "function_arn" {
  description = "ARN of the function without a qualifier. Endpoints take the ARN of an alias instead."
  value       = module.function.function.arn
  depends_on  = [aws_lambda_alias.this]
}

output "version" {
  description = "Newest version of the function, which every alias serves that is not pinned."
  value       = local.version
  depends_on  = [aws_lambda_alias.this]
}

output "alias_versions" {
  description = "Versions that the aliases serve, by alias."
  value       = { for name, alias in aws_lambda_alias.this : name => alias.function_version }
}

output "timeout" {
  description = "Seconds after which Lambda ends an invocation."
  value       = var.timeout
}

output "lambda_function_arn" {
  description = "ARN of the alias `live`: the `lambda_function_arn` of an endpoint made elsewhere."
  value       = aws_lambda_alias.this["live"].arn
  depends_on  = [aws_iam_service_linked_role.this]
}

output "alias_arns" {
  description = "ARNs of all aliases, by name."
  value       = { for name, alias in aws_lambda_alias.this : name => alias.arn }
  depends_on  = [aws_iam_service_linked_role.this]
}

output "role_arn" {
  description = "ARN of the execution role."
  value       = module.function.role.arn
}

output "role_name" {
  description = "Name of the execution role."
  value       = module.function.role.name
}

output "log_group_name" {
  description = "Name of the function's log group, which holds the decision log."
  value       = module.function.log_group.name
}

output "log_group_arn" {
  description = "ARN of the function's log group."
  value       = module.function.log_group.arn
}

output "reserved_environment_bytes" {
  description = <<-EOT
    Bytes of the function's environment that other variables than `POLICY` take: the input `reserved_bytes` of
    modules/policy.
  EOT
  # Each stands in the JSON object that Lambda measures as ,"NAME":"VALUE", in which a quote or a backslash of the value
  # takes two bytes.
  value = sum(concat(
    [0],
    [for name in keys(local.log_environment) : length(name) + 6 + (
      name == "LOG_REDACT_KEY" ? 64 : length(nonsensitive(local.log_environment[name]))
    )],
    [for name, value in local.evidence_environment : sum([
      length(name) + 6,
      # Its bytes; length counts characters.
      length(base64encode(value)) / 4 * 3 - length(regexall("=", base64encode(value))),
      length(regexall("[\"\\\\]", value)),
    ])],
  ))
}

output "stored_policy" {
  description = <<-EOT
    The object in which `policy_bucket` holds the policy: an object of its `arn` and the `kms_key_arn` that encrypts
    it, or `null`. The input `stored_policy` of modules/reauthorization.
  EOT
  value = var.policy_bucket == null ? null : {
    arn         = aws_s3_object.policy[0].arn
    kms_key_arn = var.policy_bucket.kms_key_arn
  }
}
