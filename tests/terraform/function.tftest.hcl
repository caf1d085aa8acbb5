# The checks that the handler and re-authorization share. What they make of modules/function, their own tests show.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  function_name    = "AWSClientVPN-corp"
  description      = "Decides."
  handler          = "connect_handler.handler.handler"
  environment      = { POLICY = "{}" }
  timeout          = 10
  runtime          = "python3.13"
  architecture     = "arm64"
  memory_size      = 256
  default_bundle   = "modules/handler/connect_handler.zip"
  log_group        = { retention_in_days = 365 }
  role_policy_name = "handler"
  statements       = []
}

run "a_description_of_257_characters_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    description = format("%257s", "x")
  }

  expect_failures = [var.description]
}

run "a_runtime_that_is_not_tested_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    runtime = "python3.10"
  }

  expect_failures = [var.runtime]
}

run "an_unknown_architecture_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    architecture = "amd64"
  }

  expect_failures = [var.architecture]
}

run "too_little_memory_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    memory_size = 127
  }

  expect_failures = [var.memory_size]
}

run "too_much_memory_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    memory_size = 10241
  }

  expect_failures = [var.memory_size]
}

run "negative_reserved_concurrency_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    reserved_concurrent_executions = -2
  }

  expect_failures = [var.reserved_concurrent_executions]
}

run "a_bundle_from_nowhere_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    bundle = {}
  }

  expect_failures = [var.bundle]
}

run "a_bundle_from_two_places_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    bundle = {
      local_path = "modules/handler/versions.tf"
      s3         = { bucket = "bundles", key = "handler.zip", version = "v1" }
    }
  }

  expect_failures = [var.bundle]
}

run "a_bundle_file_that_does_not_exist_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    bundle = { local_path = "no/such.zip" }
  }

  expect_failures = [var.bundle]
}

run "a_bundle_in_s3_that_could_change_unnoticed_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    bundle = { s3 = { bucket = "bundles", key = "handler.zip" } }
  }

  expect_failures = [var.bundle]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    log_group = { retention_in_days = 100 }
  }

  expect_failures = [var.log_group]
}

run "a_role_name_with_a_space_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    role = { name = "vpn handler" }
  }

  expect_failures = [var.role]
}

run "a_role_path_without_its_slash_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    role = { path = "/network" }
  }

  expect_failures = [var.role]
}

run "the_alias_of_a_kms_key_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/environment"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_vpc_without_subnets_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "a_vpc_without_security_groups_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }

  expect_failures = [var.vpc]
}

run "an_unknown_tracing_mode_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    tracing_mode = "active"
  }

  expect_failures = [var.tracing_mode]
}

run "a_code_signing_profile_in_place_of_a_configuration_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    code_signing_config_arn = "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/vpn"
  }

  expect_failures = [var.code_signing_config_arn]
}
