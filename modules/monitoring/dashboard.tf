data "aws_region" "current" {
  count = var.dashboard ? 1 : 0
}

locals {
  region = one(data.aws_region.current[*].id)

  # A widget shows no more than 100: first those of the function, then those of the endpoints, in the order of their
  # names.
  alarm_arns = concat(
    values(aws_cloudwatch_metric_alarm.rate)[*].arn,
    [for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.arn if !strcontains(key, "/")],
    [for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.arn if strcontains(key, "/")],
  )

  # Two columns of graphs, each 12 wide and 6 high.
  widgets = concat(
    [
      {
        title = "Decisions"
        metrics = [
          for reason in values(local.reasons) : [
            local.decision_namespace, local.decision_metrics.decisions,
            local.fields.function_name, var.function_name,
            local.fields.effect, reason == local.reasons.allow_rule ? "allow" : "deny",
            local.fields.reason, reason,
            { label = reason },
          ]
        ]
        stat = "Sum", stacked = true
      },
      {
        title = "Shadow: decisions that were not the answer, or would be another"
        metrics = [
          [
            local.decision_namespace, local.decision_metrics.shadow_mode, local.fields.function_name, var.function_name,
            { label = "made in shadow mode" },
          ],
          [
            local.decision_namespace, local.decision_metrics.shadow_rules, local.fields.function_name,
            var.function_name, { label = "other with shadow rules" },
          ],
        ]
        stat = "Sum", stacked = false
      },
      {
        title = "Connections that failed at the handler"
        metrics = flatten([
          for key, endpoint in var.existing_endpoints : [
            for name, alarm in local.endpoint_alarms : {
              row = [
                "AWS/ClientVPN", alarm.metric, "Endpoint", endpoint.id,
                { label = "${key}: ${trimprefix(name, "handler_")}" },
              ]
            } if startswith(name, "handler_")
          ]
        ])[*].row
        stat = "Sum", stacked = true
      },
      {
        title = "Active connections"
        metrics = [
          for key, endpoint in var.existing_endpoints :
          ["AWS/ClientVPN", "ActiveConnectionsCount", "Endpoint", endpoint.id, { label = key }]
        ]
        stat = "Maximum", stacked = true
      },
      {
        title = "Latency of the function, ms"
        metrics = flatten([
          for alias in sort(local.aliases) : [
            for stat in ["p50", "p99", "Maximum"] : {
              row = [
                "AWS/Lambda", "Duration", "FunctionName", var.function_name, "Resource",
                "${var.function_name}:${alias}", { label = "${alias} ${stat}", stat = stat },
              ]
            }
          ]
        ])[*].row
        stat = "p50", stacked = false
      },
      {
        title = "Invocations"
        metrics = concat(
          flatten([
            for alias in sort(local.aliases) : [
              for metric in ["Errors", "Throttles"] : {
                row = [
                  "AWS/Lambda", metric, "FunctionName", var.function_name, "Resource", "${var.function_name}:${alias}",
                  { label = "${alias} ${lower(metric)}" },
                ]
              }
            ]
          ])[*].row,
          [
            [
              "AWS/Lambda", "ConcurrentExecutions", "FunctionName", var.function_name,
              { label = "concurrent", stat = "Maximum" },
            ],
          ],
          [
            for metric in ["ProvisionedConcurrencySpilloverInvocations"] :
            ["AWS/Lambda", metric, "FunctionName", var.function_name, { label = "spilled over" }]
            if var.has_provisioned_concurrency
          ],
        )
        stat = "Sum", stacked = false
      },
    ],
    [
      for metrics in [[
        for name, alarm in local.evidence_alarms : [
          local.decision_namespace, alarm.metric, local.fields.function_name, var.function_name,
          { label = replace(name, "_", " ") },
        ] if alarm.on
        ]] : {
        title = "Evidence that could not be fetched or kept", metrics = metrics, stat = "Sum", stacked = true
      } if length(metrics) > 0
    ],
    [
      for function in var.reauthorization_function[*] : {
        title = "Re-authorization"
        metrics = [
          for name, metric in local.reauthorization_metrics :
          [local.decision_namespace, metric, local.fields.function_name, function.function_name, { label = name }]
        ]
        stat = "Maximum", stacked = false
      }
    ],
    [
      for title, name in { "Rules that deny most" = "denials by rule", "Posture" = "posture" } : {
        title                                     = title
        query = format(
          "%s | %s",
          join(" | ", [for group in local.queries[name].log_group_names : "SOURCE '${group}'"]),
          local.queries[name].query,
        )
      }
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.function_name
  dashboard_body = jsonencode({
    widgets = concat(
      [
        {
          type       = "alarm", x = 0, y = 0, width = 24, height = 3
          properties = { title = "Alarms", alarms = slice(local.alarm_arns, 0, min(100, length(local.alarm_arns))) }
        },
      ],
      [
        for index, widget in local.widgets : {
          type = "metric", x = 12 * (index % 2), y = 3 + 6 * floor(index / 2), width = 12, height = 6
          properties = {
            title = widget.title, region = local.region, view = "timeSeries", period = 300
            stat  = widget.stat, stacked = widget.stacked, metrics = widget.metrics
          }
        } if try(length(widget.metrics) > 0, false)
      ],
      [
        for index, widget in local.widgets : {
          type       = "log", x = 12 * (index % 2), y = 3 + 6 * floor(index / 2), width = 12, height = 6
          properties = { title = widget.title, region = local.region, view = "table", query = widget.query }
        } if can(widget.query)
      ],
    )
  })
}
