# What the plan refuses. The words in which it does are held by tests/unit/policy, over a longer table.

run "accepts_the_policy_with_rules_of_many_shapes" {
  command = plan
  module { source = "./modules/policy" }

  variables {
    rules = [
      {
        name    = "outdated-windows"
        effect  = "deny"
        when    = { platform = ["win"], platform_version = "< 10.0.19045" }
        message = "Update Windows to 22H2 or newer, then reconnect. ({connection_id})"
      },
      {
        name   = "staff"
        effect = "allow"
        when   = { groups = ["engineering", "ops-*"] }
        unless = { public_ip = ["198.51.100.0/24", "2001:db8::/32"] }
      },
      {
        name   = "contractors-in-office-hours"
        effect = "allow"
        when = {
          endpoint = ["partners"]
          groups   = ["contractors"]
          time = {
            days     = ["mon", "tue", "wed", "thu", "fri"]
            start    = "07:00"
            end      = "20:00"
            timezone = "Europe/Berlin"
          }
        }
      },
    ]
    posture_rules = [
      { status = "compliant", when = { platform = ["win"], platform_version = ">= 10.0.19045" } },
      { status = "quarantined", when = { platform = ["linux"] } },
    ]
    default_posture_status = "unknown"
    default_deny_message   = "Access denied ({rule}). Contact IT and quote {connection_id}."
  }

  assert {
    condition     = jsondecode(output.environment).rules[1].unless.public_ip == ["198.51.100.0/24", "2001:db8::/32"]
    error_message = "The rules have to arrive as they were written."
  }

  assert {
    condition     = output.digest == sha256(output.environment)
    error_message = "The digest has to be that of the document."
  }
}

run "refuses_an_unknown_key_of_a_rule" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", unles = { groups = ["x"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_condition" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { gruops = ["engineering"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_condition_in_unless" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", unless = { gruops = ["engineering"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_key_of_time" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { day = ["mon"] } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_key_of_a_posture_rule" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow" }]
    posture_rules = [{ status = "compliant", name = "x" }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_condition_of_a_posture_rule" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow" }]
    posture_rules = [{ status = "compliant", when = { plattform = ["win"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_effect_that_is_neither" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow" }, { name = "b", effect = "reject" }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_empty_name" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "", effect = "allow" }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_name_twice" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow" }, { name = "staff", effect = "deny" }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_bad_cidr_block" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { public_ip = ["10.0.0.0/33"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_cidr_block_with_bits_behind_its_prefix" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { public_ip = ["10.0.0.1/8"] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_bad_version_constraint" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { platform_version = "=> 10" } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_bad_clock_time" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { start = "7:00", end = "20:00" } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_start_without_end" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { start = "07:00" } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_bad_instant" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { not_after = "2026-12-24" } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_bad_day" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { days = ["monday"] } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_time_zone_without_the_shape_of_one" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { time = { days = ["mon"], timezone = "+02:00" } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_empty_list" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { groups = [] } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_null_condition" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { groups = null } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_message_on_a_rule_that_allows" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", message = "Welcome." }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_message_that_is_too_long" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow" },
      { name = "b", effect = "deny", message = join("", [for i in range(256) : "x"]) },
    ]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_placeholder" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow" }, { name = "b", effect = "deny", message = "{user}" }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_unknown_placeholder_of_the_default_message" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules                = [{ name = "staff", effect = "allow" }]
    default_deny_message = "{user}"
  }
  expect_failures = [output.environment]
}

run "refuses_a_default_message_that_is_too_long" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules                = [{ name = "staff", effect = "allow" }]
    default_deny_message = join("", [for i in range(256) : "x"])
  }
  expect_failures = [output.environment]
}

run "refuses_more_than_ten_statuses" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow" }]
    posture_rules = [for i in range(11) : { status = "status-${i}" }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_status_that_is_too_long" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow" }]
    posture_rules = [{ status = join("", [for i in range(256) : "x"]) }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_default_status_that_is_too_long" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules                  = [{ name = "staff", effect = "allow" }]
    default_posture_status = join("", [for i in range(256) : "x"])
  }
  expect_failures = [output.environment]
}

