# How a version comes into service: provisioned concurrency, aliases, and aliases that stay behind.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  name    = "corp"
  policy  = "{\"rules\":[]}"
  aliases = ["staff", "partners"]
}

run "an_alias_can_stay_behind_with_or_without_a_canary" {
  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions          = { staff = { version = "5", canary_weight = 0.1 }, partners = { version = "6" } }
    provisioned_concurrency = { live = 1, staff = 15, partners = 4 }
  }

  assert {
    condition     = output.alias_versions == { live = "7", staff = "5", partners = "6" } && output.version == "7"
    error_message = "An alias serves the version that it is pinned to, or the newest."
  }
  assert {
    condition     = aws_lambda_alias.this["staff"].routing_config[0].additional_version_weights == tomap({ "7" = 0.1 })
    error_message = "The newest version has the canary's share."
  }
  assert {
    condition = (
      length(aws_lambda_alias.this["live"].routing_config) == 0 &&
      length(aws_lambda_alias.this["partners"].routing_config) == 0
    )
    error_message = "Without a weight there is no canary."
  }
  assert {
    condition = tomap({
      for config in aws_lambda_provisioned_concurrency_config.this :
      config.qualifier => config.provisioned_concurrent_executions
    }) == tomap({ "7" = 3, "5" = 15, "6" = 4 })
    error_message = "Each version has what its aliases need, and the newest two for the tenth of fifteen."
  }
}

run "a_version_that_serves_nobody_is_not_asked" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions = { live = { version = "6" }, staff = { version = "5" }, partners = { version = "6" } }
  }

  assert {
    condition     = length(aws_lambda_invocation.gate) == 0
    error_message = "A rollback must go through whatever the newest version is."
  }
}

run "a_canary_is_asked" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions = {
      live     = { version = "6" }
      staff    = { version = "5", canary_weight = 0.1 }
      partners = { version = "6" }
    }
  }

  assert {
    condition     = length(aws_lambda_invocation.gate) == 1
    error_message = "Whoever serves a share has to pass the gate."
  }
}

run "there_is_no_canary_of_the_version_that_serves_anyway" {
  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions = { staff = { version = "7", canary_weight = 0.1 } }
  }

  assert {
    condition = (
      aws_lambda_alias.this["staff"].function_version == "7" &&
      length(aws_lambda_alias.this["staff"].routing_config) == 0
    )
    error_message = "Lambda refuses a weight for the version that the alias points at."
  }
}

run "provisioned_concurrency_for_the_newest_version_is_asked_for_once" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions          = { staff = { version = "7" } }
    provisioned_concurrency = { live = 1, staff = 2 }
  }

  expect_failures = [aws_lambda_provisioned_concurrency_config.this]
}

run "a_version_whose_role_is_gone_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  override_data {
    target = data.aws_lambda_function.pinned
    values = { role = "arn:aws:iam::123456789012:role/another", kms_key_arn = "" }
  }

  variables {
    alias_versions = { staff = { version = "5" } }
  }

  expect_failures = [aws_lambda_alias.this]
}

run "a_version_encrypted_with_another_key_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions = { staff = { version = "5" } }
    kms_key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/environment"
  }

  expect_failures = [aws_lambda_alias.this]
}

run "a_version_whose_table_is_gone_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  override_data {
    target = data.aws_lambda_function.pinned
    values = {
      role        = "arn:aws:iam::123456789012:role/AWSClientVPN-corp-1"
      kms_key_arn = ""
      environment = [{ variables = { POLICY = "{}", DEVICE_INVENTORY = "{\"table\":\"devices\"}" } }]
    }
  }

  variables {
    alias_versions = { staff = { version = "5" } }
  }

  expect_failures = [aws_lambda_alias.this]
}

run "a_version_whose_table_is_there_can_be_pinned" {
  module {
    source = "./modules/handler"
  }

  override_data {
    target = data.aws_lambda_function.pinned
    values = {
      role        = "arn:aws:iam::123456789012:role/AWSClientVPN-corp-1"
      kms_key_arn = ""
      environment = [{ variables = { POLICY = "{}", CONNECTIONS = "{\"table\":\"connections\"}" } }]
    }
  }

  variables {
    alias_versions = { staff = { version = "5" } }
    connections = {
      table_name = "connections"
      table_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/connections"
    }
    device_table = { table_name = "devices", table_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/devices" }
  }

  assert {
    condition     = aws_lambda_alias.this["staff"].function_version == "5"
    error_message = "A version that looked at less than the newest goes on as it was."
  }
}

run "a_canary_of_all_connections_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions = { staff = { version = "5", canary_weight = 1 } }
  }

  expect_failures = [var.alias_versions]
}

