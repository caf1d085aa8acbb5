output "endpoint_id" {
  description = "Id of the endpoint."
  value       = module.client_vpn.endpoint_ids["staff"]
}

output "function_name" {
  description = "Name of the function."
  value       = module.client_vpn.function_name
}

output "function_version" {
  description = "Version of the function that the endpoint calls."
  value       = module.client_vpn.function_version
}

output "alias_arns" {
  description = "ARNs of the function's aliases."
  value       = module.client_vpn.alias_arns
}

output "log_group_name" {
  description = "Log group that holds the decision log."
  value       = module.client_vpn.log_group_name
}

output "policy_digest" {
  description = "SHA-256 of the policy document."
  value       = module.client_vpn.policy_digest
}
