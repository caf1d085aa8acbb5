locals {
  # Not AWSClientVPN-<name>: Client VPN may invoke whatever is called so.
  function_name = "ClientVPNReauthorization-${var.name}"

  # Where the connect handler is, there are this function and the endpoints: Client VPN calls no other.
  handler_arn    = split(":", var.function_arn)
  partition      = local.handler_arn[1]
  region_account = "${local.handler_arn[3]}:${local.handler_arn[4]}"
  function_arn   = "arn:${local.partition}:lambda:${local.region_account}:function:${local.function_name}"
  endpoint_arns  = sort([for endpoint in values(var.endpoints) : "arn:${local.partition}:ec2:${local.region_account}:client-vpn-endpoint/${endpoint.id}"])

  bundle = {
    filename = var.bundle == null ? "${path.module}/../handler/connect_handler.zip" : var.bundle.local_path
    s3       = try(var.bundle.s3, null)
  }
  bundle_hash = try(coalesce(var.bundle.hash), filebase64sha256(local.bundle.filename), null)

  # What connect_handler/reauthorization.py reads. All else, the policy and the tables, stands in the configuration of the version
  # that each alias serves.
  settings = jsonencode({
    function                = var.function_name
    endpoints               = { for endpoint in values(var.endpoints) : endpoint.id => endpoint.alias }
    brake_share             = var.brake.share
    brake_floor             = var.brake.floor
    terminations_per_second = var.terminations_per_second
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: Tracing is the caller's choice (tracing_mode); the function's log has what each run did.
  #checkov:skip=CKV_AWS_115: Reserved concurrency is the caller's choice (reserved_concurrent_executions); a schedule starts one run at a time.
  #checkov:skip=CKV_AWS_116: A run that failed is made up for by the next one, and has an alarm.
  #checkov:skip=CKV_AWS_117: It talks to AWS alone, and needs nothing that is in a VPC.
  #checkov:skip=CKV_AWS_173: What its environment holds is no secret; kms_key_arn encrypts it where the handler's has a key.
  function_name = local.function_name
  description   = "Re-authorizes the active connections of ${var.function_name}, and ends those that its policy would no longer let in."
  role          = aws_iam_role.this.arn

  filename                = local.bundle.filename
  s3_bucket               = try(local.bundle.s3.bucket, null)
  s3_key                  = try(local.bundle.s3.key, null)
  s3_object_version       = try(local.bundle.s3.version, null)
  source_code_hash        = local.bundle_hash
  code_signing_config_arn = var.code_signing_config_arn
  handler                 = "connect_handler.reauthorization.handler"

  runtime                        = var.runtime
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = 900 # the longest that Lambda has
  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = { REAUTHORIZATION = local.settings }
  }

  # As that of the handler: embedded metrics are found only in lines that are left as they are.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  # Always written out: left out, it stays as it was.
  tracing_config {
    mode = coalesce(var.tracing_mode, "PassThrough")
  }

  tags = var.tags

  # A run that may not do all that it does would end half of what it should.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    precondition {
      # Lambda measures {"REAUTHORIZATION":"..."}, in which a quote of the value takes two bytes.
      condition     = length(local.settings) + length(regexall("\"", local.settings)) + length("{\"REAUTHORIZATION\":\"\"}") <= 4096
      error_message = "The function's environment has no room for ${length(var.endpoints)} endpoints: Lambda gives it 4 KB. Re-authorize fewer by one module, or choose shorter keys."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_group.retention_in_days
  kms_key_id        = var.log_group.kms_key_arn
  tags              = var.tags
}

# What a run missed, the next one finds: to try again what is no longer true would only come in its way.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 300
}
