output "endpoint_ids" {
  description = "Ids of the endpoints, by key."
  value       = module.client_vpn.endpoint_ids
}

output "endpoint_dns_names" {
  description = "DNS names of the endpoints, by key."
  value       = module.client_vpn.endpoint_dns_names
}

output "function_name" {
  description = "Name of the function."
  value       = module.client_vpn.function_name
}

output "device_inventory_table_name" {
  description = "Name of the table of devices."
  value       = module.client_vpn.device_inventory_table_name
}

output "connections_table_name" {
  description = "Name of the table of active connections."
  value       = module.client_vpn.connections_table_name
}

output "reauthorization_function_name" {
  description = "Name of the function that re-authorizes active connections."
  value       = module.client_vpn.reauthorization_function_name
}

output "policy_size" {
  description = "Bytes that the policy takes of the 4 KB of the function's environment."
  value       = module.client_vpn.policy_size
}
