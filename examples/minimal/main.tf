# One endpoint with single sign-on, and the function that decides who gets in. The policy stands in terraform.tfvars.

module "client_vpn" {
  source = "../.."

  name                   = var.name
  rules                  = var.rules
  posture_rules          = var.posture_rules
  default_posture_status = var.default_posture_status
  shadow_mode            = var.shadow_mode
  policy_tests           = var.policy_tests

  endpoints = {
    staff = {
      server_certificate_arn = var.server_certificate_arn
      client_cidr_block      = "10.255.0.0/22"
      authentication         = { saml = { provider_arn = aws_iam_saml_provider.this.arn } }
      split_tunnel           = true
    }
  }
}

# Your identity provider says which groups a user is in: replace the file by its metadata.
resource "aws_iam_saml_provider" "this" {
  name                   = "client-vpn-${var.name}"
  saml_metadata_document = file("${path.module}/saml-metadata.xml")
}
