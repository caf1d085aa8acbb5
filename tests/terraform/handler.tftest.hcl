# The function, its role, its versions and aliases.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  name   = "corp"
  policy = "{\"rules\":[]}"
}

run "a_handler_with_nothing_but_name_and_policy" {
  module {
    source = "./modules/handler"
  }

  assert {
    condition     = module.function.function.function_name == "AWSClientVPN-corp"
    error_message = "Client VPN invokes only functions whose name begins with AWSClientVPN-."
  }
  assert {
    condition     = module.function.function.environment[0].variables == tomap({ POLICY = "{\"rules\":[]}" })
    error_message = "The environment holds the policy and nothing else: Lambda gives it 4 KB in all."
  }
  assert {
    condition = (
      module.function.function.handler == "connect_handler.handler.handler" &&
      module.function.function.runtime == "python3.13" &&
      module.function.function.architectures == tolist(["arm64"]) &&
      module.function.function.memory_size == 256
    )
    error_message = "The function's defaults have changed."
  }
  assert {
    condition     = module.function.function.timeout <= 15
    error_message = "The default timeout must stay well below the 30 seconds that Client VPN waits."
  }
  assert {
    condition     = module.function.function.publish
    error_message = "Without published versions the aliases cannot move."
  }
  assert {
    condition = (
      endswith(module.function.function.filename, "/connect_handler.zip") &&
      fileexists(module.function.function.filename)
    )
    error_message = "The bundle that comes with the module is the default."
  }
  assert {
    condition     = module.function.function.source_code_hash == filebase64sha256("modules/handler/connect_handler.zip")
    error_message = "A changed bundle must be deployed."
  }
  assert {
    condition = (
      module.function.function.logging_config[0].log_format == "Text" &&
      module.function.function.logging_config[0].log_group == "/aws/lambda/AWSClientVPN-corp"
    )
    error_message = "The decision log goes unaltered to the log group that the role may write."
  }
  assert {
    condition = (
      module.function.log_group.name == "/aws/lambda/AWSClientVPN-corp" &&
      module.function.log_group.retention_in_days == 365 &&
      module.function.log_group.kms_key_id == null
    )
    error_message = "The function's log group is kept for a year."
  }
  assert {
    condition = (
      module.function.function.kms_key_arn == null &&
      module.function.function.code_signing_config_arn == null &&
      module.function.function.reserved_concurrent_executions == null &&
      length(module.function.function.vpc_config) == 0 &&
      module.function.function.tracing_config[0].mode == "PassThrough" &&
      length(aws_lambda_provisioned_concurrency_config.this) == 0 &&
      length(aws_iam_service_linked_role.this) == 0 &&
      module.function.role.permissions_boundary == null &&
      module.function.role.path == "/"
    )
    error_message = "What nobody asked for must not be there."
  }
  assert {
    condition     = keys(aws_lambda_alias.this) == ["live"] && aws_lambda_alias.this["live"].function_version == "7"
    error_message = "The alias live always exists and serves the published version."
  }
}

