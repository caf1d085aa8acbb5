# An endpoint that the configuration makes itself: it takes the alias of the function, and stands in existing_endpoints.

module "connect_handler" {
  source = "../../.."

  name  = "corp"
  rules = [{ name = "everybody", effect = "allow" }]

  existing_endpoints = {
    own = {
      id                        = aws_ec2_client_vpn_endpoint.own.id
      mutual                    = true
      connection_log_group_name = aws_cloudwatch_log_group.own.name
    }
  }
  session_limits  = {}
  reauthorization = {}
  monitoring      = {}
}

resource "aws_ec2_client_vpn_endpoint" "own" {
  server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/server"
  client_cidr_block      = "10.255.0.0/22"

  authentication_options {
    type                       = "certificate-authentication"
    root_certificate_chain_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/clients"
  }

  client_connect_options {
    enabled             = true
    lambda_function_arn = module.connect_handler.lambda_function_arn
  }

  connection_log_options {
    enabled               = true
    cloudwatch_log_group  = aws_cloudwatch_log_group.own.name
    cloudwatch_log_stream = aws_cloudwatch_log_stream.own.name
  }
}

resource "aws_cloudwatch_log_group" "own" {
  name              = "/aws/clientvpn/own"
  retention_in_days = 365
}

resource "aws_cloudwatch_log_stream" "own" {
  name           = "connections"
  log_group_name = aws_cloudwatch_log_group.own.name
}

output "reauthorization_function_name" {
  description = "Name of the function that re-authorizes the endpoint's connections."
  value       = module.connect_handler.reauthorization_function_name
}
