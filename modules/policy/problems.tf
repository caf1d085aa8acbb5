# What is wrong with the policy, in the function's words (connect_handler/problems.py): where, what was found, what to
# write instead. One table of bad policies holds both to the same words.
#
# language.tf is the language, parts.tf the policy taken apart. The other files have the problems of a part each.

locals {
  problems = concat(
    local.rule_problems,
    local.text_problems,
    local.name_problems,
    local.condition_problems,
    local.network_problems,
    local.device_problems,
    local.session_problems,
    local.time_problems,
  )

  # A value as problems name it: a scalar as it is, of a list or an object only its type. Strings where strings belong
  # and lists where lists belong are left out: a policy has thousands.
  found = {
    for json, found in { for json in local.odd_values : json => true... } : json => (
      startswith(json, "[") ? "is a list" : startswith(json, "{") ? "is an object" : json == "" ? "is missing" :
      "is ${json}"
    )
  }

  odd_values = concat(
    [for list, json in local.json : json if !local.is_list[list]],
    [for element in local.elements : element.json if !startswith(element.json, "{")],
    [for rule in local.access_rules : rule.name if !startswith(rule.name, "\"") || rule.name == "\"\""],
    [
      for attribute in local.attributes : attribute.json
      if attribute.key != "name" && !(contains(["when", "unless"], attribute.key) && startswith(attribute.json, "{"))
    ],
    [
      for entry in local.checked_entries : entry.json
      if !startswith(entry.json, "[") || !contains(local.list_kinds, entry.kind)
    ],
    local.object_keys[*].json,
    local.device_attributes[*].json,
    local.counts[*].json,
    [for member in local.members : member.json if !startswith(member.json, "\"")],
    [
      for text in concat(local.messages, local.statuses) : text.json
      if !startswith(text.json, "\"") || text.json == "\"\""
    ],
  )
}
