# Problems of the conditions that look at evidence: device and sessions.

locals {
  device_problems = concat(
    [
      for entry in local.checked_entries : "${entry.where} ${local.found[entry.json]}; ${local.advice.device}"
      if entry.kind == "device" && !startswith(entry.json, "{")
    ],
    [
      for entry in local.checked_entries : "${entry.where} is empty; ${local.advice.device_empty}"
      if entry.kind == "device" && entry.json == "{}"
    ],
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; ${local.advice.device_flag}"
      if contains(["owner_is_user", "registered"], device.key) && !contains(["true", "false"], device.json)
    ],
    [
      for device in local.devices : join("; ", [
        "${device.of} asks for a device that is not registered and for what only a registered one has",
        local.advice.unregistered,
      ])
      if device.key == "registered" && device.json == "false" && contains(local.registered_only, device.of)
    ],
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; ${local.advice.max_age_hours}"
      if device.key == "max_age_hours" && !try(
        startswith(device.json, "\"") ? false : (
          jsondecode(device.json) > 0 && jsondecode(device.json) <= local.max_age_hours
        ),
        false
      )
    ],
    [
      for device in local.devices : "${device.where} ${local.found[device.json]}; ${local.advice.attributes}"
      if device.key == "attributes" && !startswith(device.json, "{")
    ],
    [
      for device in local.devices : "${device.where} is empty; ${local.advice.attributes_empty}"
      if device.key == "attributes" && device.json == "{}"
    ],
  )

  # Conditions that ask for what only a registered device has.
  registered_only = toset([
    for device in local.devices : device.of
    if device.key != "registered" && contains(local.device_keys, device.key)
  ])

  session_problems = concat(
    [
      for entry in local.checked_entries : "${entry.where} ${local.found[entry.json]}; ${local.advice.sessions}"
      if entry.kind == "sessions" && !startswith(entry.json, "{")
    ],
    [
      for count in local.counts : "${count.where} ${local.found[count.json]}; ${local.advice.by}"
      if count.key == "by" && !contains([for name in local.session_names : jsonencode(name)], count.json)
    ],
    [
      for count in local.counts : "${count.where} ${local.found[count.json]}; ${local.advice.at_least}"
      if count.key == "at_least" && !try(
        startswith(count.json, "\"") ? false : (
          contains(range(1, local.max_sessions + 1), jsondecode(count.json))
        ),
        false
      )
    ],
  )
}
