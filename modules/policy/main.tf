locals {
  # Each once: they can be megabytes.
  json = { rules = jsonencode(var.rules), posture_rules = jsonencode(var.posture_rules) }

  document = "{${join(",", [
    for key, json in merge(local.json, {
      default_deny_message   = jsonencode(var.default_deny_message)
      default_posture_status = jsonencode(var.default_posture_status)
      shadow_mode            = jsonencode(var.shadow_mode)
    }) : "\"${key}\":${json}" if !contains(["null", "\"\"", "[]", "false"], json)
  ])}}"

  # jsonencode writes <, > and & as six characters each, \u003c, \u003e and \u0026, and version constraints are full of
  # them. It writes two separators of lines as \u2028 and \u2029. A doubled backslash belongs to the text. No control
  # character is left, so one can stand in for it.
  plain = [
    for text in concat([local.document], sort(local.problems)) :
    replace(replace(replace(replace(replace(replace(replace(text,
      "\\\\", "\u0001"), "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&"),
      "\\u2028", "\u2028"), "\\u2029", "\u2029"), "\u0001", "\\\\"
    )
  ]
  text           = local.plain[0]
  packed         = base64gzip(local.text)
  plain_problems = slice(local.plain, 1, length(local.plain))

  # Lambda measures the environment as a JSON object, {"POLICY":"..."}, in which each quote and each backslash of the
  # policy takes two bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  # JSON is measured to the first character that is one too many: to count megabytes takes seconds.
  max_bytes = 4096
  sizes = {
    for form, value in { json = substr(local.text, 0, local.max_bytes + 1), gzip = local.packed } : form => sum([
      length("{\"POLICY\":\"\"}"),
      # Its bytes: length counts characters.
      length(base64encode(value)) / 4 * 3 - length(regexall("=", base64encode(value))),
      length(regexall("[\"\\\\]", value)),
    ])
  }
  max_policy  = local.max_bytes - var.reserved_bytes
  plain_fits  = local.sizes.json <= local.max_policy
  packed_fits = local.sizes.gzip <= local.max_policy
  environment = local.plain_fits ? local.text : local.packed_fits ? local.packed : null
  size        = local.plain_fits ? local.sizes.json : local.sizes.gzip
}
