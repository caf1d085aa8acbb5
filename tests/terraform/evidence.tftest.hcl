# The root module where the policy looks at devices and at other connections, and where connections have to stay
# authorized.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

override_resource {
  target = module.handler.aws_lambda_alias.this["live"]
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live", function_version = "7" }
}

override_resource {
  target = module.handler.aws_lambda_alias.this["staff"]
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:staff", function_version = "7" }
}

override_resource {
  target = module.device_inventory[0].aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-devices" }
}

override_resource {
  target = module.connections_table[0].aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections" }
}

override_resource {
  target = module.reauthorization[0].module.function.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:ClientVPNReauthorization-corp" }
}

variables {
  name  = "corp"
  rules = [{ name = "everybody", effect = "allow" }]
  endpoints = {
    staff = {
      server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
      client_cidr_block      = "10.255.0.0/22"
      authentication         = { saml = { provider_arn = "arn:aws:iam::123456789012:saml-provider/sso" } }
    }
  }
  monitoring = {}
}

run "nothing_of_it_is_there_until_it_is_asked_for" {
  assert {
    condition = (
      length(module.device_inventory) == 0 &&
      length(module.connections_table) == 0 &&
      length(module.reauthorization) == 0 &&
      length(aws_iam_role_policy.session_limits) == 0 &&
      output.device_inventory_table_name == null &&
      output.connections_table_name == null &&
      output.reauthorization_function_name == null
    )
    error_message = "Without these features there is no table, no second function and no permission."
  }
  assert {
    condition = !anytrue([
      for name in keys(output.alarm_arns) :
      strcontains(name, "evidence") || strcontains(name, "record") || strcontains(name, "reauthorization")
    ])
    error_message = "What is not there needs no alarm."
  }
}

run "everything_is_on" {
  variables {
    rules = [
      {
        name       = "one-per-user"
        effect     = "deny"
        end_oldest = true
        when       = { sessions = { by = "username", at_least = 1 } }
      },
      { name = "staff", effect = "allow", when = { device = { registered = true } } },
    ]
    device_inventory = {}
    session_limits   = {}
    reauthorization  = {}
    existing_endpoints = {
      old   = { id = "cvpn-endpoint-00000000000000001" }
      older = { id = "cvpn-endpoint-00000000000000002" }
    }
  }

  assert {
    condition = (
      output.device_inventory_table_name == "AWSClientVPN-corp-devices" &&
      output.connections_table_name == "AWSClientVPN-corp-connections" &&
      output.reauthorization_function_name == "ClientVPNReauthorization-corp"
    )
    error_message = "The outputs name the tables and the second function."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.session_limits[0].policy).Statement == [
      { Sid = "DescribeConnections", Effect = "Allow", Action = ["ec2:DescribeClientVpnConnections"], Resource = "*" },
      {
        Sid    = "EndConnections"
        Effect = "Allow"
        Action = ["ec2:TerminateClientVpnConnections"]
        Resource = [
          "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-00000000000000001",
          "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-00000000000000002",
          "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0",
        ]
      },
    ]
    error_message = "The handler may end connections of these endpoints and of no other."
  }
  assert {
    condition = alltrue([
      for name in [
        "device_evidence_failures", "session_evidence_failures", "connection_record_failures", "reauthorization_errors",
        "reauthorization_braked", "reauthorization_failures", "reauthorization_unrecorded", "reauthorization_not_run",
      ] : contains(keys(output.alarm_arns), name)
    ])
    error_message = "Evidence that fails, and a run that does, has an alarm."
  }
}

run "an_endpoint_without_a_handler_is_left_alone" {
  variables {
    endpoints = {
      staff = {
        server_certificate_arn  = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
        client_cidr_block       = "10.255.0.0/22"
        authentication          = { saml = { provider_arn = "arn:aws:iam::123456789012:saml-provider/sso" } }
        connect_handler_enabled = false
      }
    }
    session_limits  = {}
    reauthorization = {}
  }

  assert {
    condition = (
      [for statement in jsondecode(aws_iam_role_policy.session_limits[0].policy).Statement : statement.Sid] ==
      ["DescribeConnections"]
    )
    error_message = "Nobody's connections are ended whom the handler did not let in."
  }

  # Then there is nobody whose connections could be looked at, which is hardly what is meant.
  expect_failures = [check.connect_handler_enabled, check.session_limits, check.reauthorization]
}

run "limits_alone_need_no_second_function" {
  variables {
    rules = [
      { name = "staff", effect = "allow" },
      { name = "two", effect = "deny", when = { sessions = { by = "common_name", at_least = 2 } } },
    ]
    session_limits = {}
  }

  assert {
    condition = (
      output.connections_table_name == "AWSClientVPN-corp-connections" &&
      length(module.reauthorization) == 0 &&
      length(module.device_inventory) == 0
    )
    error_message = "Connections are counted in a table."
  }
  assert {
    condition = (
      contains(keys(output.alarm_arns), "session_evidence_failures") &&
      !contains(keys(output.alarm_arns), "device_evidence_failures") &&
      !contains(keys(output.alarm_arns), "reauthorization_errors")
    )
    error_message = "Only what is on has an alarm."
  }
}

run "reauthorization_alone_keeps_connections_and_ends_none_at_connect" {
  variables {
    reauthorization = {}
  }

  assert {
    condition = (
      output.connections_table_name == "AWSClientVPN-corp-connections" &&
      length(aws_iam_role_policy.session_limits) == 0
    )
    error_message = "The handler records connections, and may not end any."
  }
}

