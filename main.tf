module "policy" {
  source = "./modules/policy"

  rules                  = var.rules
  posture_rules          = var.posture_rules
  default_posture_status = var.default_posture_status
  default_deny_message   = var.default_deny_message
  shadow_mode            = var.shadow_mode
  reserved_bytes         = module.handler.reserved_environment_bytes
}

module "handler" {
  source = "./modules/handler"

  name    = var.name
  policy  = module.policy.environment
  aliases = keys(var.endpoints)

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
