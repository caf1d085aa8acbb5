resource "aws_ec2_client_vpn_network_association" "this" {
  for_each = var.associations

  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.this.id
  subnet_id              = each.value
}

resource "aws_ec2_client_vpn_authorization_rule" "this" {
  for_each = var.authorization_rules

  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.this.id
  target_network_cidr    = each.value.target_network_cidr
  access_group_id        = each.value.access_group_id
  authorize_all_groups   = each.value.authorize_all_groups ? true : null
  description            = each.value.description

  # A rule that is made while an association is pending can fail to become active.
  depends_on = [aws_ec2_client_vpn_network_association.this]
}

resource "aws_ec2_client_vpn_route" "this" {
  for_each = var.routes

  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.this.id
  destination_cidr_block = each.value.destination_cidr_block
  # Through the association, because a route can be made only once its subnet is associated.
  target_vpc_subnet_id = aws_ec2_client_vpn_network_association.this[each.value.association].subnet_id
  description          = each.value.description
}
