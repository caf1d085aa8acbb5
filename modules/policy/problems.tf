# What is wrong with the policy, in the words that the function has for it (connect_handler/problems.py): where, what
# was found, what to write instead. One table of bad policies holds both to the same words.
#
# Rules have any shape, and Terraform wants one type for all results of a for expression. So what is looked at travels
# as JSON text in lists of objects that all have the same attributes; its first character tells a list from an object.

locals {
  rule_keys         = ["effect", "end_oldest", "message", "name", "shadow", "unless", "when"]
  posture_rule_keys = ["status", "unless", "when"]
  placeholders      = ["common_name", "connection_id", "endpoint_id", "platform", "platform_version", "public_ip", "rule", "username"]
  days              = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
  time_keys         = ["days", "end", "not_after", "not_before", "start", "timezone"]
  device_keys       = ["attributes", "max_age_hours", "owner_is_user", "registered", "status"]
  sessions_keys     = ["at_least", "by"]

  # Conditions that posture rules cannot have: one looks at what they assign, the other at how many are connected.
  access_conditions = ["posture", "sessions"]

  # What the value of each condition key is made of.
  conditions = {
    all_groups             = "group"
    aws_client_version     = "version"
    client_openvpn_version = "version"
    common_name            = "pattern"
    device                 = "device"
    endpoint               = "endpoint"
    groups                 = "group"
    platform               = "pattern"
    platform_version       = "version"
    posture                = "status"
    public_ip              = "network"
    sessions               = "sessions"
    time                   = "time"
    username               = "pattern"
  }

  # Kinds of values that are no lists.
  not_lists = ["", "device", "sessions", "time", "version"]

  # Names that cannot be empty. Patterns can: an empty user name is that of a client that has none.
  articles = { endpoint = "an endpoint", group = "a group", status = "a status" }

  # AWS's limits of an answer, https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
  max_characters = 255
  max_statuses   = 10

  octet           = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
  ipv4            = "(?:${local.octet}\\.){3}${local.octet}"
  constraint      = "( *(=|!=|>=|<=|>|<)? *[0-9]{1,9}(\\.[0-9]{1,9})* *| *~> *[0-9]{1,9}(\\.[0-9]{1,9})+ *)"
  version_pattern = "^${local.constraint}(,${local.constraint})*$"
  instant_pattern = "^[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
  clock_pattern   = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
  count_pattern   = "^(?:[1-9][0-9]?|100)$"
  max_age_hours   = 87600
  zone_pattern    = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
}

# --- the policy, taken apart ------------------------------------------------------------------------------------------

