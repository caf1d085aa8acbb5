locals {
  function_name = "AWSClientVPN-${var.name}"

  bundle = {
    filename = var.bundle == null ? "${path.module}/connect_handler.zip" : var.bundle.local_path
    s3       = try(var.bundle.s3, null)
    handler  = try(var.bundle.handler, "connect_handler.handler.handler")
  }
  bundle_hash = try(coalesce(var.bundle.hash), filebase64sha256(local.bundle.filename), null)

  # The key itself stays here: its hash has one length, so that what is left for the policy is known before the key is.
  log_environment = merge(
    length(var.log_redact) > 0 ? { LOG_REDACT = join(",", sort(var.log_redact)), LOG_REDACT_KEY = sha256(var.log_redact_key) } : {},
    var.log_sample_allowed < 1 ? { LOG_SAMPLE_ALLOWED = tostring(var.log_sample_allowed) } : {},
  )
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: Tracing is the caller's choice (tracing_mode); the decision log has each decision's duration.
  #checkov:skip=CKV_AWS_116: Client VPN invokes synchronously; a dead-letter queue gets asynchronous events only.
  function_name = local.function_name
  description   = var.description
  role          = aws_iam_role.this.arn

  filename                = local.bundle.filename
  s3_bucket               = try(local.bundle.s3.bucket, null)
  s3_key                  = try(local.bundle.s3.key, null)
  s3_object_version       = try(local.bundle.s3.version, null)
  source_code_hash        = local.bundle_hash
  code_signing_config_arn = var.code_signing_config_arn
  handler                 = local.bundle.handler
  publish                 = true

  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = merge({ POLICY = local.policy }, local.log_environment, local.evidence_environment)
  }

  # With the format JSON, Lambda may wrap what a function prints. The decision log is JSON already, one line per decision,
  # and CloudWatch finds its embedded metrics only in lines that are left as they are.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  # Always written out: left out, it stays as it was.
  tracing_config {
    mode = coalesce(var.tracing_mode, "PassThrough")
  }

  dynamic "snap_start" {
    for_each = var.snap_start ? ["PublishedVersions"] : []
    content {
      apply_on = snap_start.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6_allowed_for_dual_stack
    }
  }

  tags = var.tags

  # A function that runs before its role may write the log decides without leaving a trace.
  # One that may not read what its policy asks for denies.
  depends_on = [
    aws_iam_role_policy.this,
    aws_iam_role_policy.stored_policy,
    aws_iam_role_policy.device_inventory,
    aws_iam_role_policy.connections,
  ]

  lifecycle {
    precondition {
      condition     = var.policy != null || (var.policy_bucket != null && var.policy_document != null)
      error_message = "policy is null, as the function's environment has no room for the policy: pass policy_bucket, and policy_document with the outputs packed and digest of modules/policy."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_group.retention_in_days
  kms_key_id        = var.log_group.kms_key_arn
  tags              = var.tags
}
