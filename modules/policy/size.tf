# How large the policy is, and how much of it the plan checks.
#
# Terraform is slow at checking values. So the plan checks the shape alone of a large policy: rules with their names and
# effects, and the names of keys and conditions. The deploy gate reports all other problems, in the same words, before
# an alias moves to the new version.

locals {
  rule_count     = length(local.given.rules) + length(local.given.posture_rules)
  has_many_rules = local.rule_count > local.max_checked_rules

  # Elements of the lists in conditions. A list can stand in an object (time, device), or in one inside (attributes).
  value_count = sum(concat([0], flatten([
    for rules in values(local.given) : [
      for rule in rules : [
        for block in [try(rule.when, null), try(rule.unless, null)] : [
          for value in try(values(block), []) : [
            for inner in try(values(value), [value]) : [
              for list in try(values(inner), [inner]) : length(list) if can(list[0])
            ]
          ]
        ]
      ] if !local.has_many_rules
    ]
  ])))
  has_many_values = local.value_count > local.max_checked_values

  is_large = local.has_many_rules || local.has_many_values

  # For each element of both lists of a large policy, whether it is a rule with a name or status, an effect, and known
  # keys and conditions. Any other element is checked as in a small policy, but for the values of its conditions.
  has_shape = {
    for list, rules in local.given : list => concat(
      [for rule in rules : false if !local.is_large],
      [
        for rule in rules : try(0 == length(concat(
          [for key, value in rule : key if !contains(local.keys_of_list[list], key)],
          [
            for name in [jsonencode(list == "rules" ? rule.name : rule.status)] : name
            if !startswith(name, "\"") || name == "\"\""
          ],
          [for effect in [list == "rules" ? rule.effect : "allow"] : effect if effect != "allow" && effect != "deny"],
          flatten([
            for key, block in rule : [
              for name in coalescelist(keys(block), [""]) : name if !contains(local.conditions_of_list[list], name)
            ] if key == "when" || key == "unless"
          ]),
        )), false) if local.is_large
      ],
    )
  }

  size_in_words = local.has_many_rules ? "${local.rule_count} rules" : "${local.value_count} values in its conditions"
}

check "large_policy" {
  assert {
    condition = !local.is_large
    error_message = join(" ", [
      "The policy has ${local.size_in_words}. The plan checks everything up to ${local.max_checked}; of this policy",
      "it checks the shape alone: names, effects, and the names of keys and conditions. The deploy gate checks the",
      "rest and reports problems in the same words, before any alias moves to the new version. To check everything",
      "now, run `cvpn validate`.",
    ])
  }
}
