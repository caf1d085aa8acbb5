# Problems of rules, and of their messages and statuses.

locals {
  rule_problems = concat(
    # The lists and their elements
    [for json in [local.json.rules] : "rules ${local.found[json]}; ${local.advice.rules}" if !local.is_list.rules],
    [
      for json in [local.json.posture_rules] : "posture_rules ${local.found[json]}; ${local.advice.posture_rules}"
      if json != "null" && !local.is_list.posture_rules
    ],
    [
      for element in local.elements : join("", [
        "${element.list}[${element.position}] ${local.found[element.json]}; ",
        element.list == "rules" ? local.advice.rule : local.advice.posture_rule,
      ]) if !startswith(element.json, "{")
    ],

    # Names
    [
      for rule in local.access_rules : "${rule.where}: name ${local.found[rule.name]}; ${local.advice.name}"
      if !startswith(rule.name, "\"") || rule.name == "\"\""
    ],
    flatten([
      for name, positions in local.taken_by : [
        for position in slice(positions, 1, length(positions)) :
        "rules[${position}]: name is ${name}, as that of rules[${positions[0]}]; ${local.advice.name_twice}"
      ]
    ]),
    [
      for rule in local.access_rules :
      "rules[${rule.position}]: name has ${local.characters[rule.name]} characters; ${local.advice.characters}"
      if try(local.characters[rule.name], 0) > local.max_characters
    ],

    # Effects and flags
    [
      for rule in local.access_rules : "${rule.where}: effect is missing; ${local.advice.effect}" if rule.effect == ""
    ],
    [
      for attribute in local.attributes : "${attribute.where} ${local.found[attribute.json]}; ${local.advice.effect}"
      if alltrue([
        attribute.list == "rules" && attribute.key == "effect",
        !contains(["\"allow\"", "\"deny\""], attribute.json),
      ])
    ],
    [
      for attribute in local.attributes : "${attribute.where} ${local.found[attribute.json]}; ${local.advice.flag}"
      if alltrue([
        attribute.list == "rules" && contains(["end_oldest", "shadow"], attribute.key),
        !contains(["true", "false", "null"], attribute.json),
      ])
    ],

    # What a rule that allows cannot have, and what one that ends connections has to
    [
      for rule in local.access_rules : "${rule.where}: message is on a rule that allows; ${local.advice.on_allow}"
      if rule.effect == "\"allow\"" && startswith(rule.message, "\"") && rule.message != "\"\""
    ],
    [
      for rule in local.access_rules : "${rule.where}: end_oldest is on a rule that allows; ${local.advice.on_allow}"
      if rule.effect == "\"allow\"" && rule.end_oldest == "true"
    ],
    [
      for rule in local.access_rules : join("; ", [
        "${rule.where}: end_oldest is on a rule without a sessions condition", local.advice.end_oldest_alone,
      ])
      if rule.effect == "\"deny\"" && rule.end_oldest == "true" && !rule.sessions
    ],
    [
      for count in [length(local.allowing)] :
      "rules have none that allows: nobody could connect; ${local.advice.none_allows}"
      if local.is_list.rules && count == 0
    ],
  )

  # Positions of the rules that have a name in common. A map finds duplicates. distinct compares each with each other.
  taken_by = {
    for name, positions in {
      for position, rule in local.given.rules : try(jsonencode(rule.name), "") => position...
    } : name => positions
    if length(positions) > 1 && startswith(name, "\"") && name != "\"\""
  }

  # A rule without a valid effect may be meant to allow.
  allowing = [
    for rule in local.given.rules : true
    if !(try(rule.effect == "deny", false) || try(jsonencode(rule.shadow) == "true", false))
  ]
}

# --- messages and statuses --------------------------------------------------------------------------------------------

locals {
  text_problems = concat(
    [
      for message in local.messages : "${message.where} ${local.found[message.json]}; ${local.advice.message}"
      if !startswith(message.json, "\"") || message.json == "\"\""
    ],
    [
      for status in local.statuses : "${status.where} ${local.found[status.json]}; ${local.advice.posture_status}"
      if !startswith(status.json, "\"") || status.json == "\"\""
    ],
    [
      for text in concat(local.messages, local.statuses) :
      "${text.where} has ${local.characters[text.json]} characters; ${local.advice.characters}"
      if try(local.characters[text.json], 0) > local.max_characters
    ],
    [
      for count in [length(local.distinct_statuses)] :
      "posture_rules have ${count} distinct statuses; ${local.advice.statuses}" if count > local.max_statuses
    ],
  )

  # Characters of a string. length counts what a reader sees as one, such as a flag, as one.
  characters = {
    for json, found in {
      for json in concat(local.access_rules[*].name, local.messages[*].json, local.statuses[*].json) : json => true...
    } : json => length(regexall("(?s).", jsondecode(json))) if startswith(json, "\"")
  }
}
