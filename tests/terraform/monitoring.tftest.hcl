# Which alarms there are, and what they look at; tests/e2e/test_monitoring.py sets them off.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  function_name  = "AWSClientVPN-corp"
  log_group_name = "/aws/lambda/AWSClientVPN-corp"
  existing_endpoints = {
    staff = {
      id                        = "cvpn-endpoint-0123456789abcdef0"
      alias                     = "staff"
      mutual                    = true
      connection_log_group_name = "/aws/clientvpn/corp-staff"
    }
  }
}

run "everything_is_on_by_default" {
  module {
    source = "./modules/monitoring"
  }

  assert {
    condition = keys(output.alarm_arns) == [
      "crl_expiry/staff", "denial_rate", "duration/staff", "errors/staff", "handler_denied_connections/staff",
      "handler_failed_service_errors/staff", "handler_invalid_responses/staff", "handler_other_execution_errors/staff",
      "handler_throttling_errors/staff", "handler_timeouts/staff", "internal_errors", "invalid_requests",
      "policy_errors", "shadow_mode", "throttles/staff",
    ]
    error_message = join(" ", [
      "An endpoint with certificates alone has no identity provider, and without provisioned concurrency nothing",
      "spills over.",
    ])
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["duration/staff"].threshold == 5000 &&
      aws_cloudwatch_metric_alarm.this["duration/staff"].dimensions == tomap({
        FunctionName = "AWSClientVPN-corp"
        Resource     = "AWSClientVPN-corp:staff"
      })
    )
    error_message = "Half of the timeout, and of the alias: the deploy gate's runs are not connections."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["crl_expiry/staff"].threshold == 14 &&
      aws_cloudwatch_metric_alarm.this["crl_expiry/staff"].comparison_operator == "LessThanThreshold"
    )
    error_message = "A list that expires sets the alarm off when few days are left."
  }
  assert {
    condition = (
      [
        for query in aws_cloudwatch_metric_alarm.rate["denial_rate"].metric_query : query.expression
        if coalesce(query.return_data, false)
      ] ==
      ["IF(allowed + explicit + implicit >= 20, 100 * (explicit + implicit) / (allowed + explicit + implicit), 0)"]
    )
    error_message = "The rate counts denials of both kinds."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["errors/staff"].alarm_name == "AWSClientVPN-corp-errors-staff"
    error_message = "An alarm's name says whose it is, what it is, and of what."
  }
  assert {
    condition     = output.dashboard_name == "AWSClientVPN-corp" && length(output.query_names) == 7
    error_message = "There are a dashboard and saved queries."
  }
  assert {
    condition = aws_cloudwatch_query_definition.this["connections and their decisions"].log_group_names == tolist([
      "/aws/lambda/AWSClientVPN-corp", "/aws/clientvpn/corp-staff",
    ])
    error_message = "The join reads both logs."
  }
}

run "each_alarm_can_be_tuned" {
  module {
    source = "./modules/monitoring"
  }

  variables {
    timeout                     = 30
    has_provisioned_concurrency = true
    alarm_actions               = ["arn:aws:sns:eu-central-1:123456789012:all"]
    ok_actions                  = ["arn:aws:sns:eu-central-1:123456789012:ok"]
    alarms = {
      errors = {
        threshold           = 3
        period              = 60
        evaluation_periods  = 5
        datapoints_to_alarm = 2
        alarm_actions       = ["arn:aws:sns:eu-central-1:123456789012:own"]
      }
      denial_rate = { threshold = 80, minimum_decisions = 100 }
      crl_expiry  = { enabled = false }
    }
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["errors/staff"].threshold == 3 &&
      aws_cloudwatch_metric_alarm.this["errors/staff"].period == 60 &&
      aws_cloudwatch_metric_alarm.this["errors/staff"].evaluation_periods == 5 &&
      aws_cloudwatch_metric_alarm.this["errors/staff"].datapoints_to_alarm == 2 &&
      aws_cloudwatch_metric_alarm.this["errors/staff"].alarm_actions == toset([
        "arn:aws:sns:eu-central-1:123456789012:own",
      ]) &&
      aws_cloudwatch_metric_alarm.this["errors/staff"].ok_actions == toset(["arn:aws:sns:eu-central-1:123456789012:ok"])
    )
    error_message = "What is given is taken, and what is not is as for all."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.rate["denial_rate"].threshold == 80 &&
      strcontains(
        one([
          for query in aws_cloudwatch_metric_alarm.rate["denial_rate"].metric_query : query.expression
          if query.id == "rate"
        ]),
        ">= 100",
      )
    )
    error_message = "A rate of few decisions is none."
  }
  assert {
    condition = (
      !contains(keys(output.alarm_arns), "crl_expiry/staff") &&
      contains(keys(output.alarm_arns), "provisioned_concurrency_spillover")
    )
    error_message = "What is switched off is not created."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["duration/staff"].threshold == 15000
    error_message = "Half of the 30 seconds that Client VPN waits."
  }
}

