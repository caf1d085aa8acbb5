output "id" {
  description = "Id of the endpoint. Available once its associations, authorization rules and routes are."
  value       = aws_ec2_client_vpn_endpoint.this.id
  depends_on = [
    aws_ec2_client_vpn_network_association.this,
    aws_ec2_client_vpn_authorization_rule.this,
    aws_ec2_client_vpn_route.this,
  ]
}

output "arn" {
  description = "ARN of the endpoint."
  value       = aws_ec2_client_vpn_endpoint.this.arn
  depends_on = [
    aws_ec2_client_vpn_network_association.this,
    aws_ec2_client_vpn_authorization_rule.this,
    aws_ec2_client_vpn_route.this,
  ]
}

output "dns_name" {
  description = "DNS name of the endpoint. Clients resolve it with a label of their own before it."
  value       = aws_ec2_client_vpn_endpoint.this.dns_name
  depends_on = [
    aws_ec2_client_vpn_network_association.this,
    aws_ec2_client_vpn_authorization_rule.this,
    aws_ec2_client_vpn_route.this,
  ]
}

output "self_service_portal_url" {
  description = "Address of the self-service portal, or `null` where it is off."
  value       = var.self_service_portal ? aws_ec2_client_vpn_endpoint.this.self_service_portal_url : null
}

output "connection_log_group_name" {
  description = "Name of the connection log's group, or `null` where the log is off."
  value       = local.connection_log.group
}

output "association_ids" {
  description = "Ids of the associations, by their keys."
  value = {
    for key, association in aws_ec2_client_vpn_network_association.this : key => association.association_id
  }
}
