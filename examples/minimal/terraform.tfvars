rules = [
  {
    name    = "outdated-windows"
    effect  = "deny"
    when    = { platform = ["win"], platform_version = "< 10.0.19045" }
    message = "Update Windows to 22H2 or newer, then connect again. ({connection_id})"
  },
  { name = "staff", effect = "allow", when = { groups = ["engineering", "ops-*"] } },
  { name = "contractors-from-the-office", effect = "allow", when = { groups = ["contractors"], public_ip = ["198.51.100.0/24"] } },
]
posture_rules          = [{ status = "current-client", when = { aws_client_version = ">= 5.3" } }]
default_posture_status = "other-client"

# A version that does not pass these serves nobody.
policy_tests = [
  { name = "engineers connect", request = { groups = ["engineering"], platform = "mac" }, expect = { effect = "allow", rule = "staff" } },
  { name = "contractors do not from elsewhere", request = { groups = ["contractors"], public-ip = "203.0.113.5" }, expect = { effect = "deny" } },
  {
    name    = "an old Windows is told what to do"
    request = { groups = ["engineering"], platform = "win", platform-version = "10.0.17763" }
    expect  = { effect = "deny", rule = "outdated-windows" }
  },
]
