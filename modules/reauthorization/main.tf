locals {
  # Not AWSClientVPN-<name>: Client VPN may invoke whatever is called so.
  function_name = "ClientVPNReauthorization-${var.name}"

  # Where the connect handler is, there are this function and the endpoints: Client VPN calls no other.
  handler_arn    = split(":", var.function_arn)
  partition      = local.handler_arn[1]
  region_account = "${local.handler_arn[3]}:${local.handler_arn[4]}"
  function_arn   = "arn:${local.partition}:lambda:${local.region_account}:function:${local.function_name}"
  endpoint_arns = sort([
    for endpoint in values(var.existing_endpoints) :
    "arn:${local.partition}:ec2:${local.region_account}:client-vpn-endpoint/${endpoint.id}"
  ])

  # What connect_handler/reauthorization.py reads. All else, the policy and the tables, stands in the configuration of
  # the version that each alias serves.
  settings = jsonencode({
    function                = var.function_name
    endpoints               = { for endpoint in values(var.existing_endpoints) : endpoint.id => endpoint.alias }
    brake_share             = var.brake.share
    brake_floor             = var.brake.floor
    terminations_per_second = var.terminations_per_second
  })

  # Lambda measures {"REAUTHORIZATION":"..."}, in which a quote of the value takes two bytes.
  environment_bytes = length("{\"REAUTHORIZATION\":\"\"}") + length(replace(local.settings, "\"", "\\\""))
}

module "function" {
  source = "../function"

  function_name = local.function_name
  description = join(" ", [
    "Re-authorizes the active connections of ${var.function_name}, and ends those that its policy would no longer let",
    "in.",
  ])
  handler     = "connect_handler.reauthorization.handler.handler"
  environment = { REAUTHORIZATION = local.settings }

  runtime                        = var.runtime
  architecture                   = var.architecture
  memory_size                    = var.memory_size
  timeout                        = 900 # the longest that Lambda has
  reserved_concurrent_executions = var.reserved_concurrent_executions
  default_bundle                 = "${path.module}/../handler/connect_handler.zip"
  bundle                         = var.bundle
  log_group                      = var.log_group
  role                           = var.role
  role_policy_name               = "reauthorization"
  statements                     = local.statements
  kms_key_arn                    = var.kms_key_arn
  tracing_mode                   = var.tracing_mode
  code_signing_config_arn        = var.code_signing_config_arn

  tags = var.tags
}

# What a run missed, the next one finds: to try again what is no longer true would only come in its way.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = module.function.function.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 300
}
