output "lambda_function_arn" {
  description = "ARN of the function's alias `live`: the `lambda_function_arn` of an endpoint made elsewhere."
  value       = module.handler.lambda_function_arn
}

output "alias_arns" {
  description = "ARNs of the function's aliases: `live` and one per key of `endpoints`."
  value       = module.handler.alias_arns
}

output "function_name" {
  description = "Name of the function."
  value       = module.handler.function_name
}

output "function_arn" {
  description = "ARN of the function without a qualifier. Endpoints take the ARN of an alias instead."
  value       = module.handler.function_arn
}

output "function_version" {
  description = "Newest version of the function, which every alias serves that is not pinned."
  value       = module.handler.version
}

output "alias_versions" {
  description = "Versions of the function that the aliases serve, by alias."
  value       = module.handler.alias_versions
}

output "role_name" {
  description = "Name of the function's execution role."
  value       = module.handler.role_name
}

output "role_arn" {
  description = "ARN of the function's execution role."
  value       = module.handler.role_arn
}

output "log_group_name" {
  description = "Name of the function's log group, which holds the decision log."
  value       = module.handler.log_group_name
}

output "connection_log_group_names" {
  description = "Names of the connection logs' groups, by endpoint key; `null` where the log is off."
  value       = { for key, endpoint in module.endpoint : key => endpoint.connection_log_group_name }
}

output "endpoint_ids" {
  description = "Ids of the endpoints, by key."
  value       = { for key, endpoint in module.endpoint : key => endpoint.id }
}

output "endpoint_arns" {
  description = "ARNs of the endpoints, by key."
  value       = { for key, endpoint in module.endpoint : key => endpoint.arn }
}

output "endpoint_dns_names" {
  description = "DNS names of the endpoints, by key. Clients resolve them with a label of their own before them."
  value       = { for key, endpoint in module.endpoint : key => endpoint.dns_name }
}

output "self_service_portal_urls" {
  description = "Addresses of the self-service portals, by endpoint key; `null` where the portal is off."
  value       = { for key, endpoint in module.endpoint : key => endpoint.self_service_portal_url }
}

output "policy_digest" {
  description = "SHA-256 of the policy document, hexadecimal. The decision log names it with each decision."
  value       = module.policy.digest

  # Such a condition would be unknown for everybody: a deny rule would deny all, an allow rule allow nobody.
  precondition {
    condition = var.device_inventory != null || !module.policy.uses.device
    error_message = join(" ", [
      "The policy has a device condition, and device_inventory is null, so that there is nothing to look devices up",
      "in. Write device_inventory = {} for a table that this module makes, or name one of your own in",
      "device_inventory.table; or remove the condition.",
    ])
  }

  precondition {
    condition = var.session_limits != null || !module.policy.uses.sessions
    error_message = join(" ", [
      "The policy has a sessions condition, and session_limits is null, so that nobody counts connections. Write",
      "session_limits = {}, or remove the condition.",
    ])
  }
}

output "policy_size" {
  description = "Bytes that the policy takes of the 4 KB of the function's environment."
  value       = module.policy.size
}

output "device_inventory_table_name" {
  description = "Name of the table of devices, or `null` where `device_inventory` is."
  value       = try(local.device_table.table_name, null)
}

output "connections_table_name" {
  description = <<-EOT
    Name of the table of active connections, or `null` where neither `session_limits` nor `reauthorization` is set.
  EOT
  value       = try(local.connections.table_name, null)
}

output "reauthorization_function_name" {
  description = "Name of the function that re-authorizes active connections, or `null` where `reauthorization` is."
  value       = try(module.reauthorization[0].function_name, null)
}

output "alarm_arns" {
  description = <<-EOT
    ARNs of the alarms, by alarm, followed by a slash and the endpoint's key or the alias where there is one for
    each.
  EOT
  value       = try(module.monitoring[0].alarm_arns, {})
}

output "dashboard_name" {
  description = "Name of the dashboard, or `null` where there is none."
  value       = try(module.monitoring[0].dashboard_name, null)
}