run "no_room_for_a_canary_beside_two_versions_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions                 = { staff = { version = "5", canary_weight = 0.1 } }
    provisioned_concurrency        = { staff = 5 }
    reserved_concurrent_executions = 10
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_is_scaled_by_utilization" {
  module {
    source = "./modules/handler"
  }

  variables {
    provisioned_concurrency         = { live = 2, staff = 3 }
    provisioned_concurrency_scaling = { max = 40, target_utilization = 0.7 }
  }

  assert {
    condition = (
      length(aws_lambda_provisioned_concurrency_config.this) == 0 &&
      aws_lambda_provisioned_concurrency_config.scaled["newest"].provisioned_concurrent_executions == 5
    )
    error_message = "A version begins with the sum."
  }
  assert {
    condition = (
      aws_appautoscaling_target.this["newest"].resource_id == "function:AWSClientVPN-corp:7" &&
      aws_appautoscaling_target.this["newest"].scalable_dimension == "lambda:function:ProvisionedConcurrency" &&
      aws_appautoscaling_target.this["newest"].min_capacity == 5 &&
      aws_appautoscaling_target.this["newest"].max_capacity == 40
    )
    error_message = "It is scaled between the sum and max."
  }
  assert {
    condition = (
      aws_appautoscaling_policy.this["newest"].target_tracking_scaling_policy_configuration[0].target_value == 0.7 &&
      one(one(
        aws_appautoscaling_policy.this["newest"].target_tracking_scaling_policy_configuration
      ).predefined_metric_specification).predefined_metric_type == "LambdaProvisionedConcurrencyUtilization"
    )
    error_message = "It follows its utilization."
  }
  assert {
    condition = (
      length(aws_appautoscaling_scheduled_action.this) == 0 &&
      length(aws_appautoscaling_target.scheduled) == 0
    )
    error_message = "Without schedules there are no scheduled actions."
  }
}

run "provisioned_concurrency_is_scaled_by_schedule" {
  module {
    source = "./modules/handler"
  }

  variables {
    alias_versions          = { staff = { version = "5" } }
    provisioned_concurrency = { live = 2, staff = 3 }
    provisioned_concurrency_scaling = {
      max = 40
      schedules = {
        mornings = { schedule = "cron(30 6 ? * MON-FRI *)", timezone = "Europe/Berlin", min = 30 }
        days     = { schedule = "cron(0 10 ? * MON-FRI *)", timezone = "Europe/Berlin", min = 5 }
      }
    }
  }

  assert {
    condition = keys(aws_appautoscaling_scheduled_action.this) == [
      "5/days", "5/mornings", "newest/days", "newest/mornings",
    ]
    error_message = "Each version that serves has each schedule."
  }
  assert {
    condition = (
      aws_appautoscaling_scheduled_action.this["newest/mornings"].schedule == "cron(30 6 ? * MON-FRI *)" &&
      aws_appautoscaling_scheduled_action.this["newest/mornings"].timezone == "Europe/Berlin" &&
      aws_appautoscaling_scheduled_action.this["newest/mornings"].scalable_target_action[0].min_capacity == "30"
    )
    error_message = "A schedule changes the bounds, at the time that is meant where the users are."
  }
  assert {
    condition     = length(aws_appautoscaling_policy.this) == 0 && length(aws_appautoscaling_target.this) == 0
    error_message = "Without target_utilization the schedules alone decide."
  }
}

run "snap_start" {
  module {
    source = "./modules/handler"
  }

  variables {
    snap_start = true
  }

  assert {
    condition     = module.function.function.snap_start[0].apply_on == "PublishedVersions"
    error_message = "Published versions start from a snapshot."
  }
}

run "snap_start_with_an_old_runtime_is_refused" {
  command = plan

  module {
    source = "./modules/handler"
  }

  variables {
    snap_start = true
    runtime    = "python3.11"
  }

  expect_failures = [var.snap_start]
}
