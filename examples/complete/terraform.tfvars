rules = [
  {
    name    = "leavers"
    effect  = "deny"
    when    = { username = ["alex@example.com", "robin@example.com"] }
    message = "This account has been closed."
  },
  {
    name   = "outdated-windows"
    effect = "deny"
    when   = { platform = ["win"], platform_version = "< 10.0.19045" }
    # A partner's device is not ours to update.
    unless  = { endpoint = ["partners"] }
    message = "Update Windows to 22H2 or newer, then connect again. ({connection_id})"
  },
  {
    name    = "quarantine"
    effect  = "deny"
    when    = { posture = ["quarantined"] }
    message = "This device is in quarantine. Call the service desk and quote {connection_id}."
  },
  {
    name   = "staff"
    effect = "allow"
    when   = { endpoint = ["staff", "domain"], groups = ["engineering", "ops-*", "sales"] }
  },
  {
    name   = "administrators"
    effect = "allow"
    when   = { all_groups = ["domain admins", "vpn"] }
  },
  {
    name   = "partners-in-office-hours"
    effect = "allow"
    when = {
      endpoint    = ["partners"]
      common_name = ["*.partner.example.com"]
      public_ip   = ["198.51.100.0/24", "2001:db8::/32"]
      time        = { days = ["mon", "tue", "wed", "thu", "fri"], start = "07:00", end = "20:00", timezone = "Europe/Berlin" }
    }
  },
  {
    name   = "current-client-only"
    effect = "deny"
    when   = { aws_client_version = "< 5.3" }
    # Recorded until the last old client is gone.
    shadow = true
  },
]

posture_rules = [
  { status = "compliant", when = { platform = ["win"], platform_version = ">= 10.0.19045" } },
  { status = "compliant", when = { platform = ["mac"], client_openvpn_version = ">= 2.6" } },
  { status = "quarantined", when = { common_name = ["laptop-0042.example.com"] } },
]

default_posture_status = "unknown"
default_deny_message   = "Access denied ({rule}). Contact IT and quote {connection_id}."

# A version that does not pass these serves nobody.
policy_tests = [
  {
    name     = "staff connect"
    endpoint = "staff"
    request  = { username = "sam@example.com", groups = ["sales"], platform = "mac" }
    expect   = { effect = "allow", rule = "staff" }
  },
  {
    name     = "leavers do not, whatever their groups"
    endpoint = "staff"
    request  = { username = "alex@example.com", groups = ["engineering"], platform = "mac" }
    expect   = { effect = "deny", rule = "leavers" }
  },
  {
    name     = "partners connect at noon in Berlin"
    endpoint = "partners"
    at       = "2026-11-24T12:00:00+01:00"
    request  = { common-name = "laptop-1.partner.example.com", public-ip = "198.51.100.7" }
    expect   = { effect = "allow" }
  },
  {
    name     = "partners do not at night"
    endpoint = "partners"
    at       = "2026-11-24T23:00:00+01:00"
    request  = { common-name = "laptop-1.partner.example.com", public-ip = "198.51.100.7" }
    expect   = { effect = "deny", reason = "implicit-deny" }
  },
  {
    name     = "a laptop in quarantine is told whom to call"
    endpoint = "staff"
    request  = { username = "sam@example.com", groups = ["sales"], common-name = "laptop-0042.example.com" }
    expect   = { effect = "deny", rule = "quarantine", posture = ["quarantined"] }
  },
]

# Rolling back is one line: alias_versions = { staff = { version = "14" } }

availability_zones = ["eu-central-1a", "eu-central-1b"]

tags = { project = "client-vpn" }
