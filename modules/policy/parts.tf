# The policy, taken apart: the lists that problems.tf and the files that it names look at.
#
# Rules have any shape, and Terraform wants one type for all results of a for expression. So each part carries its value
# as JSON text, in objects that all have the same attributes. The first character tells a list from an object.

locals {
  is_list = { for list, json in local.json : list => startswith(json, "[") }

  # [*] takes anything. So would try, but it evaluates its argument twice.
  given = {
    for list, rules in { rules = var.rules[*], posture_rules = var.posture_rules[*] } :
    list => [for rule in rules : rule if local.is_list[list]]
  }

  # Each element of both lists. Of a large policy, those without the right shape (size.tf).
  elements = flatten([
    for list, rules in local.given : [
      for position, rule in rules : {
        list       = list
        position   = position
        json       = jsonencode(rule)
        name       = try(jsonencode(rule.name), "")
        effect     = try(jsonencode(rule.effect), "")
        message    = try(jsonencode(rule.message), "")
        end_oldest = try(jsonencode(rule.end_oldest), "")
        sessions   = can(rule.when.sessions)
        status     = try(jsonencode(rule.status), "")
      } if !local.has_shape[list][position]
    ]
  ])

  rules = [
    for element in local.elements : merge(element, {
      where = "${element.list}[${element.position}]${
        element.list == "rules" && startswith(element.name, "\"") && element.name != "\"\"" ? " ${element.name}" : ""
      }"
    }) if startswith(element.json, "{")
  ]
  access_rules  = [for rule in local.rules : rule if rule.list == "rules"]
  posture_rules = [for rule in local.rules : rule if rule.list == "posture_rules"]

  attributes = flatten([
    for rule in local.rules : [
      for key, value in local.given[rule.list][rule.position] : {
        list = rule.list, where = "${rule.where}: ${key}", of = rule.where, key = key, json = jsonencode(value)
      }
    ]
  ])
  blocks = [for attribute in local.attributes : attribute if contains(["when", "unless"], attribute.key)]
}

# --- messages and statuses --------------------------------------------------------------------------------------------

locals {
  messages = concat(
    [
      for attribute in local.attributes : { where = attribute.where, json = attribute.json }
      if attribute.list == "rules" && attribute.key == "message" && attribute.json != "null"
    ],
    [{ where = "default_deny_message", json = jsonencode(var.default_deny_message) }],
  )

  statuses = concat(
    [
      for rule in local.posture_rules : { where = "${rule.where}: status", json = rule.status }
    ],
    [
      for status in [var.default_posture_status] : { where = "default_posture_status", json = jsonencode(status) }
      if status != null && status != ""
    ],
  )

  # A map finds duplicates. distinct compares each status with each other.
  distinct_statuses = [
    for json, found in { for rule in local.given.posture_rules : try(jsonencode(rule.status), "") => true... } : json
    if startswith(json, "\"") && json != "\"\""
  ]
  assigned = sort(distinct(concat(
    [for json in local.distinct_statuses : jsondecode(json)], compact([var.default_posture_status])
  )))
}

# --- conditions -------------------------------------------------------------------------------------------------------

locals {
  # The kind is empty for a key that is unknown.
  entries = flatten([
    for block in local.blocks : [
      for key, value in jsondecode(block.json) : {
        list = block.list, where = "${block.where}.${key}", of = block.where, key = key, json = jsonencode(value)
        kind = block.list == "posture_rules" && contains(local.access_conditions, key) ? "" : (
          lookup(local.conditions, key, "")
        )
      }
    ] if startswith(block.json, "{")
  ])

  checked_entries = [for entry in local.entries : entry if !local.is_large]

  # Keys of the conditions that are objects.
  object_keys = flatten([
    for entry in local.checked_entries : [
      for key, value in jsondecode(entry.json) : {
        kind = entry.kind, where = "${entry.where}.${key}", of = entry.where, key = key, json = jsonencode(value)
      }
    ] if contains(["device", "sessions", "time"], entry.kind) && startswith(entry.json, "{")
  ])
  times   = [for key in local.object_keys : key if key.kind == "time"]
  devices = [for key in local.object_keys : key if key.kind == "device"]

  device_attributes = flatten([
    for device in local.devices : [
      for name, value in jsondecode(device.json) : { where = "${device.where}.${name}", json = jsonencode(value) }
    ] if device.key == "attributes" && startswith(device.json, "{")
  ])

  # A sessions condition needs each of its keys. A missing key has no JSON text.
  counts = flatten([
    for entry in local.checked_entries : [
      for key in local.sessions_keys : {
        where = "${entry.where}.${key}", key = key, json = try(jsonencode(jsondecode(entry.json)[key]), "")
      }
    ] if entry.kind == "sessions" && startswith(entry.json, "{")
  ])

  lists = concat(
    [
      for entry in local.checked_entries : { where = entry.where, json = entry.json, kind = entry.kind }
      if contains(local.list_kinds, entry.kind)
    ],
    [for time in local.times : { where = time.where, json = time.json, kind = "day" } if time.key == "days"],
    [
      for device in local.devices : { where = device.where, json = device.json, kind = "pattern" }
      if device.key == "status"
    ],
    [
      for attribute in local.device_attributes : { where = attribute.where, json = attribute.json, kind = "pattern" }
    ],
  )
  list_kinds = ["endpoint", "group", "network", "pattern", "status"]

  members = flatten([
    for list in local.lists : [
      for position, value in jsondecode(list.json) : {
        where = "${list.where}[${position}]", kind = list.kind, json = jsonencode(value)
      }
    ] if startswith(list.json, "[")
  ])
  texts = [
    for member in local.members : merge(member, { text = jsondecode(member.json) }) if startswith(member.json, "\"")
  ]
}
