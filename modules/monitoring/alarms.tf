# What can go wrong, and who is to be told. One table: what an alarm looks at, when it goes off, what that means and what to do.

locals {
  # Looked at for each endpoint: https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/monitoring-cloudwatch.html
  endpoint_alarms = {
    handler_denied_connections = {
      metric      = "ClientConnectHandlerDeniedConnections", threshold = 50
      description = "Many connections were denied by the policy. Look at the dashboard for the rule: either clients have changed, or a change of policy denies those it should not. Roll back with alias_versions."
    }
    handler_timeouts = {
      metric      = "ClientConnectHandlerTimeouts"
      description = "The function did not answer within 30 seconds, and connections were denied. Look at the alarm duration and at the function's log; the handler alone takes milliseconds."
    }
    handler_other_execution_errors = {
      metric      = "ClientConnectHandlerOtherExecutionErrors"
      description = "The function failed, and connections were denied. Its log has the error. Roll back with alias_versions."
    }
    handler_throttling_errors = {
      metric      = "ClientConnectHandlerThrottlingErrors"
      description = "Lambda throttled the function, and connections were denied. Raise reserved_concurrent_executions or the account's concurrency; docs/sizing.md says to what."
    }
    handler_invalid_responses = {
      metric      = "ClientConnectHandlerInvalidResponses"
      description = "Client VPN did not understand the function's answer, and connections were denied. The module's own bundle answers nothing invalid: roll back the bundle."
    }
    handler_failed_service_errors = {
      metric      = "ClientConnectHandlerFailedServiceErrors"
      description = "Client VPN could not call the function, and connections were denied. Look at the AWS Health Dashboard, and whether AWSServiceRoleForClientVPNConnections exists."
    }
    crl_expiry = {
      metric      = "CrlDaysToExpiry", statistic = "Minimum", comparison = "LessThanThreshold", threshold = 14, period = 3600
      description = "The client certificate revocation list expires soon, and then nobody with a certificate connects. Publish a new one and import it into the endpoint."
    }
    idp_certificate_expiry = {
      metric      = "IdpCertDaysToExpiry", statistic = "Minimum", comparison = "LessThanThreshold", threshold = 30, period = 3600
      description = "The identity provider's signing certificate expires soon, and then nobody signs on. Take its new metadata into the IAM SAML provider."
    }
  }

  # Looked at for each alias that endpoints call: runs of the deploy gate are not among its invocations.
  # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  alias_alarms = {
    errors = {
      metric      = "Errors"
      description = "Invocations of the function failed, and connections were denied. Its log has the errors. Roll back with alias_versions."
    }
    throttles = {
      metric      = "Throttles"
      description = "Lambda throttled the function, and connections were denied. Raise reserved_concurrent_executions or the account's concurrency; docs/sizing.md says to what."
    }
    duration = {
      metric      = "Duration", statistic = "Maximum", threshold = 500 * min(var.timeout, 30)
      description = "The function took more than half of the time that it has: at ${min(var.timeout, 30)} seconds connections are denied. Look at the log's slowest decisions, at memory_size and at cold starts."
    }
  }

  # Looked at for the function: provisioned concurrency, and what the decision log counts.
  function_alarms = {
    provisioned_concurrency_spillover = {
      metric      = "ProvisionedConcurrencySpilloverInvocations"
      description = "More connections came at once than environments are provisioned, and some met a cold start. Raise provisioned_concurrency, or scale it; docs/sizing.md says to what."
    }
    policy_errors = {
      metric      = local.decision_metrics.decisions, reason = local.reasons.policy_error
      description = "The function has no valid policy, and denies everybody. The deploy gate would have stopped that: has the environment been changed by hand? Roll back with alias_versions."
    }
    internal_errors = {
      metric      = local.decision_metrics.decisions, reason = local.reasons.internal_error
      description = "The handler met an error of its own, and denied the connections. The decision log's problems say where: please report it. Roll back with alias_versions."
    }
    invalid_requests = {
      metric      = local.decision_metrics.decisions, reason = local.reasons.invalid_request
      description = "The function got events that are no connection requests, and denied them. Something other than Client VPN invokes it: see who may, in CloudTrail."
    }
    denial_rate = {
      metric      = "", threshold = 50
      description = "The policy denies a large share of all connections. Look at the dashboard for the rule: either clients have changed, or a change of policy denies those it should not. Roll back with alias_versions."
    }
    shadow_mode = {
      metric      = local.decision_metrics.shadow_mode, period = 3600
      description = "shadow_mode is on: everybody who authenticates is connected, whatever the policy says. Set it to false once the decision log shows what you expect."
    }
  }

  alarm_names = sort(concat(keys(local.endpoint_alarms), keys(local.alias_alarms), keys(local.function_alarms)))

  # Each alarm once per thing that it looks at: by "name/key", or "name" for the function.
  instances = merge(
    merge([
      for key, endpoint in var.endpoints : {
        for name, alarm in local.endpoint_alarms : "${name}/${key}" => merge(alarm, {
          name = name, of = key, namespace = "AWS/ClientVPN", dimensions = { Endpoint = endpoint.id }
        }) if(name != "crl_expiry" || endpoint.mutual) && (name != "idp_certificate_expiry" || endpoint.saml)
      }
    ]...),
    merge([
      for alias in var.aliases : {
        for name, alarm in local.alias_alarms : "${name}/${alias}" => merge(alarm, {
          name = name, of = alias, namespace = "AWS/Lambda", dimensions = { FunctionName = var.function_name, Resource = "${var.function_name}:${alias}" }
        })
      }
    ]...),
    {
      for name, alarm in local.function_alarms : name => merge(alarm, { name = name, of = "" },
        name == "provisioned_concurrency_spillover" ? {
          namespace = "AWS/Lambda", dimensions = { FunctionName = var.function_name }
          } : {
          namespace  = local.decision_namespace
          dimensions = merge({ (local.fields.function_name) = var.function_name }, { for reason in try([alarm.reason], []) : local.fields.reason => reason }, { for _ in try([alarm.reason], []) : local.fields.effect => "deny" })
      }) if name != "provisioned_concurrency_spillover" || var.provisioned_concurrency
    },
  )

  alarms = {
    for key, alarm in local.instances : key => {
      name                = alarm.name
      of                  = alarm.of
      description         = alarm.description
      namespace           = alarm.namespace
      metric              = alarm.metric
      dimensions          = alarm.dimensions
      statistic           = try(alarm.statistic, "Sum")
      comparison          = try(alarm.comparison, "GreaterThanOrEqualToThreshold")
      threshold           = coalesce(try(var.alarms[alarm.name].threshold, null), try(alarm.threshold, 1))
      period              = coalesce(try(var.alarms[alarm.name].period, null), try(alarm.period, 300))
      evaluation_periods  = coalesce(try(var.alarms[alarm.name].evaluation_periods, null), 1)
      datapoints_to_alarm = coalesce(try(var.alarms[alarm.name].datapoints_to_alarm, null), try(var.alarms[alarm.name].evaluation_periods, null), 1)
      minimum_decisions   = coalesce(try(var.alarms[alarm.name].minimum_decisions, null), 20)
      alarm_actions       = try(coalesce(var.alarms[alarm.name].alarm_actions), var.alarm_actions)
      ok_actions          = try(coalesce(var.alarms[alarm.name].ok_actions), var.ok_actions)
    } if try(var.alarms[alarm.name].enabled, true)
  }

  # What a rate of denials is computed of.
  rate_terms = { allowed = local.reasons.allow_rule, explicit = local.reasons.explicit_deny, implicit = local.reasons.implicit_deny }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for key, alarm in local.alarms : key => alarm if alarm.name != "denial_rate" }

  alarm_name          = join("-", compact([var.function_name, replace(each.value.name, "_", "-"), each.value.of]))
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  # No connection is no bad connection.
  treat_missing_data = "notBreaching"
  alarm_actions      = each.value.alarm_actions
  ok_actions         = each.value.ok_actions
  tags               = var.tags
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = { for key, alarm in local.alarms : key => alarm if alarm.name == "denial_rate" }

  alarm_name          = "${var.function_name}-denial-rate"
  alarm_description   = each.value.description
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  treat_missing_data  = "notBreaching"
  alarm_actions       = each.value.alarm_actions
  ok_actions          = each.value.ok_actions
  tags                = var.tags

  metric_query {
    id          = "rate"
    label       = "Percent denied"
    expression  = "IF(allowed + explicit + implicit >= ${each.value.minimum_decisions}, 100 * (explicit + implicit) / (allowed + explicit + implicit), 0)"
    return_data = true
  }

  # A reason that did not come up in a period has no value there.
  dynamic "metric_query" {
    for_each = local.rate_terms
    content {
      id         = metric_query.key
      expression = "FILL(${metric_query.key}_sum, 0)"
    }
  }

  dynamic "metric_query" {
    for_each = local.rate_terms
    content {
      id = "${metric_query.key}_sum"
      metric {
        namespace   = local.decision_namespace
        metric_name = local.decision_metrics.decisions
        stat        = "Sum"
        period      = each.value.period
        dimensions = {
          (local.fields.function_name) = var.function_name
          (local.fields.effect)        = metric_query.key == "allowed" ? "allow" : "deny"
          (local.fields.reason)        = metric_query.value
        }
      }
    }
  }
}
