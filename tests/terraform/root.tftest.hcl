# The root module: policy, handler and endpoints put together.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

override_resource {
  target = module.handler.aws_lambda_alias.this["live"]
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live" }
}

override_resource {
  target = module.handler.aws_lambda_alias.this["staff"]
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff" }
}

override_resource {
  target = module.handler.aws_lambda_alias.this["partners"]
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:partners" }
}

variables {
  name  = "corp"
  rules = [{ name = "everybody", effect = "allow" }]
}

run "a_handler_for_endpoints_made_elsewhere" {
  variables {
    handler = { role = { name = "vpn" } }
  }

  assert {
    condition = (
      output.lambda_function_arn ==
      "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"
    )
    error_message = "Endpoints made elsewhere call the alias live."
  }
  assert {
    condition     = keys(output.alias_arns) == ["live"] && length(output.endpoint_ids) == 0
    error_message = "Without endpoints there is one alias and no endpoint."
  }
  assert {
    condition = (
      output.function_name == "AWSClientVPN-corp" &&
      output.function_arn == "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp" &&
      output.function_version == "7" &&
      output.role_name == "vpn" &&
      output.role_arn == "arn:aws:iam::123456789012:role/AWSClientVPN-corp-1" &&
      output.log_group_name == "/aws/lambda/AWSClientVPN-corp"
    )
    error_message = "The outputs name the function, its version, role and log group."
  }
  assert {
    condition = (
      can(regex("^[0-9a-f]{64}$", output.policy_digest)) &&
      output.policy_size > 0 &&
      output.policy_size < 4096
    )
    error_message = "The outputs tell the policy's digest and size."
  }
}

# The endpoint's id cannot be in the function's environment, as that would be a cycle: the policy names endpoints by
# their keys.
run "every_endpoint_is_an_alias_that_the_policy_can_name" {
  variables {
    rules = [{ name = "staff", effect = "allow", when = { endpoint = ["staff"] } }]
    endpoints = {
      staff = {
        server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
        client_cidr_block      = "10.255.0.0/22"
        authentication         = { saml = { provider_arn = "arn:aws:iam::123456789012:saml-provider/sso" } }
        self_service_portal    = true
      }
      partners = {
        name                   = "guests"
        server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
        client_cidr_block      = "10.254.0.0/22"
        authentication = {
          mutual = { root_certificate_chain_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/clients" }
        }
        connect_handler_enabled = false
        connection_log          = { enabled = false }
      }
    }
    monitoring = {}
  }

  assert {
    condition = output.alias_arns == {
      live     = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"
      partners = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:partners"
      staff    = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff"
    }
    error_message = "Each endpoint has an alias of its own."
  }
  assert {
    condition = (
      keys(output.endpoint_ids) == ["partners", "staff"] &&
      output.endpoint_ids["staff"] == "cvpn-endpoint-0123456789abcdef0" &&
      endswith(output.endpoint_arns["staff"], "/cvpn-endpoint-0123456789abcdef0") &&
      startswith(output.endpoint_dns_names["staff"], "*.cvpn-endpoint-0123456789abcdef0.")
    )
    error_message = "The outputs name the endpoints by their keys."
  }
  assert {
    condition = (
      output.self_service_portal_urls["partners"] == null &&
      startswith(output.self_service_portal_urls["staff"], "https://self-service.")
    )
    error_message = "Only a portal that is on has an address."
  }
  assert {
    condition = (
      output.connection_log_group_names["staff"] == "/aws/clientvpn/corp-staff" &&
      output.connection_log_group_names["partners"] == null
    )
    error_message = "An endpoint's connection log is named after the handler and the endpoint's key."
  }
  assert {
    condition = [for name in keys(output.alarm_arns) : name if startswith(name, "errors/")] == [
      "errors/partners", "errors/staff",
    ]
    error_message = "The alias live is watched where an endpoint made elsewhere calls it."
  }

  # Nobody is to forget an endpoint without a handler.
  expect_failures = [check.connect_handler_enabled]
}

run "monitoring_costs_nothing_until_it_is_asked_for" {
  assert {
    condition     = length(module.monitoring) == 0 && length(output.alarm_arns) == 0 && output.dashboard_name == null
    error_message = "Alarms and dashboards cost money."
  }
}

run "shadow_mode_is_in_every_plan" {
  command = plan

  variables {
    shadow_mode = true
  }

  expect_failures = [check.shadow_mode]
}

run "a_pin_is_in_every_plan" {
  command = plan

  variables {
    alias_versions = { live = { version = "6" } }
  }

  expect_failures = [check.alias_versions]
}

run "an_endpoint_made_elsewhere_is_watched_by_its_id_and_the_alias_live" {
  variables {
    monitoring = { alarms = { denial_rate = { enabled = false } } }
    existing_endpoints = {
      old = { id = "cvpn-endpoint-0fedcba9876543210", mutual = true, connection_log_group_name = "vpn" }
    }
  }

  assert {
    condition = (
      contains(keys(output.alarm_arns), "handler_timeouts/old") &&
      contains(keys(output.alarm_arns), "crl_expiry/old") &&
      contains(keys(output.alarm_arns), "errors/live") &&
      !contains(keys(output.alarm_arns), "denial_rate")
    )
    error_message = "It calls the alias live, and its alarms are like those of endpoints made here."
  }
  assert {
    condition     = output.dashboard_name == "AWSClientVPN-corp"
    error_message = "There is a dashboard unless it is switched off."
  }
}
