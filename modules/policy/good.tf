# What is surely good. A policy may have 10,000 rules, or 100,000 networks in one of them, and problems.tf takes a
# millisecond or two to take a rule apart. So one regular expression looks at the JSON text of every rule first, another
# at that of every member of a list in the rules that are left, and problems.tf looks at what they do not match. They
# decide nothing: what they match has to be valid, but not all that is valid has to match.
#
# The text is what jsonencode writes: the keys of an object are in alphabetical order, none is there twice, and there is
# a comma between two members and nowhere else. So `,?` will do for a separator.

locals {
  # A character of a string, of which an escape takes several, and one of a message, in which braces are placeholders.
  character = "(?:[^\"\\\\]|\\\\.)"
  letter    = "(?:[^\"\\\\{}]|\\\\.)"

  good_name = "\"${local.character}{1,${local.max_characters}}\""

  # To count characters and to find placeholders at once is more than a regular expression can do. So a good message has
  # no braces, or at most 100 characters and then, once or twice, a placeholder, which has at most 18, and 40 more.
  good_message = "\"(?:${local.letter}{1,${local.max_characters}}|${local.letter}{0,100}(?:\\{(?:${join("|", local.placeholders)})\\}${local.letter}{0,40}){1,2})\""

  # jsonencode writes < and > as escapes.
  good_version = replace(replace("\"${local.constraint}(?:,${local.constraint})*\"", "<", "\\\\u003c"), ">", "\\\\u003e")

  # Days that are in the calendar of every year, and hours from the morning to the afternoon, which cannot be equal.
  good_date    = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
  good_days    = "\"days\":\\[(?:\"(?:${join("|", local.days)})\",?)+\\],?"
  good_instant = "\"not_(?:after|before)\":\"[12][0-9]{3}-${local.good_date}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\",?"
  good_hours   = "\"end\":\"(?:1[2-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]|24:00)\",(?:${local.good_instant})*\"start\":\"(?:0[0-9]|1[01]):[0-5][0-9]\",?"
  good_zone    = "\"timezone\":\"${trim(local.zone_pattern, "^$")}\""
  good_time    = "\\{(?:${local.good_days}(?:${local.good_instant})*|(?:${local.good_days})?${local.good_hours}|(?:${local.good_instant})+)(?:${local.good_zone})?\\}"
}

# --- devices and sessions ---------------------------------------------------------------------------------------------

locals {
  # A device that is not registered is asked for alone. An age of whole hours, up to a year and more.
  good_patterns   = "\\[(?:\"${local.character}*\",?)+\\]"
  good_attributes = "\"attributes\":\\{(?:\"${local.character}*\":${local.good_patterns},?)+\\}"
  good_registered = "\"max_age_hours\":[1-9][0-9]{0,3}|\"owner_is_user\":(?:true|false)|\"registered\":true|\"status\":${local.good_patterns}"
  good_device     = "\\{(?:\"registered\":false|(?:(?:${local.good_attributes}|${local.good_registered}),?)+)\\}"
  good_sessions   = "\\{\"at_least\":(?:${trim(local.count_pattern, "^$")}),\"by\":\"(?:common_name|username)\"\\}"
}

# --- networks ---------------------------------------------------------------------------------------------------------

