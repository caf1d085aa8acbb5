# Three endpoints, which differ in how users prove who they are, before one function and one policy.

locals {
  # A directory takes half an hour to create and costs money while it is there: this endpoint is made only for one that
  # exists.
  domain_endpoint = { for id in var.directory_id[*] : "domain" => id }
}

module "client_vpn" {
  source = "../.."

  name                   = var.name
  rules                  = var.rules
  posture_rules          = var.posture_rules
  default_posture_status = var.default_posture_status
  default_deny_message   = var.default_deny_message
  shadow_mode            = var.shadow_mode
  policy_tests           = var.policy_tests
  alias_versions         = var.alias_versions
  tags                   = var.tags

  # Who connected from where is not for everybody who may read the log.
  log_redact         = ["username", "common_name", "public_ip"]
  log_redact_key     = var.log_redact_key
  log_sample_allowed = 0.5

  handler = {
    memory_size             = 512
    provisioned_concurrency = { staff = 1, partners = 1 }
    # On Monday morning everybody connects.
    provisioned_concurrency_scaling = {
      max                = 5
      target_utilization = 0.7
      schedules = {
        mornings = { schedule = "cron(30 6 ? * MON-FRI *)", timezone = "Europe/Berlin", min = 4 }
        days     = { schedule = "cron(0 10 ? * MON-FRI *)", timezone = "Europe/Berlin", min = 2 }
      }
    }
    log_group    = { retention_in_days = 731 }
    role         = { path = "/client-vpn/" }
    tracing_mode = "Active"
  }

  monitoring = {
    alarm_actions = [aws_sns_topic.alarms.arn]
    ok_actions    = [aws_sns_topic.alarms.arn]
    alarms = {
      handler_denied_connections = { threshold = 100 }
      denial_rate                = { threshold = 30, evaluation_periods = 3, datapoints_to_alarm = 2 }
      # The certificates are revoked by a rule of the policy, not by a list.
      crl_expiry = { enabled = false }
    }
  }

  endpoints = merge(
    {
      # Single sign-on on company devices: a certificate for the device, SAML for the user.
      staff = {
        description            = "Employees"
        server_certificate_arn = var.server_certificate_arn
        client_cidr_block      = "10.252.0.0/20"
        authentication = {
          mutual = { root_certificate_chain_arn = var.client_certificate_arn }
          saml = {
            provider_arn              = aws_iam_saml_provider.this["client"].arn
            self_service_provider_arn = aws_iam_saml_provider.this["self-service"].arn
          }
        }
        split_tunnel          = true
        dns_servers           = [cidrhost(aws_vpc.this.cidr_block, 2)]
        session_timeout_hours = 12
        login_banner          = "For employees only. Use is recorded."
        route_enforcement     = true
        self_service_portal   = true
        vpc_id                = aws_vpc.this.id
        security_group_ids    = [aws_security_group.clients.id]
        connection_log        = { log_stream_name = "staff", retention_in_days = 731 }
        associations          = { for zone, subnet in aws_subnet.this : zone => subnet.id }
        authorization_rules = {
          vpc = { target_network_cidr = aws_vpc.this.cidr_block, authorize_all_groups = true, description = "Services" }
          lab = { target_network_cidr = "10.99.0.0/16", access_group_id = "engineering", description = "Laboratory" }
        }
        routes = {
          lab = { destination_cidr_block = "10.99.0.0/16", association = "a", description = "Laboratory" }
        }
      }

      # Partners bring certificates only. A session is short, and nothing but the portal is reached while it lasts.
      partners = {
        description            = "Partners"
        server_certificate_arn = var.server_certificate_arn
        client_cidr_block      = "10.253.0.0/22"
        authentication         = { mutual = { root_certificate_chain_arn = var.client_certificate_arn } }
        transport_protocol     = "tcp"
        session_timeout_hours  = 8
        vpc_id                 = aws_vpc.this.id
        security_group_ids     = [aws_security_group.clients.id]
        associations           = { a = aws_subnet.this["a"].id }
        authorization_rules = {
          portal = { target_network_cidr = aws_subnet.this["a"].cidr_block, authorize_all_groups = true }
        }
        tags = { audience = "partners" }
      }
    },
    {
      for key, directory_id in local.domain_endpoint : key => {
        description            = "Users of the directory"
        server_certificate_arn = var.server_certificate_arn
        client_cidr_block      = "10.254.0.0/22"
        authentication         = { active_directory = { directory_id = directory_id } }
        vpn_port               = 1194
        connection_log = {
          existing = {
            log_group_name  = aws_cloudwatch_log_group.domain[key].name
            log_stream_name = aws_cloudwatch_log_stream.domain[key].name
          }
        }
      }
    },
  )
}

# Your identity provider says which groups a user is in: replace the files by its metadata, one for each of the two
# applications.
resource "aws_iam_saml_provider" "this" {
  for_each = toset(["client", "self-service"])

  name                   = "client-vpn-${var.name}-${each.key}"
  saml_metadata_document = file("${path.module}/saml-metadata-${each.key}.xml")
}

# A log group of one's own, with one stream in it.
resource "aws_cloudwatch_log_group" "domain" {
  #checkov:skip=CKV_AWS_158: An example needs no key of its own.
  for_each = local.domain_endpoint

  name              = "/network/${var.name}-domain"
  retention_in_days = 365
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "domain" {
  for_each = local.domain_endpoint

  name           = "connections"
  log_group_name = aws_cloudwatch_log_group.domain[each.key].name
}

# Whoever is on call subscribes to it.
resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26: CloudWatch may not use AWS's own key for SNS; a key of one's own costs.
  name = "client-vpn-${var.name}-alarms"
  tags = var.tags
}
