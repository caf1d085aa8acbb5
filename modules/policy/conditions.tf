# Problems of conditions: of the blocks when and unless, of lists, and of version constraints.

locals {
  condition_problems = concat(
    [
      for block in local.blocks : "${block.where} ${local.found[block.json]}; ${local.advice.block}"
      if !startswith(block.json, "{")
    ],
    [for block in local.blocks : "${block.where} is empty; ${local.advice.block_empty}" if block.json == "{}"],

    # Lists
    [
      for list in local.lists : "${list.where} ${local.found[list.json]}; ${local.advice.list}"
      if !startswith(list.json, "[")
    ],
    [for list in local.lists : "${list.where} is empty; ${local.advice.list_empty}" if list.json == "[]"],
    [
      for member in local.members : "${member.where} ${local.found[member.json]}; ${local.advice.member}"
      if !startswith(member.json, "\"")
    ],
    # Patterns can be empty: an empty user name is that of a client without one.
    [
      for text in local.texts : "${text.where} is \"\"; ${local.advice[text.kind]}"
      if text.text == "" && contains(["endpoint", "group", "status"], text.kind)
    ],

    # Version constraints
    [
      for entry in local.checked_entries : "${entry.where} ${local.found[entry.json]}; ${local.advice.version}"
      if alltrue([
        entry.kind == "version",
        !(startswith(entry.json, "\"") && can(regex(local.version_pattern, jsondecode(entry.json)))),
      ])
    ],
  )

  version_pattern = "^${local.constraint_pattern}(,${local.constraint_pattern})*$"
}
