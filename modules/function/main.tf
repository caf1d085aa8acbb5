locals {
  bundle = {
    filename = var.bundle == null ? var.default_bundle : var.bundle.local_path
    s3       = try(var.bundle.s3, null)
  }
  bundle_hash = try(coalesce(var.bundle.hash), filebase64sha256(local.bundle.filename), null)
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: Tracing is the caller's choice (tracing_mode); each function's log has what it did.
  #checkov:skip=CKV_AWS_115: Reserved concurrency is the caller's choice (reserved_concurrent_executions).
  #checkov:skip=CKV_AWS_116: Client VPN invokes synchronously. The next run makes up for a failed re-authorization.
  #checkov:skip=CKV_AWS_117: The functions talk to AWS alone, and need nothing that is in a VPC.
  #checkov:skip=CKV_AWS_173: The environment holds no secret; kms_key_arn encrypts it where the caller has a key.
  function_name = var.function_name
  description   = var.description
  role          = aws_iam_role.this.arn

  filename                = local.bundle.filename
  s3_bucket               = try(local.bundle.s3.bucket, null)
  s3_key                  = try(local.bundle.s3.key, null)
  s3_object_version       = try(local.bundle.s3.version, null)
  source_code_hash        = local.bundle_hash
  code_signing_config_arn = var.code_signing_config_arn
  handler                 = var.handler
  publish                 = var.publish

  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = var.environment
  }

  # With the format JSON, Lambda may wrap what a function prints. The log is JSON already, and CloudWatch finds
  # embedded metrics only in unaltered lines.
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

  # A handler that runs before its role may write the log decides without a trace, and one that may not read what
  # its policy asks for denies. A re-authorization with half of its permissions ends half of what it should.
  depends_on = [aws_iam_role_policy.this, var.role_policies]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_group.retention_in_days
  kms_key_id        = var.log_group.kms_key_arn
  tags              = var.tags
}