run "a_dashboard_of_many_endpoints_is_one_that_cloudwatch_takes" {
  module {
    source = "./modules/monitoring"
  }

  variables {
    existing_endpoints = {
      for number in range(15) : "endpoint-${number}" => { id = "cvpn-endpoint-${number}", alias = "endpoint-${number}" }
    }
  }

  assert {
    condition = (
      length(output.alarm_arns) == 15 * 9 + 5 &&
      length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[0].properties.alarms) == 100
    )
    error_message = "An alarm widget shows 100 alarms."
  }
}

run "evidence_and_reauthorization_are_watched_where_they_are_on" {
  module {
    source = "./modules/monitoring"
  }

  variables {
    has_device_inventory = true
    has_session_limits   = true
    has_connections      = true
    reauthorization_function = {
      function_name  = "ClientVPNReauthorization-corp"
      log_group_name = "/aws/lambda/ClientVPNReauthorization-corp"
      schedule       = "rate(5 minutes)"
    }
    alarms = { reauthorization_unrecorded = { threshold = 20 } }
  }

  assert {
    condition = {
      for name in ["device_evidence_failures", "session_evidence_failures", "connection_record_failures"] :
      name => [
        aws_cloudwatch_metric_alarm.this[name].metric_name,
        one(values(aws_cloudwatch_metric_alarm.this[name].dimensions)),
        aws_cloudwatch_metric_alarm.this[name].treat_missing_data,
      ]
      } == {
      device_evidence_failures   = ["DeviceEvidenceFailures", "AWSClientVPN-corp", "notBreaching"]
      session_evidence_failures  = ["SessionEvidenceFailures", "AWSClientVPN-corp", "notBreaching"]
      connection_record_failures = ["ConnectionRecordFailures", "AWSClientVPN-corp", "notBreaching"]
    }
    error_message = "The handler counts them under its own name."
  }
  assert {
    condition = {
      for name in ["errors", "braked", "failures", "unrecorded"] : name => join(" ", [
        aws_cloudwatch_metric_alarm.this["reauthorization_${name}"].namespace,
        aws_cloudwatch_metric_alarm.this["reauthorization_${name}"].metric_name,
        one(values(aws_cloudwatch_metric_alarm.this["reauthorization_${name}"].dimensions)),
        aws_cloudwatch_metric_alarm.this["reauthorization_${name}"].threshold,
      ])
      } == {
      errors     = "AWS/Lambda Errors ClientVPNReauthorization-corp 1"
      braked     = "ClientVPNConnectHandler ReauthorizationBraked ClientVPNReauthorization-corp 1"
      failures   = "ClientVPNConnectHandler ReauthorizationFailures ClientVPNReauthorization-corp 1"
      unrecorded = "ClientVPNConnectHandler ReauthorizationUnrecorded ClientVPNReauthorization-corp 20"
    }
    error_message = "Re-authorization counts under its own function's name."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].treat_missing_data == "breaching" &&
      aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].comparison_operator == "LessThanThreshold" &&
      aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].statistic == "SampleCount" &&
      aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].period == 900
    )
    error_message = "A run that is missing leaves no value."
  }
  assert {
    condition = (
      contains(
        [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.title],
        "Re-authorization",
      ) &&
      contains(
        [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.title],
        "Evidence that could not be fetched or kept",
      )
    )
    error_message = "The dashboard shows both."
  }
  assert {
    condition = (
      aws_cloudwatch_query_definition.this["denials by re-authorization"].log_group_names == tolist([
        "/aws/lambda/ClientVPNReauthorization-corp",
      ]) &&
      length(output.query_names) == 8
    )
    error_message = "Whom a run denied stands in its own function's log."
  }
}

run "a_run_is_missed_by_its_schedule" {
  module {
    source = "./modules/monitoring"
  }

  variables {
    reauthorization_function = {
      function_name  = "ClientVPNReauthorization-corp"
      log_group_name = "/aws/lambda/ClientVPNReauthorization-corp"
      schedule       = "rate(2 hours)"
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].period == 21600
    error_message = "Three runs may be missed, not one."
  }
}

run "a_run_is_missed_by_a_cron_expression_within_a_day" {
  module {
    source = "./modules/monitoring"
  }

  variables {
    reauthorization_function = {
      function_name  = "ClientVPNReauthorization-corp"
      log_group_name = "/aws/lambda/ClientVPNReauthorization-corp"
      schedule       = "cron(0/5 * * * ? *)"
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["reauthorization_not_run"].period == 86400
    error_message = "Nobody can tell from the expression how long it pauses."
  }
}

run "an_alarm_that_is_none_is_refused" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    alarms = { error = {} }
  }

  expect_failures = [var.alarms]
}

run "a_period_that_cloudwatch_does_not_take_is_refused" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    alarms = { errors = { period = 90 } }
  }

  expect_failures = [var.alarms]
}

run "more_bad_periods_than_periods_are_refused" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    alarms = { errors = { datapoints_to_alarm = 2 } }
  }

  expect_failures = [var.alarms]
}

run "a_minimum_of_decisions_for_what_is_no_rate_is_refused" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    alarms = { errors = { minimum_decisions = 2 } }
  }

  expect_failures = [var.alarms]
}

run "an_action_that_is_no_arn_is_refused" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    alarm_actions = ["ops@example.com"]
  }

  expect_failures = [var.alarm_actions]
}
