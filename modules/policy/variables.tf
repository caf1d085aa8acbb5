# The policy variables are of type any: an object type would drop an attribute that it does not know in silence, so that
# a mistyped condition would widen an allow rule to everybody. problems.tf checks every key and every value instead.

variable "rules" {
  description = <<-EOT
    Access rules, in the order in which they are looked through. A list of objects:
    - `name`: unique; it stands in the decision log and in messages.
    - `effect`: `allow` or `deny`. A deny rule that applies beats every allow rule; where no rule allows, the
      connection is denied.
    - `when`: object of conditions that must all hold (default: always).
    - `unless`: object of conditions of which not all may hold (default: never excluded).
    - `message`: of a deny rule: what the user is shown, at most 255 characters. Placeholders: `{rule}`, `{username}`,
      `{common_name}`, `{platform}`, `{platform_version}`, `{public_ip}`, `{connection_id}`, `{endpoint_id}`.
    - `shadow`: `true` leaves the rule out of the decision and records what it would have changed (default: `false`).
    - `end_oldest`: of a deny rule with a `sessions` condition in `when`: `true` ends the oldest of the other
      connections instead of denying, so that the condition no longer holds (default: `false`).
  EOT
  type        = any
}

variable "posture_rules" {
  description = <<-EOT
    Rules that assign posture compliance statuses, which stand in the connection log and which rules can name in a
    `posture` condition. A list of objects:
    - `status`: at most 255 characters; at most 10 distinct ones in all.
    - `when`, `unless`: as in `rules`, without `posture` and `sessions`.
  EOT
  type        = any
  default     = []
}

variable "default_posture_status" {
  description = "Posture compliance status of a connection to which no posture rule applies. Null assigns none."
  type        = string
  default     = null
}

variable "default_deny_message" {
  description = <<-EOT
    Message for denied users when the deciding rule has none; at most 255 characters, with the placeholders of a rule's
    `message`. `{rule}` is `implicit-deny` where no rule allows.
  EOT
  type        = string
  default     = "Access denied. Contact your administrator and quote {connection_id}."
  nullable    = false
}

variable "shadow_mode" {
  description = "Allow every connection, and record in the decision log what the policy would have done."
  type        = bool
  default     = false
  nullable    = false
}

variable "reserved_bytes" {
  description = <<-EOT
    Bytes of the function's environment that other variables take: the output `reserved_environment_bytes` of
    modules/handler.
  EOT
  type        = number
  default     = 0
  nullable    = false
}

variable "has_bucket" {
  description = <<-EOT
    Whether the function can read the policy from a bucket if its environment has no room for it: `policy_bucket` of
    modules/handler.
  EOT
  type        = bool
  default     = false
  nullable    = false
}

variable "deploy_gate" {
  description = <<-EOT
    Whether the function has a deploy gate: `deploy_gate` of modules/handler. Of a policy of more than 500 rules or
    5,000 values the plan checks the shape only, and refuses it without a gate that checks the rest.
  EOT
  type        = bool
  default     = true
  nullable    = false
}
