# The function that re-authorizes active connections: what it is told, when it runs, and what it may do.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

override_resource {
  target = module.function.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:ClientVPNReauthorization-corp" }
}

override_resource {
  target = module.function.aws_cloudwatch_log_group.this
  values = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/ClientVPNReauthorization-corp" }
}

variables {
  name          = "corp"
  function_name = "AWSClientVPN-corp"
  function_arn  = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp"
  policy_digest = "d1"
  versions      = { live = "7", staff = "7" }
  connections = {
    table_name = "AWSClientVPN-corp-connections"
    table_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections"
  }
  existing_endpoints = {
    staff = { id = "cvpn-endpoint-0123456789abcdef0", alias = "staff" }
    old   = { id = "cvpn-endpoint-00000000000000001", alias = "live" }
  }
}

run "a_second_function_of_the_same_bundle_runs_on_a_schedule" {
  module {
    source = "./modules/reauthorization"
  }

  assert {
    condition = (
      module.function.function.function_name == "ClientVPNReauthorization-corp" &&
      module.function.function.handler == "connect_handler.reauthorization.handler.handler" &&
      module.function.function.runtime == "python3.13" &&
      module.function.function.memory_size == 512 &&
      module.function.function.timeout == 900 &&
      module.function.function.reserved_concurrent_executions == null &&
      module.function.function.source_code_hash == filebase64sha256("modules/handler/connect_handler.zip")
    )
    error_message = "Client VPN may invoke what is called AWSClientVPN-…, and must not invoke this function."
  }
  assert {
    condition = module.function.function.environment[0].variables == tomap({
      REAUTHORIZATION = jsonencode({
        brake_floor = 5
        brake_share = 0.1
        endpoints = {
          cvpn-endpoint-00000000000000001 = "live"
          cvpn-endpoint-0123456789abcdef0 = "staff"
        }
        function                = "AWSClientVPN-corp"
        terminations_per_second = 5
      })
    })
    error_message = (
      "The function is told which endpoints there are, and how much it may do; all else it reads from the handler."
    )
  }
  assert {
    condition = (
      module.function.function.logging_config[0].log_format == "Text" &&
      module.function.function.logging_config[0].log_group == output.log_group_name &&
      output.log_group_name == "/aws/lambda/ClientVPNReauthorization-corp"
    )
    error_message = "What it did goes unaltered to its own log group."
  }
  assert {
    condition = (
      aws_cloudwatch_event_rule.this.schedule_expression == "rate(5 minutes)" &&
      output.rule_name == "ClientVPNReauthorization-corp" &&
      aws_cloudwatch_event_target.this.arn == output.function_arn &&
      aws_lambda_permission.this.principal == "events.amazonaws.com" &&
      aws_lambda_permission.this.source_arn == aws_cloudwatch_event_rule.this.arn
    )
    error_message = "EventBridge may start it by this rule alone."
  }
  assert {
    condition = (
      aws_lambda_invocation.start[0].input == "{\"reauthorize\":{\"start\":true}}" &&
      aws_lambda_invocation.start[0].triggers == tomap({
        policy_digest  = "d1"
        alias_versions = "{\"live\":\"7\",\"staff\":\"7\"}"
      })
    )
    error_message = "A change of the policy, or of a version that an alias serves, starts a run."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 0
    error_message = "The next run makes up for one that failed."
  }
}

run "it_may_end_connections_of_these_endpoints_and_no_more" {
  module {
    source = "./modules/reauthorization"
  }

  assert {
    condition = jsondecode(module.function.role_policy.policy).Statement == [
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/ClientVPNReauthorization-corp:*"
      },
      {
        Sid    = "ReadConfiguration"
        Effect = "Allow"
        Action = ["lambda:GetFunctionConfiguration"]
        Resource = [
          "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp",
          "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:*",
        ]
      },
      {
        Sid      = "StartRun"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = ["arn:aws:lambda:eu-central-1:123456789012:function:ClientVPNReauthorization-corp"]
      },
      {
        Sid      = "DescribeConnections"
        Effect   = "Allow"
        Action   = ["ec2:DescribeClientVpnConnections"]
        Resource = ["*"]
      },
      {
        Sid    = "EndConnections"
        Effect = "Allow"
        Action = ["ec2:TerminateClientVpnConnections"]
        Resource = [
          "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-00000000000000001",
          "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0",
        ]
      },
      {
        Sid      = "ReadConnections"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
        Resource = ["arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections"]
      },
    ]
    error_message = "The role must be allowed what a run does and nothing else."
  }
}