locals {
  # For each octet of an address, how the text of a block goes on whose prefix ends in that octet: the octet, which has
  # no bit behind the prefix, the octets behind it, which are 0, and the prefix length.
  octets = [for bits in range(8) : "(?:${join("|", range(0, 256, pow(2, 8 - bits)))})"]
  ipv4_ends = [
    for position, zeros in ["\\.0\\.0\\.0", "\\.0\\.0", "\\.0", ""] : join("|", [
      for bits, octet in local.octets : "${octet}${zeros}/${8 * position + bits}"
    ])
  ]
  ipv4_block = "(?:${local.ipv4_ends[0]}|${local.octet}\\.(?:${local.ipv4_ends[1]}|${local.octet}\\.(?:${local.ipv4_ends[2]}|${local.octet}\\.(?:${local.ipv4_ends[3]}|${local.octet}(?:/32)?))))"

  # The same for the groups of an IPv6 address, with "::" for all that follow: an end of group_ends for each number of
  # bits that the prefix has in it, 1 to 16. An address of which more is written, or whose first group is 0, is left to
  # problems.tf; with the latter, so are all that are IPv4-mapped.
  group   = "[0-9a-f]{1,4}"
  lengths = formatlist("%d", range(129))
  group_ends = [
    for bits in range(1, 17) : "[0-9a-f]{0,${ceil(bits / 4) - 1}}[${join("", formatlist("%x", range(0, 16, pow(2, (16 - bits) % 4))))}]0{${4 - ceil(bits / 4)}}"
  ]
  ipv6_ends = [
    for position in range(7) : join("|", concat(
      [for bits in range(1, 16) : "${local.group_ends[bits - 1]}::/${16 * position + bits}"],
      ["${local.group}::/(?:${join("|", slice(local.lengths, 16 * position + 16, 129))})"],
    ))
  ]
  ipv6_block   = "(?:${local.ipv6_ends[0]}|[1-9a-f][0-9a-f]{0,3}:(?:${join("|${local.group}:(?:", slice(local.ipv6_ends, 1, 7))}${join("", [for _ in range(6) : ")"])})"
  ipv6_address = "[1-9a-f][0-9a-f]{0,3}(?:(?::${local.group}){7}|${join("|", [for groups in range(5) : "(?::${local.group}){${groups}}:(?::${local.group}){1,${5 - groups}}"])})(?:/128)?"

  good_network = "\"(?:${local.ipv4_block}|(?i:${local.ipv6_block}|${local.ipv6_address}))\""
}

# --- members, conditions and rules ------------------------------------------------------------------------------------

locals {
  good_members = {
    group    = "\"${local.character}+\""
    endpoint = "\"${local.character}+\""
    pattern  = "\"${local.character}*\""
    network  = local.good_network
    day      = "\"(?:${join("|", local.days)})\""

    # Those that are assigned and mean themselves in JSON and in a regular expression; [^\s\S] is what nothing matches.
    status = "\"(?:${join("|", concat(["[^\\s\\S]"], [for status in local.assigned : status if can(regex("^[0-9A-Za-z _-]+$", status))]))})\""
  }

  good_member = join("|", [for kind, member in local.good_members : "${kind} ${member}"])
  good_values = merge(
    { for kind, member in local.good_members : kind => "\\[(?:${member},?)+\\]" },
    { device = local.good_device, sessions = local.good_sessions, version = local.good_version, time = local.good_time },
  )

  good_conditions = {
    for list in ["rules", "posture_rules"] : list => "(?:,\"(?:unless|when)\":\\{(?:(?:${join("|", [
      for key, kind in local.conditions : "\"${key}\":${local.good_values[kind]}" if list == "rules" || !contains(local.access_conditions, key)
    ])}),?)+\\})*"
  }

  # What every rule ends with but for its conditions, and one that ends the oldest connections: its sessions are counted,
  # and what it asks for besides is in lists of texts.
  good_end        = ",\"name\":${local.good_name}(?:,\"shadow\":(?:true|false|null))?"
  good_deny       = "(?:,\"message\":(?:null|${local.good_message}))?${local.good_end}"
  good_texts      = "(?:\"(?:${join("|", [for key, kind in local.conditions : key if contains(["group", "endpoint", "pattern"], kind)])})\":\\[(?:\"${local.character}+\",?)+\\],?)*"
  good_end_oldest = "deny\",\"end_oldest\":true${local.good_deny},\"when\":\\{${local.good_texts}\"sessions\":${local.good_sessions},?${local.good_texts}"

  good_rules = {
    rules = join("", [
      "\\{\"effect\":\"(?:(?:allow\"(?:,\"end_oldest\":(?:false|null))?(?:,\"message\":null)?${local.good_end}",
      "|deny\"(?:,\"end_oldest\":(?:false|null))?${local.good_deny})${local.good_conditions.rules}|${local.good_end_oldest}\\})\\}",
    ])
    posture_rules = "\\{\"status\":${local.good_name}${local.good_conditions.posture_rules}\\}"
  }
}
