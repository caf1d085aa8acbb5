resource "aws_ec2_client_vpn_endpoint" "this" {
  description            = var.description
  server_certificate_arn = var.server_certificate_arn
  client_cidr_block      = var.client_cidr_block
  transport_protocol     = var.transport_protocol
  vpn_port               = var.vpn_port
  split_tunnel           = var.split_tunnel
  dns_servers            = var.dns_servers
  self_service_portal    = var.self_service_portal ? "enabled" : "disabled"
  session_timeout_hours  = var.session_timeout_hours
  vpc_id                 = var.vpc_id
  security_group_ids     = length(var.security_group_ids) > 0 ? var.security_group_ids : null

  # What follows is written out even where it is switched off: the provider takes an argument that is missing for "as it
  # is", and would leave a handler, a banner or route enforcement on.
  disconnect_on_session_timeout = var.disconnect_on_session_timeout

  client_connect_options {
    enabled             = try(var.connect_handler.enabled, false)
    lambda_function_arn = try(var.connect_handler.enabled, false) ? var.connect_handler.lambda_function_arn : null
  }

  client_login_banner_options {
    enabled     = var.login_banner != null
    banner_text = var.login_banner
  }

  client_route_enforcement_options {
    enforced = var.route_enforcement
  }

  connection_log_options {
    enabled               = var.connection_log.enabled
    cloudwatch_log_group  = local.connection_log.group
    cloudwatch_log_stream = local.connection_log.stream
  }

  dynamic "authentication_options" {
    for_each = var.authentication.mutual[*]
    content {
      type                       = "certificate-authentication"
      root_certificate_chain_arn = authentication_options.value.root_certificate_chain_arn
    }
  }

  dynamic "authentication_options" {
    for_each = var.authentication.active_directory[*]
    content {
      type                = "directory-service-authentication"
      active_directory_id = authentication_options.value.directory_id
    }
  }

  dynamic "authentication_options" {
    for_each = var.authentication.saml[*]
    content {
      type                           = "federated-authentication"
      saml_provider_arn              = authentication_options.value.provider_arn
      self_service_saml_provider_arn = authentication_options.value.self_service_provider_arn
    }
  }

  tags = merge({ Name = var.name }, var.tags)
}

# The provider leaves false out when it creates an endpoint, and AWS's default is true.
check "disconnect_on_session_timeout" {
  assert {
    condition = aws_ec2_client_vpn_endpoint.this.disconnect_on_session_timeout == var.disconnect_on_session_timeout
    error_message = join(" ", [
      "disconnect_on_session_timeout = ${var.disconnect_on_session_timeout} has not reached the new endpoint yet:",
      "apply once more. The provider does not send it when it creates an endpoint.",
    ])
  }
}