run "it_may_read_what_the_policy_looks_at" {
  module {
    source = "./modules/reauthorization"
  }

  variables {
    connections = {
      table_name  = "AWSClientVPN-corp-connections"
      table_arn   = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/tables"
    }
    device_table = {
      table_name  = "AWSClientVPN-corp-devices"
      table_arn   = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-devices"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/tables"
    }
    stored_policy = {
      arn         = "arn:aws:s3:::policies/AWSClientVPN-corp/policy.json.gz"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/policies"
    }
    kms_key_arn  = "arn:aws:kms:eu-central-1:123456789012:key/environment"
    tracing_mode = "Active"
  }

  assert {
    condition = [
      for statement in jsondecode(module.function.role_policy.policy).Statement : statement
      if contains(["ReadDeviceInventory", "ReadPolicy", "Decrypt", "WriteTraces"], statement.Sid)
      ] == [
      {
        Sid      = "ReadDeviceInventory"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
        Resource = ["arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-devices"]
      },
      {
        Sid      = "ReadPolicy"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersion"]
        Resource = ["arn:aws:s3:::policies/AWSClientVPN-corp/policy.json.gz"]
      },
      {
        Sid    = "Decrypt"
        Effect = "Allow"
        Action = ["kms:Decrypt"]
        Resource = [
          "arn:aws:kms:eu-central-1:123456789012:key/environment", "arn:aws:kms:eu-central-1:123456789012:key/policies",
          "arn:aws:kms:eu-central-1:123456789012:key/tables",
        ]
      },
      {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      },
    ]
    error_message = "Each permission comes with what needs it."
  }
}

run "all_options" {
  module {
    source = "./modules/reauthorization"
  }

  variables {
    existing_endpoints             = {}
    schedule                       = "cron(0/15 6-20 ? * MON-FRI *)"
    brake                          = { share = 0.5 }
    terminations_per_second        = 2
    memory_size                    = 1024
    reserved_concurrent_executions = 1
    log_group                      = { retention_in_days = 30 }
    role = {
      name                     = "reauthorization"
      path                     = "/vpn/"
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    }
  }

  assert {
    condition = (
      jsondecode(module.function.function.environment[0].variables.REAUTHORIZATION) == {
        brake_floor             = 5
        brake_share             = 0.5
        endpoints               = {}
        function                = "AWSClientVPN-corp"
        terminations_per_second = 2
      } &&
      module.function.function.memory_size == 1024 && module.function.function.reserved_concurrent_executions == 1 &&
      aws_cloudwatch_event_rule.this.schedule_expression == "cron(0/15 6-20 ? * MON-FRI *)" &&
      output.schedule == "cron(0/15 6-20 ? * MON-FRI *)" &&
      module.function.log_group.retention_in_days == 30 &&
      output.role_name == "reauthorization" &&
      module.function.role.path == "/vpn/" &&
      module.function.role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    )
    error_message = "What is given is taken."
  }
  assert {
    condition = !contains(
      [for statement in jsondecode(module.function.role_policy.policy).Statement : statement.Sid],
      "EndConnections",
    )
    error_message = "IAM takes no statement without a resource."
  }
}

run "a_function_that_may_not_run_is_not_started" {
  module {
    source = "./modules/reauthorization"
  }

  variables {
    reserved_concurrent_executions = 0
  }

  assert {
    condition     = length(aws_lambda_invocation.start) == 0
    error_message = "The apply would fail."
  }
}

run "a_name_that_is_too_long_for_the_prefix_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    name = "abcdefghijklmnopqrstuvwxyz0123456789_ABC"
  }
  expect_failures = [var.name]
}

run "a_rate_that_eventbridge_does_not_take_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    schedule = "rate(1 minutes)"
  }
  expect_failures = [var.schedule]
}

run "a_brake_of_more_than_all_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    brake = { share = 10 }
  }
  expect_failures = [var.brake]
}

run "a_brake_of_half_a_connection_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    brake = { floor = 0.5 }
  }
  expect_failures = [var.brake]
}

run "ending_no_connection_in_a_second_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    terminations_per_second = 0
  }
  expect_failures = [var.terminations_per_second]
}

run "an_alias_for_a_function_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp:live"
  }
  expect_failures = [var.function_arn]
}

run "what_is_no_endpoint_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    existing_endpoints = { staff = { id = "vpn-1", alias = "staff" } }
  }
  expect_failures = [var.existing_endpoints]
}

run "one_endpoint_under_two_keys_is_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    existing_endpoints = {
      a = { id = "cvpn-endpoint-1", alias = "live" }
      b = { id = "cvpn-endpoint-1", alias = "staff" }
    }
  }
  expect_failures = [var.existing_endpoints]
}

run "more_endpoints_than_the_environment_holds_are_refused" {
  command = plan
  module {
    source = "./modules/reauthorization"
  }
  variables {
    existing_endpoints = {
      for number in range(110) :
      "endpoint-${number}" => { id = "cvpn-endpoint-${number}", alias = "endpoint-${number}" }
    }
  }
  expect_failures = [aws_cloudwatch_event_rule.this]
}
