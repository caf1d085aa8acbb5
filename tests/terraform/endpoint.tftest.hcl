# The endpoint, its connection log, associations, authorization rules and routes.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  name                   = "corp-staff"
  server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
  client_cidr_block      = "10.255.0.0/22"
  authentication = {
    mutual = { root_certificate_chain_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/clients" }
  }
}

run "an_endpoint_without_a_handler_says_so" {
  module {
    source = "./modules/endpoint"
  }

  assert {
    condition = (
      length(aws_ec2_client_vpn_endpoint.this.client_connect_options) == 1 &&
      aws_ec2_client_vpn_endpoint.this.client_connect_options[0].enabled == false
    )
    error_message = "Leaving the block out would leave a handler on: it must be there with enabled = false."
  }
  assert {
    condition     = aws_ec2_client_vpn_endpoint.this.client_login_banner_options[0].enabled == false
    error_message = "Leaving the block out would leave a banner on."
  }
  assert {
    condition     = aws_ec2_client_vpn_endpoint.this.client_route_enforcement_options[0].enforced == false
    error_message = "Leaving the block out would leave route enforcement on."
  }
  assert {
    condition     = aws_ec2_client_vpn_endpoint.this.disconnect_on_session_timeout == true
    error_message = "Leaving the argument out would leave it as it was."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.transport_protocol == "udp" &&
      aws_ec2_client_vpn_endpoint.this.vpn_port == 443 &&
      aws_ec2_client_vpn_endpoint.this.split_tunnel == false &&
      aws_ec2_client_vpn_endpoint.this.session_timeout_hours == 24 &&
      aws_ec2_client_vpn_endpoint.this.self_service_portal == "disabled" &&
      length(aws_ec2_client_vpn_endpoint.this.dns_servers) == 0
    )
    error_message = "The defaults are AWS's own."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].enabled &&
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].cloudwatch_log_group == "/aws/clientvpn/corp-staff" &&
      aws_cloudwatch_log_group.this[0].name == "/aws/clientvpn/corp-staff" &&
      aws_cloudwatch_log_group.this[0].retention_in_days == 365 &&
      aws_cloudwatch_log_stream.this[0].name == "connections"
    )
    error_message = "Connections are logged unless told otherwise."
  }
  assert {
    condition = (
      length(aws_ec2_client_vpn_network_association.this) == 0 &&
      length(aws_ec2_client_vpn_authorization_rule.this) == 0 &&
      length(aws_ec2_client_vpn_route.this) == 0
    )
    error_message = "What nobody asked for must not be there."
  }
  assert {
    condition     = aws_ec2_client_vpn_endpoint.this.tags == tomap({ Name = "corp-staff" })
    error_message = "The console shows an endpoint by its tag Name."
  }
  assert {
    condition     = output.self_service_portal_url == null
    error_message = "A portal that is off has no address."
  }
}

run "an_endpoint_with_a_handler_calls_its_alias" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = {
      lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff"
    }
  }

  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.client_connect_options[0].enabled == true &&
      aws_ec2_client_vpn_endpoint.this.client_connect_options[0].lambda_function_arn ==
      "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff"
    )
    error_message = "The endpoint must call the alias."
  }
}

run "a_handler_that_is_switched_off_is_switched_off" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = {
      lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff"
      enabled             = false
    }
  }

  assert {
    condition     = aws_ec2_client_vpn_endpoint.this.client_connect_options[0].enabled == false
    error_message = "enabled = false must reach AWS."
  }
}

