output "alarm_arns" {
  description = <<-EOT
    ARNs of the alarms, by alarm, followed by a slash and the endpoint's key or the alias where there is one for
    each.
  EOT
  value = {
    for key, alarm in merge(aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.rate) : key => alarm.arn
  }
}

output "dashboard_name" {
  description = "Name of the dashboard, or `null` where there is none."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "query_names" {
  description = "Names of the saved queries."
  value       = values(aws_cloudwatch_query_definition.this)[*].name
}