run "refuses_a_status_that_no_posture_rule_assigns" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow", when = { posture = ["complaint"] } }]
    posture_rules = [{ status = "compliant" }]
  }
  expect_failures = [output.environment]
}

run "refuses_rules_of_which_none_allows" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "everybody", effect = "deny" }]
  }
  expect_failures = [output.environment]
}

run "refuses_no_rules" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = []
  }
  expect_failures = [output.environment]
}

run "refuses_a_document_that_the_environment_does_not_hold" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { username = [for i in range(200) : sha256("${i}")] } }]
  }
  expect_failures = [output.environment]
}

run "other_variables_of_the_environment_leave_the_policy_less" {
  command = plan

  module {
    source = "./modules/policy"
  }

  variables {
    rules = [{
      name   = "staff"
      effect = "allow"
      when   = { username = [for number in range(100) : "user${number}"] }
    }]
    reserved_bytes = 3000
  }

  assert {
    condition     = !startswith(output.environment, "{") && output.size <= 1096
    error_message = "What does not fit beside the other variables is packed."
  }
}

run "a_policy_that_fits_only_without_the_other_variables_is_refused" {
  command = plan

  module {
    source = "./modules/policy"
  }

  variables {
    rules          = [{ name = "staff", effect = "allow" }]
    reserved_bytes = 4090
  }

  expect_failures = [output.environment]
}

run "refuses_an_unknown_key_of_device" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { device = { registerd = true } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_device_that_is_asked_for_nothing" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { device = {} } }]
  }
  expect_failures = [output.environment]
}

run "refuses_an_age_of_no_hours" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { device = { max_age_hours = 0 } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_a_status_of_a_device_that_is_not_registered" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow", when = { device = { registered = false, status = ["compliant"] } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_sessions_of_nobody" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow" },
      { name = "b", effect = "deny", when = { sessions = { at_least = 1 } } },
    ]
  }
  expect_failures = [output.environment]
}

run "refuses_sessions_in_a_posture_rule" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules         = [{ name = "staff", effect = "allow" }]
    posture_rules = [{ status = "crowded", when = { sessions = { by = "username", at_least = 1 } } }]
  }
  expect_failures = [output.environment]
}

run "refuses_to_end_connections_that_no_condition_counts" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow" },
      { name = "b", effect = "deny", end_oldest = true, when = { groups = ["x"] } },
    ]
  }
  expect_failures = [output.environment]
}

run "refuses_to_end_connections_by_a_rule_that_allows" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{
      name       = "staff"
      effect     = "allow"
      end_oldest = true
      when       = { sessions = { by = "username", at_least = 1 } }
    }]
  }
  expect_failures = [output.environment]
}

run "tells_that_conditions_look_at_the_device_and_at_other_connections" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow", unless = { device = { registered = false } } },
      {
        name       = "one-per-user"
        effect     = "deny"
        end_oldest = true
        when       = { sessions = { by = "username", at_least = 1 } }
      },
    ]
  }
  assert {
    condition     = output.uses.device && output.uses.sessions
    error_message = "Both conditions need what the handler has to be given."
  }
}

run "tells_that_posture_rules_look_at_the_device" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [{ name = "staff", effect = "allow" }]
    posture_rules = [{
      status = "compliant"
      when   = { device = { status = ["compliant"], attributes = { sessions = ["few"], device = ["laptop"] } } }
    }]
  }
  assert {
    condition     = output.uses.device && !output.uses.sessions
    error_message = "An attribute that is called sessions is no condition."
  }
}

run "names_and_patterns_are_no_conditions" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      {
        name   = "device"
        effect = "allow"
        when   = { groups = ["\"device\":{", "sessions"], username = ["x\"device\":{", ",\"sessions\":{"] }
      },
      { name = "{\"sessions\":{\"device\":{", effect = "deny", message = "sessions" },
    ]
  }
  assert {
    condition     = !output.uses.device && !output.uses.sessions
    error_message = "Only a condition makes the handler look anything up."
  }
}
