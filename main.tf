module "policy" {
  source = "./modules/policy"

  rules                  = var.rules
  posture_rules          = var.posture_rules
  default_posture_status = var.default_posture_status
  default_deny_message   = var.default_deny_message
  shadow_mode            = var.shadow_mode
  reserved_bytes         = module.handler.reserved_environment_bytes
  has_bucket             = var.policy_bucket != null
  deploy_gate            = var.handler.deploy_gate
}

module "handler" {
  source = "./modules/handler"

  name    = var.name
  policy  = module.policy.environment
  aliases = keys(var.endpoints)

  policy_bucket   = var.policy_bucket
  policy_document = { packed = module.policy.packed, digest = module.policy.digest }

  device_table = local.device_table
  connections  = local.connections

  log_redact         = var.log_redact
  log_redact_key     = var.log_redact_key
  log_sample_allowed = var.log_sample_allowed

  policy_tests   = var.policy_tests
  alias_versions = var.alias_versions

  description                     = var.handler.description
  runtime                         = var.handler.runtime
  architecture                    = var.handler.architecture
  memory_size                     = var.handler.memory_size
  timeout                         = var.handler.timeout
  reserved_concurrent_executions  = var.handler.reserved_concurrent_executions
  provisioned_concurrency         = var.handler.provisioned_concurrency
  provisioned_concurrency_scaling = var.handler.provisioned_concurrency_scaling
  snap_start                      = var.handler.snap_start
  deploy_gate                     = var.handler.deploy_gate
  bundle                          = var.handler.bundle
  log_group                       = var.handler.log_group
  role                            = var.handler.role
  kms_key_arn                     = var.handler.kms_key_arn
  vpc                             = var.handler.vpc
  tracing_mode                    = var.handler.tracing_mode
  code_signing_config_arn         = var.handler.code_signing_config_arn
  create_service_linked_roles     = var.handler.create_service_linked_roles

  tags = var.tags
}

module "endpoint" {
  source   = "./modules/endpoint"
  for_each = var.endpoints

  name                   = coalesce(each.value.name, "${var.name}-${each.key}")
  description            = each.value.description
  server_certificate_arn = each.value.server_certificate_arn
  client_cidr_block      = each.value.client_cidr_block
  authentication         = each.value.authentication

  connect_handler = {
    lambda_function_arn = module.handler.alias_arns[each.key]
    enabled             = each.value.connect_handler_enabled
  }

  transport_protocol            = each.value.transport_protocol
  vpn_port                      = each.value.vpn_port
  split_tunnel                  = each.value.split_tunnel
  dns_servers                   = each.value.dns_servers
  session_timeout_hours         = each.value.session_timeout_hours
  disconnect_on_session_timeout = each.value.disconnect_on_session_timeout
  login_banner                  = each.value.login_banner
  route_enforcement             = each.value.route_enforcement
  self_service_portal           = each.value.self_service_portal
  vpc_id                        = each.value.vpc_id
  security_group_ids            = each.value.security_group_ids
  connection_log                = each.value.connection_log
  associations                  = each.value.associations
  authorization_rules           = each.value.authorization_rules
  routes                        = each.value.routes

  tags = merge(var.tags, each.value.tags)
}

module "monitoring" {
  source = "./modules/monitoring"
  count  = var.monitoring == null ? 0 : 1

  function_name      = module.handler.function_name
  log_group_name     = module.handler.log_group_name
  existing_endpoints = local.endpoints
  timeout            = module.handler.timeout

  has_provisioned_concurrency = try(length(var.handler.provisioned_concurrency), 0) > 0
  has_device_inventory        = var.device_inventory != null
  has_session_limits          = var.session_limits != null
  has_connections             = local.connections != null
  reauthorization_function = var.reauthorization == null ? null : {
    function_name  = module.reauthorization[0].function_name
    log_group_name = module.reauthorization[0].log_group_name
    schedule       = module.reauthorization[0].schedule
  }

  alarm_actions = var.monitoring.alarm_actions
  ok_actions    = var.monitoring.ok_actions
  alarms        = var.monitoring.alarms
  dashboard     = var.monitoring.dashboard
  queries       = var.monitoring.queries

  tags = var.tags
}

check "shadow_mode" {
  assert {
    condition = !var.shadow_mode
    error_message = join(" ", [
      "shadow_mode is on: everybody who authenticates is connected, whatever the policy says. The decision log records",
      "what it says; set shadow_mode = false to put it into force.",
    ])
  }
}

check "connect_handler_enabled" {
  assert {
    condition = length(local.handler_is_off) == 0
    error_message = join(" ", [
      "connect_handler_enabled is false for ${join(", ", local.handler_is_off)}: everybody who authenticates there is",
      "connected, and nothing is recorded. With shadow_mode = true instead, it would be.",
    ])
  }
}

check "alias_versions" {
  assert {
    condition = length(var.alias_versions) == 0
    error_message = format(
      join(" ", [
        "alias_versions pins %s: a change of the policy or of anything else about the function does not reach it until",
        "the pin is removed.",
      ]),
      join(", ", [for alias, pin in var.alias_versions : "${alias} to version ${pin.version}"]),
    )
  }
}
