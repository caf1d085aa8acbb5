# Up to which size of a policy the plan checks everything.

variables {
  has_bucket = true
  allow      = { name = "staff", effect = "allow" }
  groups     = [for pair in setproduct(range(5), range(1000)) : "g${pair[0]}-${pair[1]}"]
}

run "of_500_rules_every_value_is_checked" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = concat([var.allow], [
      for number in range(498) :
      { name = "r${number}", effect = "deny", when = { groups = [""] } }
    ])
    posture_rules = [{ status = "compliant" }]
  }
  expect_failures = [output.environment]
}

run "of_500_rules_nothing_is_left_to_the_gate" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    deploy_gate = false
    rules = concat([var.allow], [
      for number in range(498) :
      { name = "r${number}", effect = "deny", when = { groups = ["g"] } }
    ])
    posture_rules = [{ status = "compliant" }]
  }
  assert {
    condition     = output.digest != ""
    error_message = "500 rules need no gate."
  }
}

run "of_501_rules_the_values_are_left_to_the_gate" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = concat([var.allow], [
      for number in range(499) :
      { name = "r${number}", effect = "deny", when = { groups = [""] } }
    ])
    posture_rules = [{ status = "compliant" }]
  }
  expect_failures = [check.large_policy]
}

run "of_501_rules_the_shape_is_checked" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = concat([var.allow], [
      for number in range(500) :
      { name = "r${number}", effect = "deny", when = number == 499 ? { gruops = ["x"] } : null }
    ])
  }
  expect_failures = [check.large_policy, output.environment]
}

run "of_501_rules_the_names_are_checked" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = concat([var.allow], [
      for number in range(500) :
      { name = "r${number % 499}", effect = "deny" }
    ])
  }
  expect_failures = [check.large_policy, output.environment]
}

run "of_501_rules_one_has_to_allow" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [for number in range(501) : { name = "r${number}", effect = "deny" }]
  }
  expect_failures = [check.large_policy, output.environment]
}

run "without_a_gate_501_rules_are_refused" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    deploy_gate = false
    rules = concat([var.allow], [
      for number in range(500) :
      { name = "r${number}", effect = "deny", when = { groups = ["g"] } }
    ])
  }
  expect_failures = [check.large_policy, output.environment]
}

# 4,990 groups, and ten values in all other places that have some.
run "of_5000_values_every_one_is_checked" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow", when = { groups = concat([""], slice(var.groups, 0, 4989)) } },
      { name = "b", effect = "deny", unless = { time = { days = ["mon", "tue"] }, platform_version = ">= 10" } },
      {
        name   = "c"
        effect = "deny"
        when   = { device = { status = ["x", "y"], attributes = { a = ["x"], b = ["x", "y"] } } }
      },
    ]
    posture_rules = [{ status = "compliant", when = { platform = ["win", "mac", "linux"] } }]
  }
  expect_failures = [output.environment]
}

run "of_5001_values_they_are_left_to_the_gate" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    rules = [
      { name = "staff", effect = "allow", when = { groups = concat([""], slice(var.groups, 0, 4990)) } },
      { name = "b", effect = "deny", unless = { time = { days = ["mon", "tue"] }, platform_version = ">= 10" } },
      {
        name   = "c"
        effect = "deny"
        when   = { device = { status = ["x", "y"], attributes = { a = ["x"], b = ["x", "y"] } } }
      },
    ]
    posture_rules = [{ status = "compliant", when = { platform = ["win", "mac", "linux"] } }]
  }
  expect_failures = [check.large_policy]
}

run "without_a_gate_5001_values_are_refused" {
  command = plan
  module { source = "./modules/policy" }
  variables {
    deploy_gate = false
    rules       = [{ name = "staff", effect = "allow", when = { groups = concat(["g"], var.groups) } }]
  }
  expect_failures = [check.large_policy, output.environment]
}
