# Problems of keys, placeholders and statuses that are unknown: which name was meant.

locals {
  name_problems = [
    for position, unknown in local.unknown : "${unknown.text}; ${
      length(local.suggestions[position]) > 0 ? "did you mean ${jsonencode(local.suggestions[position][0])}?" :
      length(unknown.names) > 0 ? "write one of ${join(", ", unknown.names)}" : local.advice.status_of_nothing
    }"
  ]

  keys_of_list   = { rules = local.rule_keys, posture_rules = local.posture_rule_keys }
  keys_of_object = { device = local.device_keys, sessions = local.sessions_keys, time = local.time_keys }
  conditions_of_list = {
    rules         = keys(local.conditions)
    posture_rules = [for key in keys(local.conditions) : key if !contains(local.access_conditions, key)]
  }

  unknown = concat(
    [
      for attribute in local.attributes : {
        text    = "${attribute.of} has the unknown key ${jsonencode(attribute.key)}"
        written = attribute.key, names = local.keys_of_list[attribute.list]
      } if !contains(local.keys_of_list[attribute.list], attribute.key)
    ],
    [
      for entry in local.entries : {
        text    = "${entry.of} has the unknown key ${jsonencode(entry.key)}"
        written = entry.key, names = local.conditions_of_list[entry.list]
      } if entry.kind == ""
    ],
    [
      for key in local.object_keys : {
        text    = "${key.of} has the unknown key ${jsonencode(key.key)}"
        written = key.key, names = local.keys_of_object[key.kind]
      } if !contains(local.keys_of_object[key.kind], key.key)
    ],
    flatten([
      for message in local.messages : [
        for name in flatten(regexall("\\{([^{}]*)\\}", jsondecode(message.json))) : {
          text    = "${message.where} has the unknown placeholder ${jsonencode(name)}"
          written = name, names = local.placeholders
        } if !contains(local.placeholders, name)
      ] if startswith(message.json, "\"")
    ]),
    flatten([
      for entry in local.checked_entries : [
        for status in sort(distinct(jsondecode(entry.json))) : {
          text    = "${entry.where} has ${jsonencode(status)}, which no posture rule assigns"
          written = status, names = local.assigned
        } if !contains(local.assigned, status)
      ] if try(local.statuses_only[entry.where], false)
    ]),
  )

  # Whether a posture condition holds nothing but statuses. Anything else in it has a problem of its own.
  statuses_only = {
    for entry in local.checked_entries : entry.where => startswith(entry.json, "[") && try(
      alltrue([for status in jsondecode(entry.json) : startswith(jsonencode(status), "\"") && status != ""]), false
    ) if entry.kind == "status"
  }

  suggestions = [
    for unknown in local.unknown : [
      for name in unknown.names : name if anytrue([
        for written in [lower(replace(unknown.written, "-", "_"))] : anytrue([
          length(written) >= 3 && (startswith(name, written) || startswith(written, name)),
          length(setintersection(local.neighbours[written], local.neighbours[name])) > 0,
        ])
      ])
    ]
  ]

  # A word without any one of its letters. Two words have one in common if a letter is too many, missing or another one,
  # or if two letters changed places.
  neighbours = {
    for word, found in {
      for word in flatten([
        for name in local.unknown : concat([lower(replace(name.written, "-", "_"))], name.names)
      ]) : word => true...
      } : word => concat([word], [
        for position in range(length(word)) : "${substr(word, 0, position)}${substr(word, position + 1, -1)}"
    ])
  }
}
