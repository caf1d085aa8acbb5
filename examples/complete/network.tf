# The network that clients reach.

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11: An example has no traffic to record.
  #checkov:skip=CKV2_AWS_12: Nothing uses the default security group.
  cidr_block = "10.64.0.0/16"
  tags       = merge({ Name = var.name }, var.tags)
}

resource "aws_subnet" "this" {
  for_each = { a = 0, b = 1 }

  vpc_id            = aws_vpc.this.id
  availability_zone = var.availability_zones[each.value]
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, each.value)
  tags              = merge({ Name = "${var.name}-${each.key}" }, var.tags)
}

resource "aws_security_group" "clients" {
  #checkov:skip=CKV2_AWS_5: The endpoints use it.
  name        = "${var.name}-vpn-clients"
  description = "What VPN clients may reach"
  vpc_id      = aws_vpc.this.id

  egress {
    description = "Services in the VPC"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = [aws_vpc.this.cidr_block]
  }

  tags = var.tags
}