run "the_role_writes_its_own_log_and_no_more" {
  module {
    source = "./modules/handler"
  }

  assert {
    condition = jsondecode(module.function.role_policy.policy).Statement == [{
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/AWSClientVPN-corp:*"
    }]
    error_message = "The role must be allowed to write its own log group and nothing else."
  }
  assert {
    condition = jsondecode(module.function.role.assume_role_policy).Statement == [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
    error_message = "Only Lambda may assume the role."
  }
  assert {
    condition     = module.function.role.name_prefix == "AWSClientVPN-corp-"
    error_message = "Role names are unique in the account: handlers of one name in two Regions need different ones."
  }
}

run "a_long_name_fits_the_prefix_of_a_role" {
  module {
    source = "./modules/handler"
  }

  variables {
    name = "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMN"
  }

  assert {
    condition     = length(module.function.function.function_name) == 64
    error_message = "Lambda limits names to 64 characters, which may be used."
  }
  assert {
    condition = (
      module.function.role.name_prefix == "AWSClientVPN-abcdefghijklmnopqrstuvwx-" &&
      length(module.function.role.name_prefix) == 38
    )
    error_message = "IAM takes prefixes of at most 38 characters."
  }
}

run "every_option" {
  module {
    source = "./modules/handler"
  }

  variables {
    aliases                        = ["staff", "partners"]
    runtime                        = "python3.12"
    architecture                   = "x86_64"
    memory_size                    = 512
    timeout                        = 30
    reserved_concurrent_executions = 10
    provisioned_concurrency        = { live = 1, staff = 2, partners = 2 }
    log_group = {
      retention_in_days = 0
      kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/logs"
    }
    role = {
      name                     = "vpn"
      path                     = "/network/"
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    }
    kms_key_arn                 = "arn:aws:kms:eu-central-1:123456789012:key/environment"
    vpc                         = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    tracing_mode                = "Active"
    code_signing_config_arn     = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    create_service_linked_roles = true
    tags                        = { team = "network" }
  }

  assert {
    condition = (
      module.function.function.runtime == "python3.12" &&
      module.function.function.architectures == tolist(["x86_64"]) &&
      module.function.function.memory_size == 512 &&
      module.function.function.timeout == 30 &&
      module.function.function.reserved_concurrent_executions == 10 &&
      module.function.function.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/environment" &&
      module.function.function.code_signing_config_arn ==
      "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0" &&
      module.function.function.tracing_config[0].mode == "Active" &&
      module.function.function.vpc_config[0].subnet_ids == toset(["subnet-1"]) &&
      module.function.function.vpc_config[0].security_group_ids == toset(["sg-1"]) &&
      module.function.function.vpc_config[0].ipv6_allowed_for_dual_stack == false
    )
    error_message = "An option did not reach the function."
  }
  assert {
    condition = (
      module.function.log_group.retention_in_days == 0 &&
      module.function.log_group.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/logs"
    )
    error_message = "An option did not reach the log group."
  }
  assert {
    condition = (
      module.function.role.name == "vpn" &&
      module.function.role.path == "/network/" &&
      module.function.role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    )
    error_message = "An option did not reach the role."
  }
  assert {
    condition = (
      [for statement in jsondecode(module.function.role_policy.policy).Statement : statement.Sid] ==
      ["WriteLog", "DecryptEnvironment", "AttachToVpc", "KeepVpcFromCode", "WriteTraces"]
    )
    error_message = "Each option brings the permission that it needs."
  }
  assert {
    condition = [
      for statement in jsondecode(module.function.role_policy.policy).Statement : statement.Resource
      if statement.Sid == "DecryptEnvironment"
    ] == ["arn:aws:kms:eu-central-1:123456789012:key/environment"]
    error_message = "The role may decrypt with the environment's key and no other."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(module.function.role_policy.policy).Statement :
      statement.Effect == "Deny" &&
      statement.Condition.ArnLike["lambda:SourceFunctionArn"] == "arn:*:lambda:*:*:function:AWSClientVPN-corp"
      if statement.Sid == "KeepVpcFromCode"
    ])
    error_message = "Network interfaces are for Lambda to manage, not for the function's code."
  }
  assert {
    condition = (
      keys(aws_lambda_alias.this) == ["live", "partners", "staff"] &&
      alltrue([for alias in aws_lambda_alias.this : alias.function_version == "7"])
    )
    error_message = "Every alias serves the published version."
  }
  assert {
    condition     = keys(output.alias_arns) == ["live", "partners", "staff"]
    error_message = "Every alias has its ARN in the outputs."
  }
  assert {
    condition = (
      length(aws_lambda_provisioned_concurrency_config.this) == 1 &&
      aws_lambda_provisioned_concurrency_config.this["newest"].provisioned_concurrent_executions == 5 &&
      aws_lambda_provisioned_concurrency_config.this["newest"].qualifier == "7"
    )
    error_message = "Lambda keeps one allocation per version: the sum, on the version that all aliases serve."
  }
  assert {
    condition = keys(aws_iam_service_linked_role.this) == [
      "clientvpn-connections.amazonaws.com", "clientvpn.amazonaws.com",
    ]
    error_message = "Client VPN has two service-linked roles."
  }
  assert {
    condition = (
      module.function.function.tags == tomap({ team = "network" }) &&
      module.function.role.tags == tomap({ team = "network" }) &&
      module.function.log_group.tags == tomap({ team = "network" })
    )
    error_message = "Tags go on everything that takes them."
  }
}

run "passing_traces_through_needs_no_permission" {
  module {
    source = "./modules/handler"
  }

  variables {
    tracing_mode = "PassThrough"
  }

  assert {
    condition = (
      module.function.function.tracing_config[0].mode == "PassThrough" &&
      length(jsondecode(module.function.role_policy.policy).Statement) == 1
    )
    error_message = "Only Active lets the function write traces."
  }
}

run "a_bundle_of_ones_own_from_a_file" {
  module {
    source = "./modules/handler"
  }

  variables {
    bundle = { local_path = "modules/handler/versions.tf", handler = "mine.handler" }
  }

  assert {
    condition = (
      module.function.function.filename == "modules/handler/versions.tf" &&
      module.function.function.source_code_hash == filebase64sha256("modules/handler/versions.tf") &&
      module.function.function.handler == "mine.handler" &&
      module.function.function.s3_bucket == null
    )
    error_message = "The file is deployed, and deployed again when it changes."
  }
}