locals {
  # What is looked at below is not surely good (good.tf), but for what concerns more than one rule.
  is_list = { for list, json in local.json : list => startswith(json, "[") }

  # The elements, of what is a list; [*] takes anything. So would try, but it evaluates twice what it is given.
  given = {
    for list, rules in { rules = var.rules[*], posture_rules = var.posture_rules[*] } : list => [for rule in rules : rule if local.is_list[list]]
  }

  # Of those, the ones that are not surely good. There is no line break in what jsonencode writes, so that all can be the
  # lines of one text, of which one call empties those that are. A template makes the text: join wants a list of one
  # type, and to find that, Terraform compares the types of all elements with each other.
  rule_lines = { for list, rules in local.given : list => "%{for rule in rules}${jsonencode(rule)}\n%{endfor}" }
  elements = flatten([
    for list, lines in local.rule_lines : [
      for position, json in split("\n", replace(lines, "/(?m)^${local.good_rules[list]}$/", "")) :
      { list = list, position = position, json = json } if json != ""
    ]
  ])

  named = [
    for element in local.elements : merge(element, {
      where = "${element.list}[${element.position}]"
      name  = try(jsonencode(local.given[element.list][element.position].name), "")
    }) if startswith(element.json, "{")
  ]

  rules = [
    for rule in local.named : merge(rule, {
      where = rule.list == "rules" && startswith(rule.name, "\"") && rule.name != "\"\"" ? "${rule.where} ${rule.name}" : rule.where
    })
  ]
  access_rules  = [for rule in local.rules : rule if rule.list == "rules"]
  posture_rules = [for rule in local.rules : rule if rule.list == "posture_rules"]

  attributes = flatten([
    for rule in local.rules : [
      for key, value in local.given[rule.list][rule.position] : {
        list  = rule.list, where = "${rule.where}: ${key}", of = rule.where, key = key, json = jsonencode(value)
        known = contains(rule.list == "rules" ? local.rule_keys : local.posture_rule_keys, key)
      }
    ]
  ])
  blocks = [for attribute in local.attributes : attribute if contains(["when", "unless"], attribute.key)]

  entries = flatten([
    for block in local.blocks : [
      for key, value in jsondecode(block.json) : {
        list = block.list, where = "${block.where}.${key}", of = block.where, key = key, json = jsonencode(value)
        kind = block.list == "posture_rules" && contains(local.access_conditions, key) ? "" : lookup(local.conditions, key, "")
      }
    ] if startswith(block.json, "{")
  ])

  times = flatten([
    for entry in local.entries : [
      for key, value in jsondecode(entry.json) : {
        where = "${entry.where}.${key}", of = entry.where, key = key, json = jsonencode(value)
      }
    ] if entry.kind == "time" && startswith(entry.json, "{")
  ])

  devices = flatten([
    for entry in local.entries : [
      for key, value in jsondecode(entry.json) : {
        where = "${entry.where}.${key}", of = entry.where, key = key, json = jsonencode(value)
      }
    ] if entry.kind == "device" && startswith(entry.json, "{")
  ])
  device_attributes = flatten([
    for device in local.devices : [
      for name, value in jsondecode(device.json) : { where = "${device.where}.${name}", json = jsonencode(value) }
    ] if device.key == "attributes" && startswith(device.json, "{")
  ])

  # Both keys of a count of sessions have to be there: one that is missing has no JSON text.
  counts = flatten([
    for entry in local.entries : [
      for key in local.sessions_keys : {
        where = "${entry.where}.${key}", key = key, json = try(jsonencode(jsondecode(entry.json)[key]), "")
      }
    ] if entry.kind == "sessions" && startswith(entry.json, "{")
  ])

  lists = concat(
    [for entry in local.entries : { where = entry.where, json = entry.json, kind = entry.kind } if !contains(local.not_lists, entry.kind)],
    [for time in local.times : { where = time.where, json = time.json, kind = "day" } if time.key == "days"],
    [for device in local.devices : { where = device.where, json = device.json, kind = "pattern" } if device.key == "status"],
    [for attribute in local.device_attributes : { where = attribute.where, json = attribute.json, kind = "pattern" }],
  )

  # Their members that are not surely good, found as the rules are: each has a line with its kind.
  arrays = [for list in local.lists : merge(list, { values = jsondecode(list.json) }) if startswith(list.json, "[")]
  places = flatten([for array in local.arrays : [for position, value in array.values : "${array.where}[${position}]"]])
  member_lines = replace(
    "%{for array in local.arrays}%{for value in array.values}${array.kind} ${jsonencode(value)}\n%{endfor}%{endfor}",
    "/(?m)^(?:${local.good_member})$/", ""
  )
  members = [
    for number, line in split("\n", local.member_lines) : merge(
      { where = local.places[number] }, regex("^(?P<kind>[a-z]+) (?P<json>.*)$", line)
    ) if line != ""
  ]
  texts    = [for member in local.members : merge(member, { text = jsondecode(member.json) }) if startswith(member.json, "\"")]
  networks = [for text in local.texts : merge(text, { address = split("/", text.text)[0] }) if text.kind == "network"]

  messages = concat(
    [for attribute in local.attributes : { where = attribute.where, json = attribute.json } if attribute.list == "rules" && attribute.key == "message" && attribute.json != "null"],
    [{ where = "default_deny_message", json = jsonencode(var.default_deny_message) }],
  )
  statuses = concat(
    [for rule in local.posture_rules : { where = "${rule.where}: status", json = try(jsonencode(local.given[rule.list][rule.position].status), "") }],
    [for status in [var.default_posture_status] : { where = "default_posture_status", json = jsonencode(status) } if status != null && status != ""],
  )

  # Of all posture rules and access rules, the good ones too: the statuses, and the positions of those rules that have a
  # name in common. A map finds what is there twice; distinct compares each with each.
  distinct_statuses = [
    for json, found in { for rule in local.given.posture_rules : try(jsonencode(rule.status), "") => true... } : json if startswith(json, "\"") && json != "\"\""
  ]
  assigned = sort(distinct(concat([for json in local.distinct_statuses : jsondecode(json)], compact([var.default_posture_status]))))
  taken_by = {
    for name, positions in { for position, rule in local.given.rules : try(jsonencode(rule.name), "") => position... } : name => positions
    if length(positions) > 1 && startswith(name, "\"") && name != "\"\""
  }
}