run "every_option" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    description = "Staff"
    authentication = {
      mutual = { root_certificate_chain_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/clients" }
      saml = {
        provider_arn              = "arn:aws:iam::123456789012:saml-provider/sso"
        self_service_provider_arn = "arn:aws:iam::123456789012:saml-provider/portal"
      }
    }
    transport_protocol            = "tcp"
    vpn_port                      = 1194
    split_tunnel                  = true
    dns_servers                   = ["10.0.0.2", "10.0.1.2"]
    session_timeout_hours         = 8
    disconnect_on_session_timeout = false
    login_banner                  = "Authorized use only."
    route_enforcement             = true
    self_service_portal           = true
    vpc_id                        = "vpc-1"
    security_group_ids            = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5"]
    connection_log = {
      log_stream_name   = "staff"
      retention_in_days = 30
      kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/logs"
    }
    associations = { a = "subnet-a", b = "subnet-b" }
    authorization_rules = {
      everybody = { target_network_cidr = "10.0.0.0/16", authorize_all_groups = true, description = "Services" }
      ops       = { target_network_cidr = "10.99.0.0/16", access_group_id = "S-1-5-21-1" }
    }
    routes = {
      internet = { destination_cidr_block = "0.0.0.0/0", association = "b", description = "NAT" }
    }
    tags = { team = "network" }
  }

  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.description == "Staff" &&
      aws_ec2_client_vpn_endpoint.this.transport_protocol == "tcp" &&
      aws_ec2_client_vpn_endpoint.this.vpn_port == 1194 &&
      aws_ec2_client_vpn_endpoint.this.split_tunnel &&
      aws_ec2_client_vpn_endpoint.this.dns_servers == tolist(["10.0.0.2", "10.0.1.2"]) &&
      aws_ec2_client_vpn_endpoint.this.session_timeout_hours == 8 &&
      aws_ec2_client_vpn_endpoint.this.disconnect_on_session_timeout == false &&
      aws_ec2_client_vpn_endpoint.this.client_login_banner_options[0].enabled &&
      aws_ec2_client_vpn_endpoint.this.client_login_banner_options[0].banner_text == "Authorized use only." &&
      aws_ec2_client_vpn_endpoint.this.client_route_enforcement_options[0].enforced &&
      aws_ec2_client_vpn_endpoint.this.self_service_portal == "enabled" &&
      aws_ec2_client_vpn_endpoint.this.vpc_id == "vpc-1" &&
      aws_ec2_client_vpn_endpoint.this.security_group_ids == toset(["sg-1", "sg-2", "sg-3", "sg-4", "sg-5"])
    )
    error_message = "An option did not reach the endpoint."
  }
  assert {
    condition = toset([for options in aws_ec2_client_vpn_endpoint.this.authentication_options : [
      options.type, options.root_certificate_chain_arn,
      options.saml_provider_arn, options.self_service_saml_provider_arn,
      ]]) == toset([
      ["certificate-authentication", "arn:aws:acm:eu-central-1:123456789012:certificate/clients", null, null],
      [
        "federated-authentication", null, "arn:aws:iam::123456789012:saml-provider/sso",
        "arn:aws:iam::123456789012:saml-provider/portal",
      ],
    ])
    error_message = "Certificates and SAML can be asked for together."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].cloudwatch_log_stream == "staff" &&
      aws_cloudwatch_log_stream.this[0].name == "staff" &&
      aws_cloudwatch_log_stream.this[0].log_group_name == "/aws/clientvpn/corp-staff" &&
      aws_cloudwatch_log_group.this[0].retention_in_days == 30 &&
      aws_cloudwatch_log_group.this[0].kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/logs"
    )
    error_message = "The connection log's stream is made in the module's group."
  }
  assert {
    condition = (
      { for key, association in aws_ec2_client_vpn_network_association.this : key => association.subnet_id } ==
      { a = "subnet-a", b = "subnet-b" }
    )
    error_message = "Each subnet is associated."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_authorization_rule.this["everybody"].authorize_all_groups == true &&
      aws_ec2_client_vpn_authorization_rule.this["everybody"].access_group_id == null &&
      aws_ec2_client_vpn_authorization_rule.this["everybody"].description == "Services" &&
      aws_ec2_client_vpn_authorization_rule.this["ops"].authorize_all_groups == null &&
      aws_ec2_client_vpn_authorization_rule.this["ops"].access_group_id == "S-1-5-21-1"
    )
    error_message = "A rule is for one group or for all."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_route.this["internet"].target_vpc_subnet_id == "subnet-b" &&
      aws_ec2_client_vpn_route.this["internet"].destination_cidr_block == "0.0.0.0/0" &&
      aws_ec2_client_vpn_route.this["internet"].description == "NAT"
    )
    error_message = "A route goes through the subnet of the association it names."
  }
  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.tags == tomap({ Name = "corp-staff", team = "network" }) &&
      aws_cloudwatch_log_group.this[0].tags == tomap({ team = "network" })
    )
    error_message = "Tags go on everything that takes them."
  }
  assert {
    condition     = startswith(output.self_service_portal_url, "https://self-service.clientvpn.amazonaws.com/")
    error_message = "The portal's address is an output."
  }
}

