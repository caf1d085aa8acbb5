# The deploy gate. Runs share their state: where a run needs an answer of its own, the one before it has no gate.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  name    = "corp"
  policy  = "{\"rules\":[]}"
  aliases = ["staff", "partners"]
}

run "every_version_has_to_pass_the_gate" {
  module {
    source = "./modules/handler"
  }

  variables {
    policy_tests = [{ name = "staff", request = { groups = ["staff"] }, expect = { effect = "allow" } }]
  }

  assert {
    condition = (
      aws_lambda_invocation.gate[0].qualifier == "7" &&
      jsondecode(aws_lambda_invocation.gate[0].input) == {
        "policy-tests" = [{ name = "staff", request = { groups = ["staff"] }, expect = { effect = "allow" } }]
      }
    )
    error_message = "The gate asks the new version, with the cases as they are."
  }
}

run "without_cases_the_gate_still_asks" {
  module {
    source = "./modules/handler"
  }

  assert {
    condition     = aws_lambda_invocation.gate[0].input == "{\"policy-tests\":[]}"
    error_message = "A time zone or a bundle is found bad without a case."
  }
  assert {
    condition = (
      length(aws_appautoscaling_target.this) == 0 &&
      length(aws_appautoscaling_target.scheduled) == 0 &&
      length(aws_appautoscaling_policy.this) == 0 &&
      length(aws_appautoscaling_scheduled_action.this) == 0
    )
    error_message = "Nothing is scaled that nobody asked to scale."
  }
  assert {
    condition     = length(module.function.function.snap_start) == 0
    error_message = "SnapStart is off until somebody asks for it."
  }
}

run "the_gate_can_be_left_out" {
  module {
    source = "./modules/handler"
  }

  variables {
    deploy_gate = false
  }

  assert {
    condition     = length(aws_lambda_invocation.gate) == 0
    error_message = "A bundle of one's own may not know the gate."
  }
}

run "a_gate_that_found_something_stops_the_apply" {
  module {
    source = "./modules/handler"
  }

  override_resource {
    target = aws_lambda_invocation.gate
    values = { result = "{\"problems\":[\"staff: effect: expected \\\"allow\\\", came \\\"deny\\\"\"]}" }
  }

  expect_failures = [aws_lambda_invocation.gate]
}

run "a_stopped_function_is_not_asked" {
  module {
    source = "./modules/handler"
  }

  variables {
    reserved_concurrent_executions = 0
  }

  assert {
    condition     = length(aws_lambda_invocation.gate) == 0
    error_message = "Lambda would throttle the invocation, and stopping the function would fail."
  }
}

run "code_that_does_not_know_the_gate_stops_the_apply" {
  module {
    source = "./modules/handler"
  }

  override_resource {
    target = aws_lambda_invocation.gate
    values = { result = "{\"allow\":false}" }
  }

  expect_failures = [aws_lambda_invocation.gate]
}
