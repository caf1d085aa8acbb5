# One endpoint for company devices: a certificate says which device it is, single sign-on says who uses it, and the
# table of devices says what is known about it.

module "client_vpn" {
  source = "../.."

  name                   = var.name
  rules                  = var.rules
  posture_rules          = var.posture_rules
  default_posture_status = var.default_posture_status
  default_deny_message   = var.default_deny_message
  shadow_mode            = var.shadow_mode
  policy_tests           = var.policy_tests
  tags                   = var.tags

  # `cvpn devices import` fills the table from what a device management exports.
  device_inventory = {}
  session_limits   = {}
  reauthorization  = { brake = var.brake }

  monitoring = { alarm_actions = [aws_sns_topic.alarms.arn] }

  endpoints = {
    staff = {
      description            = "Employees on company devices"
      server_certificate_arn = var.server_certificate_arn
      client_cidr_block      = "10.252.0.0/22"
      authentication = {
        mutual = { root_certificate_chain_arn = var.client_certificate_arn }
        saml   = { provider_arn = aws_iam_saml_provider.this.arn }
      }
    }
  }
}

# Your identity provider says who a user is: replace the file by its metadata.
resource "aws_iam_saml_provider" "this" {
  name                   = "client-vpn-${var.name}"
  saml_metadata_document = file("${path.module}/saml-metadata.xml")
}

# Whoever is on call subscribes to it: the brake has to be heard.
resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26: CloudWatch may not use AWS's own key for SNS; a key of one's own costs.
  name = "client-vpn-${var.name}-alarms"
  tags = var.tags
}