run "active_directory_alone" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = { active_directory = { directory_id = "d-0123456789" } }
  }

  assert {
    condition = (
      length(aws_ec2_client_vpn_endpoint.this.authentication_options) == 1 &&
      one(aws_ec2_client_vpn_endpoint.this.authentication_options).type == "directory-service-authentication" &&
      one(aws_ec2_client_vpn_endpoint.this.authentication_options).active_directory_id == "d-0123456789"
    )
    error_message = "Users can log in with Active Directory alone."
  }
}

run "a_log_group_that_exists_is_used" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = { existing = { log_group_name = "vpn", log_stream_name = "staff" } }
  }

  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].cloudwatch_log_group == "vpn" &&
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].cloudwatch_log_stream == "staff" &&
      length(aws_cloudwatch_log_group.this) == 0 && length(aws_cloudwatch_log_stream.this) == 0
    )
    error_message = "Nothing is created beside a log group that exists."
  }
}

run "the_connection_log_can_be_switched_off" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = { enabled = false }
  }

  assert {
    condition = (
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].enabled == false &&
      aws_ec2_client_vpn_endpoint.this.connection_log_options[0].cloudwatch_log_group == null &&
      length(aws_cloudwatch_log_group.this) == 0
    )
    error_message = "A log that is off has no group."
  }
}

run "a_banner_of_1400_characters_and_the_widest_range_are_taken" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "10.240.0.0/12"
    login_banner      = format("%1400s", "x")
  }

  assert {
    condition     = length(aws_ec2_client_vpn_endpoint.this.client_login_banner_options[0].banner_text) == 1400
    error_message = "AWS takes banners of up to 1400 characters."
  }
}

# What AWS would refuse only at apply, and what would go wrong in silence, is refused at plan.

run "a_name_that_no_log_group_can_have_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    name = "corp staff"
  }

  expect_failures = [var.name]
}

run "a_description_of_256_characters_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    description = format("%256s", "x")
  }

  expect_failures = [var.description]
}

run "a_certificate_of_iam_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    server_certificate_arn = "arn:aws:iam::123456789012:server-certificate/vpn"
  }

  expect_failures = [var.server_certificate_arn]
}

run "a_client_range_smaller_than_22_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "10.255.0.0/28"
  }

  expect_failures = [var.client_cidr_block]
}

run "a_client_range_larger_than_12_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "10.0.0.0/11"
  }

  expect_failures = [var.client_cidr_block]
}

run "an_ipv6_client_range_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "2001:db8::/16"
  }

  expect_failures = [var.client_cidr_block]
}

run "a_client_range_without_a_prefix_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "10.255.0.0"
  }

  expect_failures = [var.client_cidr_block]
}

run "a_client_range_with_bits_beyond_its_prefix_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    client_cidr_block = "10.255.1.0/22"
  }

  expect_failures = [var.client_cidr_block]
}

run "no_authentication_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = {}
  }

  expect_failures = [var.authentication]
}

run "active_directory_beside_saml_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = {
      active_directory = { directory_id = "d-0123456789" }
      saml             = { provider_arn = "arn:aws:iam::123456789012:saml-provider/sso" }
    }
  }

  expect_failures = [var.authentication]
}

run "a_client_certificate_that_is_not_in_acm_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = { mutual = { root_certificate_chain_arn = "ca.pem" } }
  }

  expect_failures = [var.authentication]
}

run "a_directory_by_name_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = { active_directory = { directory_id = "corp.example.com" } }
  }

  expect_failures = [var.authentication]
}

run "a_saml_provider_by_name_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = { saml = { provider_arn = "sso" } }
  }

  expect_failures = [var.authentication]
}

run "a_self_service_saml_provider_by_name_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authentication = {
      saml = { provider_arn = "arn:aws:iam::123456789012:saml-provider/sso", self_service_provider_arn = "portal" }
    }
  }

  expect_failures = [var.authentication]
}

run "a_handler_without_the_prefix_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = { lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:corp:staff" }
  }

  expect_failures = [var.connect_handler]
}

run "a_version_of_the_handler_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = { lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:7" }
  }

  expect_failures = [var.connect_handler]
}

