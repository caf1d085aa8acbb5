output "endpoint_ids" {
  description = "Ids of the endpoints, by key."
  value       = module.client_vpn.endpoint_ids
}

output "endpoint_dns_names" {
  description = "DNS names of the endpoints, by key."
  value       = module.client_vpn.endpoint_dns_names
}

output "self_service_portal_urls" {
  description = "Addresses of the self-service portals, by endpoint key."
  value       = module.client_vpn.self_service_portal_urls
}

output "alias_arns" {
  description = "ARNs of the function's aliases."
  value       = module.client_vpn.alias_arns
}

output "function_name" {
  description = "Name of the function."
  value       = module.client_vpn.function_name
}

output "function_version" {
  description = "Newest version of the function."
  value       = module.client_vpn.function_version
}

output "alias_versions" {
  description = "Versions of the function that the endpoints call, by key."
  value       = module.client_vpn.alias_versions
}

output "dashboard_name" {
  description = "Name of the dashboard in CloudWatch."
  value       = module.client_vpn.dashboard_name
}

output "policy_size" {
  description = "Bytes that the policy takes of the 4 KB of the function's environment."
  value       = module.client_vpn.policy_size
}