run "a_bundle_of_ones_own_from_s3" {
  module {
    source = "./modules/handler"
  }

  variables {
    bundle = { s3 = { bucket = "bundles", key = "handler.zip", version = "v1" } }
  }

  assert {
    condition = (
      module.function.function.s3_bucket == "bundles" &&
      module.function.function.s3_key == "handler.zip" &&
      module.function.function.s3_object_version == "v1" &&
      module.function.function.filename == null &&
      module.function.function.handler == "connect_handler.handler.handler"
    )
    error_message = "The object in S3 replaces the module's bundle, and the handler setting stays."
  }
}

run "a_bundle_in_s3_is_known_by_its_hash" {
  module {
    source = "./modules/handler"
  }

  variables {
    bundle = { s3 = { bucket = "bundles", key = "handler.zip" }, hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  assert {
    condition     = module.function.function.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    error_message = "The hash tells Terraform of a changed object."
  }
}

# What AWS would refuse, and what would go wrong in silence, is refused at plan.

run "an_empty_name_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name = ""
  }

  expect_failures = [var.name]
}

run "a_name_of_52_characters_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name = "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNO"
  }

  expect_failures = [var.name]
}

run "a_name_with_a_dot_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name = "corp.vpn"
  }

  expect_failures = [var.name]
}

run "a_name_that_brings_the_prefix_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    name = "AWSClientVPN-corp"
  }

  expect_failures = [var.name]
}

run "an_empty_policy_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    policy = ""
  }

  expect_failures = [var.policy]
}

run "a_policy_that_is_nowhere_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    policy        = null
    policy_bucket = { name = "policies" }
  }

  expect_failures = [var.policy_document]
}

run "an_alias_of_digits_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases = ["42"]
  }

  expect_failures = [var.aliases]
}

run "an_alias_with_a_dot_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases = ["staff.eu"]
  }

  expect_failures = [var.aliases]
}

run "an_alias_of_129_characters_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases = [replace(format("%129s", "x"), " ", "x")]
  }

  expect_failures = [var.aliases]
}

run "the_alias_live_is_taken" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases = ["live"]
  }

  expect_failures = [var.aliases]
}

run "a_timeout_beyond_the_30_seconds_of_client_vpn_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    timeout = 31
  }

  expect_failures = [var.timeout]
}

run "a_timeout_of_zero_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    timeout = 0
  }

  expect_failures = [var.timeout]
}

run "half_a_second_of_timeout_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    timeout = 0.5
  }

  expect_failures = [var.timeout]
}

run "provisioned_concurrency_of_an_unknown_alias_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases                 = ["staff"]
    provisioned_concurrency = { stuff = 1 }
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_of_zero_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    provisioned_concurrency = { live = 0 }
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_above_the_reserved_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    provisioned_concurrency        = { live = 5 }
    reserved_concurrent_executions = 4
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_without_room_for_two_versions_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    aliases                        = ["staff"]
    provisioned_concurrency        = { live = 2, staff = 3 }
    reserved_concurrent_executions = 9
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_of_a_stopped_function_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    provisioned_concurrency        = { live = 1 }
    reserved_concurrent_executions = 0
  }

  expect_failures = [var.provisioned_concurrency]
}

run "what_the_log_shows_is_told_to_the_function" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    log_redact         = ["username", "public_ip"]
    log_redact_key     = "correct horse battery staple"
    log_sample_allowed = 0.1
  }

  assert {
    condition = nonsensitive(module.function.function.environment[0].variables) == tomap({
      POLICY             = "{\"rules\":[]}"
      LOG_REDACT         = "public_ip,username"
      LOG_REDACT_KEY     = sha256("correct horse battery staple")
      LOG_SAMPLE_ALLOWED = "0.1"
    })
    error_message = "The function gets the fields, the hash of the key and the share."
  }
  assert {
    condition = output.reserved_environment_bytes == length(replace(
      jsonencode({
        LOG_REDACT         = "public_ip,username"
        LOG_REDACT_KEY     = sha256("")
        LOG_SAMPLE_ALLOWED = "0.1"
      }), "/^.|.$/", ""
    )) + 1
    error_message = "The policy must know what is left of the 4 KB: these variables, and a comma before each."
  }
}

# --- evidence ---------------------------------------------------------------------------------------------------------

run "a_handler_that_looks_nothing_up_has_no_permission_for_it" {
  module {
    source = "./modules/handler"
  }

  assert {
    condition = (
      keys(module.function.function.environment[0].variables) == tolist(["POLICY"]) &&
      length(aws_iam_role_policy.device_inventory) == 0 &&
      length(aws_iam_role_policy.connections) == 0
    )
    error_message = "No table, no variable, no permission."
  }
  assert {
    condition     = output.reserved_environment_bytes == 0 && output.stored_policy == null
    error_message = "The policy has all of the environment."
  }
}

