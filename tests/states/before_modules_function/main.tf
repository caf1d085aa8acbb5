# The configuration whose state is state.json, which the modules made before there was a modules/function.
# Everything is on but monitoring.

locals {
  client_cidr_blocks = {
    staff    = "10.251.0.0/22"
    partners = "10.252.0.0/22"
  }

  existing_endpoint_id   = "cvpn-endpoint-8dac18acbd6698a4b"
  server_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/6dbedc9f-1b16-4acc-9d57-ec26cac02390"
  client_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/10ec997e-f428-44f5-820f-3e4daa6f5eab"
}

module "vpn" {
  source = "../.."

  name = "upgrade"
  rules = [
    {
      name       = "one-per-user"
      effect     = "deny"
      end_oldest = true
      when       = { sessions = { by = "common_name", at_least = 1 } }
    },
    { name = "registered", effect = "allow", when = { device = { registered = true } } },
  ]
  policy_bucket = { name = "policies-upgrade" }
  endpoints = {
    for key, block in local.client_cidr_blocks : key => {
      server_certificate_arn = local.server_certificate_arn
      client_cidr_block      = block
      authentication         = { mutual = { root_certificate_chain_arn = local.client_certificate_arn } }
    }
  }
  handler          = { provisioned_concurrency = { staff = 1 }, tracing_mode = "Active" }
  device_inventory = {}
  session_limits   = {}
  reauthorization  = {}

  existing_endpoints = { old = { id = local.existing_endpoint_id } }
}
