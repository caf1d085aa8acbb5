locals {
  function_name = "AWSClientVPN-${var.name}"

  # The key itself stays here: its hash has one length, so that what is left for the policy is known before the key is.
  log_environment = merge(
    length(var.log_redact) > 0
    ? { LOG_REDACT = join(",", sort(var.log_redact)), LOG_REDACT_KEY = sha256(var.log_redact_key) }
    : {},
    var.log_sample_allowed < 1 ? { LOG_SAMPLE_ALLOWED = tostring(var.log_sample_allowed) } : {},
  )
}

module "function" {
  source = "../function"

  function_name = local.function_name
  description   = var.description
  handler       = try(var.bundle.handler, "connect_handler.handler.handler")
  environment   = merge({ POLICY = local.policy }, local.log_environment, local.evidence_environment)
  publish       = true

  runtime                        = var.runtime
  architecture                   = var.architecture
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrent_executions
  snap_start                     = var.snap_start
  default_bundle                 = "${path.module}/connect_handler.zip"
  bundle                         = var.bundle
  log_group                      = var.log_group
  role                           = var.role
  role_policy_name               = "handler"
  statements                     = local.statements
  role_policies = concat(
    aws_iam_role_policy.stored_policy[*].id,
    aws_iam_role_policy.device_inventory[*].id,
    aws_iam_role_policy.connections[*].id,
  )
  kms_key_arn             = var.kms_key_arn
  vpc                     = var.vpc
  tracing_mode            = var.tracing_mode
  code_signing_config_arn = var.code_signing_config_arn

  tags = var.tags
}
