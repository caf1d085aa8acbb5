# The alarms of the table in alarms.tf, for each endpoint, alias and function that they look at.

locals {
  # Each alarm once per thing that it looks at: by "name/key", or "name" for the function.
  instances = merge(
    merge([
      for key, endpoint in var.existing_endpoints : {
        for name, alarm in local.endpoint_alarms : "${name}/${key}" => merge(alarm, {
          name = name, of = key, namespace = "AWS/ClientVPN", dimensions = { Endpoint = endpoint.id }
        }) if(name != "crl_expiry" || endpoint.mutual) && (name != "idp_certificate_expiry" || endpoint.saml)
      }
    ]...),
    merge([
      for alias in local.aliases : {
        for name, alarm in local.alias_alarms : "${name}/${alias}" => merge(alarm, {
          name       = name, of = alias, namespace = "AWS/Lambda"
          dimensions = { FunctionName = var.function_name, Resource = "${var.function_name}:${alias}" }
        })
      }
    ]...),
    {
      for name, alarm in local.function_alarms : name => merge(alarm, { name = name, of = "" },
        name == "provisioned_concurrency_spillover" ? {
          namespace = "AWS/Lambda", dimensions = { FunctionName = var.function_name }
          } : {
          namespace = local.decision_namespace
          dimensions = merge(
            { (local.fields.function_name) = var.function_name },
            { for reason in try([alarm.reason], []) : local.fields.reason => reason },
            { for _ in try([alarm.reason], []) : local.fields.effect => "deny" },
          )
      }) if name != "provisioned_concurrency_spillover" || var.has_provisioned_concurrency
    },
    {
      for name, alarm in local.evidence_alarms : name => merge(alarm, {
        name       = name, of = "", namespace = local.decision_namespace
        dimensions = { (local.fields.function_name) = var.function_name }
      }) if alarm.on
    },
    merge([
      for function in var.reauthorization_function[*] : {
        for name, alarm in local.reauthorization_alarms : name => merge(alarm, { name = name, of = "" },
          alarm.metric == "Errors" ? {
            namespace = "AWS/Lambda", dimensions = { FunctionName = function.function_name }
            } : {
            namespace = local.decision_namespace, dimensions = { (local.fields.function_name) = function.function_name }
        })
      }
    ]...),
  )

  alarms = {
    for key, alarm in local.instances : key => {
      name        = alarm.name
      of          = alarm.of
      description = alarm.description
      namespace   = alarm.namespace
      metric      = alarm.metric
      dimensions  = alarm.dimensions
      statistic   = try(alarm.statistic, "Sum")
      comparison  = try(alarm.comparison, "GreaterThanOrEqualToThreshold")
      # No connection is no bad connection.
      missing            = try(alarm.missing, "notBreaching")
      threshold          = coalesce(try(var.alarms[alarm.name].threshold, null), try(alarm.threshold, 1))
      period             = coalesce(try(var.alarms[alarm.name].period, null), try(alarm.period, 300))
      evaluation_periods = coalesce(try(var.alarms[alarm.name].evaluation_periods, null), 1)
      datapoints_to_alarm = coalesce(
        try(var.alarms[alarm.name].datapoints_to_alarm, null),
        try(var.alarms[alarm.name].evaluation_periods, null),
        1,
      )
      minimum_decisions = coalesce(try(var.alarms[alarm.name].minimum_decisions, null), 20)
      alarm_actions     = try(coalesce(var.alarms[alarm.name].alarm_actions), var.alarm_actions)
      ok_actions        = try(coalesce(var.alarms[alarm.name].ok_actions), var.ok_actions)
    } if try(var.alarms[alarm.name].enabled, true)
  }

  # What a rate of denials is computed of.
  rate_terms = {
    allowed  = local.reasons.allow_rule
    explicit = local.reasons.explicit_deny
    implicit = local.reasons.implicit_deny
  }
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
  treat_missing_data  = each.value.missing
  alarm_actions       = each.value.alarm_actions
  ok_actions          = each.value.ok_actions
  tags                = var.tags
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
    id    = "rate"
    label = "Percent denied"
    expression = join(" ", [
      "IF(allowed + explicit + implicit >= ${each.value.minimum_decisions},",
      "100 * (explicit + implicit) / (allowed + explicit + implicit), 0)",
    ])
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
