# Problems of time conditions.

locals {
  time_problems = concat(
    [
      for entry in local.checked_entries : "${entry.where} ${local.found[entry.json]}; ${local.advice.time}"
      if entry.kind == "time" && !startswith(entry.json, "{")
    ],
    [
      for entry in local.time_objects : "${entry.where} names no time; ${local.advice.time_empty}"
      if length(setsubtract(entry.keys, ["timezone"])) == 0
    ],

    # Days and hours
    [
      for text in local.texts : "${text.where} is ${text.json}; ${local.advice.day}"
      if text.kind == "day" && !contains(local.days, text.text)
    ],
    flatten([
      for entry in local.time_objects : [
        for pair in [["start", "end"], ["end", "start"]] :
        "${entry.where} has ${pair[0]} without ${pair[1]}; ${local.advice.hours}"
        if contains(entry.keys, pair[0]) && !contains(entry.keys, pair[1])
      ]
    ]),
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; ${local.advice.clock}"
      if alltrue([
        contains(["start", "end"], time.key),
        !(time.key == "end" && time.json == "\"24:00\""),
        !(startswith(time.json, "\"") && can(regex(local.clock_pattern, jsondecode(time.json)))),
      ])
    ],
    [
      for time in local.times : "${time.of} has equal start and end, ${time.json}; ${local.advice.equal_hours}"
      if alltrue([
        time.key == "end" && startswith(time.json, "\"") && can(regex(local.clock_pattern, jsondecode(time.json))),
        try(local.starts[time.of], "") == time.json,
      ])
    ],

    # Time zones and instants
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; ${local.advice.timezone}"
      if alltrue([
        time.key == "timezone",
        !(startswith(time.json, "\"") && can(regex(local.zone_pattern, jsondecode(time.json)))),
      ])
    ],
    [
      for time in local.times : "${time.where} ${local.found[time.json]}; ${local.advice.instant}"
      if contains(["not_before", "not_after"], time.key) && !alltrue([
        startswith(time.json, "\""),
        can(regex(local.instant_pattern, jsondecode(time.json))),
        can(timecmp(jsondecode(time.json), jsondecode(time.json))), # whether the calendar has the day
      ])
    ],
  )

  time_objects = [
    for entry in local.checked_entries : { where = entry.where, keys = keys(jsondecode(entry.json)) }
    if entry.kind == "time" && startswith(entry.json, "{")
  ]
  starts = { for time in local.times : time.of => time.json if time.key == "start" }
}