run "a_handler_that_looks_devices_up_and_counts_connections" {
  module {
    source = "./modules/handler"
  }

  variables {
    device_table = {
      table_name      = "AWSClientVPN-corp-devices"
      table_arn       = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-devices"
      attribute_names = { status = "status" }
    }
    connections = {
      table_name = "AWSClientVPN-corp-connections"
      table_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections"
    }
  }

  assert {
    condition = module.function.function.environment[0].variables == tomap({
      POLICY           = "{\"rules\":[]}"
      DEVICE_INVENTORY = "{\"table\":\"AWSClientVPN-corp-devices\"}"
      CONNECTIONS      = "{\"table\":\"AWSClientVPN-corp-connections\"}"
    })
    error_message = "The function is told the tables, and no more than is not a matter of course."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.device_inventory[0].policy).Statement == [
      {
        Sid      = "ReadDeviceInventory"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-devices"
      },
    ]
    error_message = "It may read one device after the other of that table, and nothing else."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.connections[0].policy).Statement == [
      {
        Sid      = "RecordConnections"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp-connections"
      },
    ]
    error_message = "It may read and write connections in that table, and nothing else."
  }
  assert {
    condition = [for statement in jsondecode(module.function.role_policy.policy).Statement : statement.Sid] == [
      "WriteLog",
    ]
    error_message = "Permissions for tables are of their own."
  }
  # Each variable stands in the JSON object of all as ,"NAME":"VALUE", with a backslash before each quote of the value.
  assert {
    condition = output.reserved_environment_bytes == 1 + length(replace(
      jsonencode({
        for name, value in module.function.function.environment[0].variables : name => value
        if name != "POLICY"
      }), "/^.|.$/", ""
    ))
    error_message = "The policy must know what is left of the 4 KB."
  }
}

run "a_table_of_ones_own_with_keys" {
  module {
    source = "./modules/handler"
  }

  variables {
    device_table = {
      table_name      = "devices"
      table_arn       = "arn:aws:dynamodb:eu-central-1:123456789012:table/devices"
      kms_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/devices"
      attribute_names = { common_name = "cn", status = "größe", owner = "owner" }
      exact           = true
    }
    connections = {
      table_name  = "connections"
      table_arn   = "arn:aws:dynamodb:eu-central-1:123456789012:table/connections"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/connections"
      requests    = true
    }
  }

  assert {
    condition = (
      module.function.function.environment[0].variables.DEVICE_INVENTORY ==
      "{\"attributes\":{\"common_name\":\"cn\",\"status\":\"größe\"},\"exact\":true,\"table\":\"devices\"}" &&
      module.function.function.environment[0].variables.CONNECTIONS == "{\"requests\":true,\"table\":\"connections\"}"
    )
    error_message = "The function is told what is called otherwise."
  }
  assert {
    condition = output.reserved_environment_bytes == 3 + length(replace(
      jsonencode({
        for name, value in module.function.function.environment[0].variables : name => value
        if name != "POLICY"
      }), "/^.|.$/", ""
    ))
    error_message = "Two characters take two bytes each."
  }
  assert {
    condition = [
      for policy in [aws_iam_role_policy.device_inventory[0].policy, aws_iam_role_policy.connections[0].policy] :
      jsondecode(policy).Statement[1]
      ] == [
      {
        Sid      = "DecryptDeviceInventory"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = "arn:aws:kms:eu-central-1:123456789012:key/devices"
      },
      {
        Sid      = "EncryptConnections"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "arn:aws:kms:eu-central-1:123456789012:key/connections"
      },
    ]
    error_message = "Of the keys, it may use those that the tables need."
  }
}

run "an_attribute_that_no_record_has_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    device_table = {
      table_name      = "devices"
      table_arn       = "arn:aws:dynamodb:eu-central-1:123456789012:table/devices"
      attribute_names = { model = "m" }
    }
  }

  expect_failures = [var.device_table]
}

run "a_key_of_the_inventory_by_its_alias_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    device_table = {
      table_name  = "devices"
      table_arn   = "arn:aws:dynamodb:eu-central-1:123456789012:table/devices"
      kms_key_arn = "alias/devices"
    }
  }

  expect_failures = [var.device_table]
}

run "redacting_without_a_key_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    log_redact = ["username"]
  }

  expect_failures = [var.log_redact_key]
}

run "redacting_a_field_that_is_none_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    log_redact     = ["user"]
    log_redact_key = "correct horse battery staple"
  }

  expect_failures = [var.log_redact]
}

run "a_sample_of_more_than_all_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    log_sample_allowed = 10
  }

  expect_failures = [var.log_sample_allowed]
}
