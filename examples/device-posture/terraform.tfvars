rules = [
  {
    name    = "unregistered-device"
    effect  = "deny"
    when    = { device = { registered = false } }
    message = "This device is not registered. Ask the service desk to enrol it, and quote {connection_id}."
  },
  {
    name   = "borrowed-certificate"
    effect = "deny"
    when   = { device = { owner_is_user = false } }
    # A device that is nobody's in particular.
    unless  = { device = { attributes = { shared = ["yes"] } } }
    message = "This device belongs to another user than {username}. Connect with your own. ({connection_id})"
  },
  {
    name    = "quarantine"
    effect  = "deny"
    when    = { posture = ["quarantined"] }
    message = "This device is in quarantine. Call the service desk and quote {connection_id}."
  },
  {
    # The newest connection counts: who moves from the office to the train is not shut out by what was left behind.
    name       = "one-connection-per-user"
    effect     = "deny"
    when       = { sessions = { by = "username", at_least = 1 } }
    end_oldest = true
  },
  {
    name   = "compliant-devices"
    effect = "allow"
    when   = { device = { registered = true, status = ["compliant"], max_age_hours = 72 } }
  },
]

# The device's status becomes the posture compliance status, which stands in the connection log.
posture_rules = [
  { status = "compliant", when = { device = { status = ["compliant"], max_age_hours = 72 } } },
  { status = "quarantined", when = { device = { status = ["quarantined", "lost", "stolen"] } } },
  { status = "noncompliant", when = { device = { status = ["noncompliant"] } } },
]

default_posture_status = "unknown"
default_deny_message   = "This device does not meet the company's rules ({rule}). Call the service desk and quote {connection_id}."

# A version that does not pass these serves nobody. What is known about the device stands in the case: the table is not asked.
policy_tests = [
  {
    name     = "the owner of a compliant device connects"
    endpoint = "staff"
    at       = "2026-11-24T12:00:00Z"
    request  = { common-name = "laptop-0001", username = "sam@example.com" }
    evidence = { device = { status = "compliant", owner = "sam@example.com", updated_at = "2026-11-24T06:00:00Z" }, sessions = { username = 0 } }
    expect   = { effect = "allow", rule = "compliant-devices", posture = ["compliant"] }
  },
  {
    name     = "somebody else does not"
    endpoint = "staff"
    at       = "2026-11-24T12:00:00Z"
    request  = { common-name = "laptop-0001", username = "alex@example.com" }
    evidence = { device = { status = "compliant", owner = "sam@example.com", attributes = { shared = "no" }, updated_at = "2026-11-24T06:00:00Z" }, sessions = { username = 0 } }
    expect   = { effect = "deny", rule = "borrowed-certificate" }
  },
  {
    name     = "a device that nobody knows does not connect"
    endpoint = "staff"
    request  = { common-name = "laptop-9999", username = "sam@example.com" }
    evidence = { device = null, sessions = { username = 0 } }
    expect   = { effect = "deny", rule = "unregistered-device" }
  },
  {
    name     = "a device in quarantine is told whom to call"
    endpoint = "staff"
    at       = "2026-11-24T12:00:00Z"
    request  = { common-name = "laptop-0042", username = "sam@example.com" }
    evidence = { device = { status = "quarantined", owner = "sam@example.com", updated_at = "2026-11-24T06:00:00Z" }, sessions = { username = 0 } }
    expect   = { effect = "deny", rule = "quarantine", posture = ["quarantined"] }
  },
  {
    name     = "a device that has not been heard of for four days is not trusted"
    endpoint = "staff"
    at       = "2026-11-24T12:00:00Z"
    request  = { common-name = "laptop-0001", username = "sam@example.com" }
    evidence = { device = { status = "compliant", owner = "sam@example.com", updated_at = "2026-11-20T06:00:00Z" }, sessions = { username = 0 } }
    expect   = { effect = "deny", reason = "implicit-deny" }
  },
]

tags = { project = "client-vpn" }