run "the_latest_version_of_the_handler_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = {
      lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:$LATEST"
    }
  }

  expect_failures = [var.connect_handler]
}

run "a_handler_without_a_qualifier_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = { lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp" }
  }

  expect_failures = [var.connect_handler]
}

run "the_name_of_a_function_in_place_of_its_arn_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connect_handler = { lambda_function_arn = "AWSClientVPN-corp:staff" }
  }

  expect_failures = [var.connect_handler]
}

run "a_transport_other_than_udp_and_tcp_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    transport_protocol = "UDP"
  }

  expect_failures = [var.transport_protocol]
}

run "a_port_other_than_443_and_1194_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpn_port = 8443
  }

  expect_failures = [var.vpn_port]
}

run "a_third_dns_server_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    dns_servers = ["10.0.0.2", "10.0.1.2", "10.0.2.2"]
  }

  expect_failures = [var.dns_servers]
}

run "a_dns_server_by_name_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    dns_servers = ["dns.example.com"]
  }

  expect_failures = [var.dns_servers]
}

run "a_session_of_nine_hours_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    session_timeout_hours = 9
  }

  expect_failures = [var.session_timeout_hours]
}

run "a_banner_of_1401_characters_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    login_banner = format("%1401s", "x")
  }

  expect_failures = [var.login_banner]
}

run "an_empty_banner_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    login_banner = ""
  }

  expect_failures = [var.login_banner]
}

run "a_self_service_portal_without_users_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    self_service_portal = true
  }

  expect_failures = [var.self_service_portal]
}

run "a_vpc_without_security_groups_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpc_id = "vpc-1"
  }

  expect_failures = [var.vpc_id]
}

run "security_groups_without_a_vpc_are_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    security_group_ids = ["sg-1"]
  }

  expect_failures = [var.vpc_id]
}

run "a_sixth_security_group_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpc_id             = "vpc-1"
    security_group_ids = ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"]
  }

  expect_failures = [var.security_group_ids]
}

run "a_log_group_for_a_log_that_is_off_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = { enabled = false, existing = { log_group_name = "vpn", log_stream_name = "staff" } }
  }

  expect_failures = [var.connection_log]
}

run "a_key_for_a_log_group_that_exists_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = {
      existing    = { log_group_name = "vpn", log_stream_name = "staff" }
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/logs"
    }
  }

  expect_failures = [var.connection_log]
}

run "the_arn_of_a_log_group_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = {
      existing = { log_group_name = "arn:aws:logs:eu-central-1:123456789012:log-group:vpn", log_stream_name = "staff" }
    }
  }

  expect_failures = [var.connection_log]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    connection_log = { retention_in_days = 100 }
  }

  expect_failures = [var.connection_log]
}

run "associations_without_security_groups_are_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    associations = { a = "subnet-a" }
  }

  expect_failures = [var.associations]
}

run "a_subnet_associated_twice_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpc_id             = "vpc-1"
    security_group_ids = ["sg-1"]
    associations       = { a = "subnet-a", b = "subnet-a" }
  }

  expect_failures = [var.associations]
}

run "a_rule_for_nobody_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authorization_rules = { vpc = { target_network_cidr = "10.0.0.0/16" } }
  }

  expect_failures = [var.authorization_rules]
}

run "a_rule_for_a_group_and_for_all_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authorization_rules = {
      vpc = { target_network_cidr = "10.0.0.0/16", access_group_id = "ops", authorize_all_groups = true }
    }
  }

  expect_failures = [var.authorization_rules]
}

run "a_rule_for_something_that_is_no_network_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    authorization_rules = { vpc = { target_network_cidr = "10.0.0.1/16", authorize_all_groups = true } }
  }

  expect_failures = [var.authorization_rules]
}

run "a_route_through_an_unknown_association_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpc_id             = "vpc-1"
    security_group_ids = ["sg-1"]
    associations       = { a = "subnet-a" }
    routes             = { internet = { destination_cidr_block = "0.0.0.0/0", association = "b" } }
  }

  expect_failures = [var.routes]
}

run "a_route_to_something_that_is_no_network_is_refused" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    vpc_id             = "vpc-1"
    security_group_ids = ["sg-1"]
    associations       = { a = "subnet-a" }
    routes             = { internet = { destination_cidr_block = "0.0.0.0", association = "a" } }
  }

  expect_failures = [var.routes]
}