# --- names that are unknown, and which was meant ----------------------------------------------------------------------

locals {
  unknown = concat(
    [
      for attribute in local.attributes : {
        text    = "${attribute.of} has the unknown key ${jsonencode(attribute.key)}"
        written = attribute.key, names = attribute.list == "rules" ? local.rule_keys : local.posture_rule_keys
      } if !attribute.known
    ],
    [
      for entry in local.entries : {
        text    = "${entry.of} has the unknown key ${jsonencode(entry.key)}"
        written = entry.key, names = [for key in keys(local.conditions) : key if entry.list == "rules" || !contains(local.access_conditions, key)]
      } if entry.kind == ""
    ],
    [
      for time in local.times : {
        text    = "${time.of} has the unknown key ${jsonencode(time.key)}"
        written = time.key, names = local.time_keys
      } if !contains(local.time_keys, time.key)
    ],
    [
      for device in local.devices : {
        text    = "${device.of} has the unknown key ${jsonencode(device.key)}"
        written = device.key, names = local.device_keys
      } if !contains(local.device_keys, device.key)
    ],
    flatten([
      for entry in local.entries : [
        for key in keys(jsondecode(entry.json)) : {
          text    = "${entry.where} has the unknown key ${jsonencode(key)}"
          written = key, names = local.sessions_keys
        } if !contains(local.sessions_keys, key)
      ] if entry.kind == "sessions" && startswith(entry.json, "{")
    ]),
    flatten([
      for message in local.messages : [
        for name in flatten(regexall("\\{([^{}]*)\\}", jsondecode(message.json))) : {
          text    = "${message.where} has the unknown placeholder ${jsonencode(name)}"
          written = name, names = local.placeholders
        } if !contains(local.placeholders, name)
      ] if startswith(message.json, "\"")
    ]),
    flatten([
      for entry in local.entries : [
        for status in sort(distinct(jsondecode(entry.json))) : {
          text    = "${entry.where} has ${jsonencode(status)}, which no posture rule assigns"
          written = status, names = local.assigned
        } if !contains(local.assigned, status)
      ] if try(local.statuses_only[entry.where], false)
    ]),
  )

  # Whether a posture condition holds nothing but statuses; what else it holds has a problem of its own.
  statuses_only = {
    for entry in local.entries : entry.where => startswith(entry.json, "[") && try(
      alltrue([for status in jsondecode(entry.json) : startswith(jsonencode(status), "\"") && status != ""]), false
    ) if entry.kind == "status"
  }

  # Leaving out at most one letter on each side makes both equal: a letter too many, too few, another one, or two that
  # changed places.
  neighbours = {
    for word, found in { for word in flatten([for name in local.unknown : concat([lower(replace(name.written, "-", "_"))], name.names)]) : word => true... } :
    word => concat([word], [for position in range(length(word)) : "${substr(word, 0, position)}${substr(word, position + 1, -1)}"])
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
}

# --- the problems -----------------------------------------------------------------------------------------------------

locals {
  # What was found: a scalar as it is, of a list or an object only that it is one. Of thousands of values, those are left
  # out here that are as nearly all are: strings where strings belong, lists where lists do.
  found = {
    for json, found in { for json in concat(
      [for list, json in local.json : json if !local.is_list[list]],
      [for element in local.elements : element.json if !startswith(element.json, "{")],
      [for rule in local.named : rule.name if !startswith(rule.name, "\"") || rule.name == "\"\""],
      [for attribute in local.attributes : attribute.json if attribute.key != "name" && !(contains(["when", "unless"], attribute.key) && startswith(attribute.json, "{"))],
      [for entry in local.entries : entry.json if !startswith(entry.json, "[") || contains(local.not_lists, entry.kind)],
      local.times[*].json,
      local.devices[*].json,
      local.device_attributes[*].json,
      local.counts[*].json,
      [for member in local.members : member.json if !startswith(member.json, "\"")],
      [for text in concat(local.messages, local.statuses) : text.json if !startswith(text.json, "\"") || text.json == "\"\""],
    ) : json => true... } : json => startswith(json, "[") ? "is a list" : startswith(json, "{") ? "is an object" : json == "" ? "is missing" : "is ${json}"
  }

  problems = concat(
    # The lists and their elements
    [for json in [local.json.rules] : "rules ${local.found[json]}; write a list of rules" if !local.is_list.rules],
    [for json in [local.json.posture_rules] : "posture_rules ${local.found[json]}; write a list of posture rules" if json != "null" && !local.is_list.posture_rules],
    [
      for element in local.elements : "${element.list}[${element.position}] ${local.found[element.json]}; ${
        element.list == "rules" ? "write an object such as { name = \"staff\", effect = \"allow\" }" : "write an object such as { status = \"compliant\" }"
      }" if !startswith(element.json, "{")
    ],

    # Unknown keys, placeholders and statuses
    [
      for position, unknown in local.unknown : "${unknown.text}; ${
        length(local.suggestions[position]) > 0 ? "did you mean ${jsonencode(local.suggestions[position][0])}?" :
        length(unknown.names) > 0 ? "write one of ${join(", ", unknown.names)}" : "write a posture rule that does"
      }"
    ],

    # Access rules
    [for rule in local.access_rules : "${rule.where}: name ${local.found[rule.name]}; write one that no other rule has: name = \"staff\"" if !startswith(rule.name, "\"") || rule.name == "\"\""],
    flatten([
      for name, positions in local.taken_by : [
        for position in slice(positions, 1, length(positions)) : "rules[${position}]: name is ${name}, as that of rules[${positions[0]}]; write one that no other rule has"
      ]
    ]),
    [
      for rule in local.access_rules : "rules[${rule.position}]: name has ${try(local.characters[rule.name], 0)} characters; write at most ${local.max_characters}"
      if try(local.characters[rule.name], 0) > local.max_characters
    ],
    [for rule in local.access_rules : "${rule.where}: effect is missing; write \"allow\" or \"deny\"" if !contains(keys(local.given[rule.list][rule.position]), "effect")],
    [
      for attribute in local.attributes : "${attribute.where} ${local.found[attribute.json]}; write \"allow\" or \"deny\""
      if attribute.list == "rules" && attribute.key == "effect" && !contains(["\"allow\"", "\"deny\""], attribute.json)
    ],
    [
      for attribute in local.attributes : "${attribute.where} ${local.found[attribute.json]}; write true or false"
      if attribute.list == "rules" && contains(["end_oldest", "shadow"], attribute.key) && !contains(["true", "false", "null"], attribute.json)
    ],
    [
      for rule in local.access_rules : "${rule.where}: message is on a rule that allows; remove it, or write effect = \"deny\""
      if try(local.given[rule.list][rule.position].effect == "allow" && startswith(jsonencode(local.given[rule.list][rule.position].message), "\"") && local.given[rule.list][rule.position].message != "", false)
    ],
    [
      for rule in local.ending : "${rule.where}: end_oldest is on a rule that allows; remove it, or write effect = \"deny\""
      if try(local.given[rule.list][rule.position].effect == "allow", false)
    ],
    [
      for rule in local.ending : "${rule.where}: end_oldest is on a rule without a sessions condition; write when = { sessions = { by = \"username\", at_least = 1 } }, or remove it"
      if try(local.given[rule.list][rule.position].effect == "deny", false) && !can(local.given[rule.list][rule.position].when.sessions)
    ],
    [
      for allowing in [[for rule in local.given.rules : true if !(try(rule.effect == "deny", false) || try(jsonencode(rule.shadow) == "true", false))]] :
      "rules have none that allows: nobody could connect; write at least one with effect = \"allow\" and without shadow = true"
      if local.is_list.rules && length(allowing) == 0
    ],

    # Messages and statuses
    [for message in local.messages : "${message.where} ${local.found[message.json]}; write a text, or leave it out" if !startswith(message.json, "\"") || message.json == "\"\""],
    [
      for message in local.messages : "${message.where} has ${try(local.characters[message.json], 0)} characters; write at most ${local.max_characters}"
      if try(local.characters[message.json], 0) > local.max_characters
    ],
    [for status in local.statuses : "${status.where} ${local.found[status.json]}; write one such as \"compliant\"" if !startswith(status.json, "\"") || status.json == "\"\""],
    [
      for status in local.statuses : "${status.where} has ${try(local.characters[status.json], 0)} characters; write at most ${local.max_characters}"
      if try(local.characters[status.json], 0) > local.max_characters
    ],
    [
      for count in [length(local.distinct_statuses)] :
      "posture_rules have ${count} distinct statuses; AWS takes at most ${local.max_statuses} in an answer: write fewer" if count > local.max_statuses
    ],

    # Conditions
    [for block in local.blocks : "${block.where} ${local.found[block.json]}; leave it out, or write an object of conditions" if !startswith(block.json, "{")],
    [for block in local.blocks : "${block.where} is empty; leave it out, or write at least one condition" if block.json == "{}"],
    [for list in local.lists : "${list.where} ${local.found[list.json]}; write a list of strings" if !startswith(list.json, "[")],
    [for list in local.lists : "${list.where} is empty; leave it out, or name what it should match" if list.json == "[]"],
    [for member in local.members : "${member.where} ${local.found[member.json]}; write a string" if !startswith(member.json, "\"")],
    [for text in local.texts : "${text.where} is \"\"; write the name of ${local.articles[text.kind]}" if text.text == "" && contains(keys(local.articles), text.kind)],
    [
      for entry in local.entries : "${entry.where} ${local.found[entry.json]}; write a version constraint such as \">= 10.0.19045, < 11\" or \"~> 2.6\""
      if entry.kind == "version" && !(startswith(entry.json, "\"") && can(regex(local.version_pattern, jsondecode(entry.json))))
    ],
    [
      for network in local.networks : "${network.where} is ${network.json}; ${
        # A block with bits behind its prefix; an IPv4-mapped address, which cidrhost writes with dots, has no network to show.
        can(cidrhost(network.text, 0)) && local.readable[network.where] && !(strcontains(network.text, ":") && strcontains(local.first[network.where], ".")) ?
        "write \"${try(cidrhost(network.text, 0), "")}/${split("/", network.text)[1]}\" for the network or \"${network.address}\" for the one address" :
        "write an address or a CIDR block, such as \"198.51.100.7\", \"198.51.100.0/24\" or \"2001:db8::/32\""
      }" if !local.readable[network.where] || try(cidrhost(network.text, 0) != local.first[network.where], false)
    ],

    # Devices
    [
      for entry in local.entries : "${entry.where} ${local.found[entry.json]}; write an object such as { registered = true, status = [\"compliant\"] }"
      if entry.kind == "device" && !startswith(entry.json, "{")
    ],
    [
      for entry in local.entries : "${entry.where} is empty; write at least one of ${join(", ", local.device_keys)}"
      if entry.kind == "device" && entry.json == "{}"
    ],
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; write true or false"
      if contains(["owner_is_user", "registered"], device.key) && !contains(["true", "false"], device.json)
    ],
    flatten([
      for device in local.devices : [
        for others in [[for other in local.devices : other.key if other.of == device.of && other.key != "registered" && contains(local.device_keys, other.key)]] :
        "${device.of} asks for a device that is not registered and for what only a registered one has; write registered = false alone" if length(others) > 0
      ] if device.key == "registered" && device.json == "false"
    ]),
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; write a number of hours, more than 0 and at most ${local.max_age_hours}"
      if device.key == "max_age_hours" && !try(startswith(device.json, "\"") ? false : jsondecode(device.json) > 0 && jsondecode(device.json) <= local.max_age_hours, false)
    ],
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; write an object such as { department = [\"sales\", \"eng-*\"] }"
      if device.key == "attributes" && !startswith(device.json, "{")
    ],
    [for device in local.devices : "${device.where} is empty; leave it out, or name an attribute" if device.key == "attributes" && device.json == "{}"],

    # Sessions
    [
      for entry in local.entries : "${entry.where} ${local.found[entry.json]}; write an object such as { by = \"username\", at_least = 1 }"
      if entry.kind == "sessions" && !startswith(entry.json, "{")
    ],
    [
      for count in local.counts : "${count.where} ${local.found[count.json]}; write \"username\" or \"common_name\""
      if count.key == "by" && !contains(["\"common_name\"", "\"username\""], count.json)
    ],
    [
      for count in local.counts : "${count.where} ${local.found[count.json]}; write a whole number from 1 to 100"
      if count.key == "at_least" && !can(regex(local.count_pattern, count.json))
    ],

    # Times
    [
      for entry in local.entries : "${entry.where} ${local.found[entry.json]}; write an object such as { days = [\"mon\"], start = \"07:00\", end = \"20:00\" }"
      if entry.kind == "time" && !startswith(entry.json, "{")
    ],
    [
      for entry in local.entries : "${entry.where} names no time; write days, start and end, not_before or not_after"
      if entry.kind == "time" && startswith(entry.json, "{") && try(length(setsubtract(keys(jsondecode(entry.json)), ["timezone"])) == 0, false)
    ],
    [for text in local.texts : "${text.where} is ${text.json}; write one of ${join(", ", local.days)}" if text.kind == "day" && !contains(local.days, text.text)],
    flatten([
      for entry in local.entries : [
        for pair in [["start", "end"], ["end", "start"]] : "${entry.where} has ${pair[0]} without ${pair[1]}; write both or neither"
        if contains(keys(jsondecode(entry.json)), pair[0]) && !contains(keys(jsondecode(entry.json)), pair[1])
      ] if entry.kind == "time" && startswith(entry.json, "{")
    ]),
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; write HH:MM, such as \"07:00\" (end may be \"24:00\")"
      if contains(["start", "end"], time.key) && !(time.key == "end" && time.json == "\"24:00\"") && !(startswith(time.json, "\"") && can(regex(local.clock_pattern, jsondecode(time.json))))
    ],
    [
      for time in local.times : "${time.of} has equal start and end, ${time.json}; for the whole day write start = \"00:00\", end = \"24:00\""
      if time.key == "end" && startswith(time.json, "\"") && can(regex(local.clock_pattern, jsondecode(time.json))) && try(local.starts[time.of], "") == time.json
    ],
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; write an IANA name such as \"Europe/Berlin\""
      if time.key == "timezone" && !(startswith(time.json, "\"") && can(regex(local.zone_pattern, jsondecode(time.json))))
    ],
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; write RFC 3339 with an offset, such as \"2026-12-24T18:00:00Z\""
      if contains(["not_before", "not_after"], time.key) && !(startswith(time.json, "\"") && can(regex(local.instant_pattern, jsondecode(time.json))) && can(timecmp(jsondecode(time.json), jsondecode(time.json))))
    ],
  )

  ending = [for rule in local.access_rules : rule if try(jsonencode(local.given[rule.list][rule.position].end_oldest) == "true", false)]

  # How many characters a string has; length counts what a reader sees as one, such as a flag, as one.
  characters = {
    for json, found in { for json in concat(local.access_rules[*].name, local.messages[*].json, local.statuses[*].json) : json => true... } :
    json => length(regexall("(?s).", jsondecode(json))) if startswith(json, "\"")
  }

  starts = { for time in local.times : time.of => time.json if time.key == "start" }

  # Whether an address, and a prefix length if there is one, can be read; and the address as Terraform writes it.
  readable = {
    for network in local.networks : network.where => anytrue([
      can(regex("^${local.ipv4}(/([0-9]|[12][0-9]|3[0-2]))?$", network.text)),
      alltrue([
        strcontains(network.address, ":"),
        can(cidrhost("${network.address}/128", 0)),
        !can(regex("[0-9A-Fa-f]{5}", network.address)), # Terraform reads them if they begin with zeros
        !strcontains(network.address, ".") || can(regex(":${local.ipv4}$", network.address)),
        can(regex("^[^/]+(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?$", network.text)),
      ]),
    ])
  }
  first = {
    for network in local.networks : network.where => try(cidrhost("${network.address}/${strcontains(network.address, ":") ? 128 : 32}", 0), "")
  }
}
