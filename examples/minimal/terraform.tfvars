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