run "a_table_of_ones_own" {
  variables {
    rules            = [{ name = "staff", effect = "allow", when = { device = { status = ["ok"] } } }]
    device_inventory = { table = { name = "mdm.devices", attribute_names = { common_name = "cn", status = "state" } } }
  }

  assert {
    condition     = length(module.device_inventory) == 0 && output.device_inventory_table_name == "mdm.devices"
    error_message = "The module makes no table where there is one."
  }
  assert {
    condition = (
      local.device_table.exact &&
      local.device_table.attribute_names == tomap({ common_name = "cn", status = "state" })
    )
    error_message = "What writes such a table does not fold its keys."
  }
}

run "a_device_condition_without_an_inventory_is_refused" {
  command = plan

  variables {
    rules = [{ name = "staff", effect = "allow", when = { device = { registered = true } } }]
  }

  expect_failures = [output.policy_digest]
}

run "a_sessions_condition_without_limits_is_refused" {
  command = plan

  variables {
    rules = [
      { name = "staff", effect = "allow" },
      { name = "one", effect = "deny", when = { sessions = { by = "username", at_least = 1 } } },
    ]
    reauthorization = {}
  }

  expect_failures = [output.policy_digest]
}

run "a_table_of_ones_own_with_options_of_the_modules_is_refused" {
  command = plan

  variables {
    device_inventory = { table = { name = "devices" }, kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }

  expect_failures = [var.device_inventory]
}

run "an_arn_for_the_name_of_a_table_is_refused" {
  command = plan

  variables {
    device_inventory = { table = { name = "arn:aws:dynamodb:eu-central-1:123456789012:table/devices" } }
  }

  expect_failures = [var.device_inventory]
}

run "an_endpoint_made_here_and_elsewhere_is_refused" {
  command = plan

  variables {
    existing_endpoints = { staff = { id = "cvpn-endpoint-00000000000000001" } }
  }

  expect_failures = [var.existing_endpoints]
}

run "what_is_no_endpoint_is_refused" {
  command = plan

  variables {
    existing_endpoints = { old = { id = "vpn-1" } }
  }

  expect_failures = [var.existing_endpoints]
}

run "an_existing_endpoint_under_two_keys_is_refused" {
  command = plan

  variables {
    existing_endpoints = {
      old   = { id = "cvpn-endpoint-00000000000000001" }
      older = { id = "cvpn-endpoint-00000000000000001" }
    }
  }

  expect_failures = [var.existing_endpoints]
}

run "an_alias_that_the_function_does_not_have_is_refused" {
  command = plan

  variables {
    existing_endpoints = { old = { id = "cvpn-endpoint-00000000000000001", alias = "stuff" } }
  }

  expect_failures = [var.existing_endpoints]
}

run "an_existing_endpoint_may_call_the_alias_of_another" {
  variables {
    existing_endpoints = { old = { id = "cvpn-endpoint-00000000000000001", alias = "staff" } }
    reauthorization    = {}
  }

  assert {
    condition = (
      contains(keys(output.alarm_arns), "errors/staff") && !contains(keys(output.alarm_arns), "errors/live") &&
      contains(keys(output.alarm_arns), "handler_timeouts/old")
    )
    error_message = "The endpoint is watched, and of the aliases the one that it calls."
  }
}

run "an_endpoint_of_this_configuration_may_take_the_alias_and_be_among_the_existing" {
  module {
    source = "./tests/terraform/existing_endpoint"
  }

  override_resource {
    target = module.connect_handler.module.handler.aws_lambda_alias.this["live"]
    values = {
      arn              = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"
      function_version = "7"
    }
  }

  assert {
    condition     = output.reauthorization_function_name == "ClientVPNReauthorization-corp"
    error_message = "Nothing that the alias waits for looks at existing endpoints: there is no cycle."
  }
}

# --- the tables -------------------------------------------------------------------------------------------------------

run "the_table_of_devices" {
  module {
    source = "./modules/device_inventory"
  }

  assert {
    condition = (
      aws_dynamodb_table.this.name == "AWSClientVPN-corp-devices" &&
      aws_dynamodb_table.this.hash_key == "common_name" &&
      aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" &&
      aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].enabled &&
      aws_dynamodb_table.this.point_in_time_recovery[0].enabled &&
      !aws_dynamodb_table.this.deletion_protection_enabled
    )
    error_message = "Devices are kept encrypted, can be restored, and expire."
  }
  assert {
    condition = (
      output.device_table.table_name == output.table_name &&
      output.device_table.table_arn == output.table_arn &&
      output.kms_key_arn == null
    )
    error_message = "The output is what modules/handler takes."
  }
}

run "the_table_of_connections" {
  module {
    source = "./modules/connections_table"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/connections"
  }

  assert {
    condition = (
      aws_dynamodb_table.this.name == "AWSClientVPN-corp-connections" &&
      aws_dynamodb_table.this.hash_key == "id" &&
      aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].enabled &&
      aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn ==
      "arn:aws:kms:eu-central-1:123456789012:key/connections" &&
      !aws_dynamodb_table.this.point_in_time_recovery[0].enabled &&
      output.connections.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/connections"
    )
    error_message = "Requests name users: they are kept encrypted, and expire with the session."
  }
}

run "a_key_by_its_alias_is_refused" {
  command = plan

  module {
    source = "./modules/device_inventory"
  }

  variables {
    kms_key_arn = "alias/devices"
  }

  expect_failures = [var.kms_key_arn]
}
