variable "name" {
  description = <<-EOT
    Name of the handler: the function is called `AWSClientVPN-<name>`. Letters, digits, hyphens and underscores, at
    most 51 characters.
  EOT
  type        = string
  nullable    = false
}

# `any`, because an object type would drop an attribute that it does not know without a word. modules/policy checks
# every key and every value.
variable "rules" {
  description = <<-EOT
    Access rules of the policy, in the order in which they are looked through. A list of objects; a key that is not
    known is an error at plan.
    - `name`: unique; it stands in the decision log and in messages.
    - `effect`: `allow` or `deny`. A deny rule that applies beats every allow rule; where no rule allows, the
      connection is denied.
    - `when`: conditions that must all hold. Default: always.
    - `unless`: conditions of which not all may hold. Default: never excluded.
    - `message`: of a deny rule: what the user is shown, at most 255 characters. Placeholders: `{rule}`,
      `{username}`, `{common_name}`, `{platform}`, `{platform_version}`, `{public_ip}`, `{connection_id}`,
      `{endpoint_id}`.
    - `shadow`: true leaves the rule out of the decision and records what it would have changed. Default false.
    - `end_oldest`: of a deny rule with a `sessions` condition in `when`: true ends the oldest of the other
      connections instead of denying. Default false.

    [The policy](#the-policy) has a table of conditions. `device` needs `device_inventory`, and `sessions` needs
    `session_limits`.
  EOT
  type        = any
}

variable "posture_rules" {
  description = <<-EOT
    Rules that assign posture compliance statuses, which stand in the connection log and which rules can name in a
    `posture` condition. A list of objects:
    - `status`: at most 255 characters; at most ten different ones.
    - `when`, `unless`: as in `rules`, without `posture` and `sessions`.
  EOT
  type        = any
  default     = []
}

variable "default_posture_status" {
  description = "Posture compliance status of a connection to which no posture rule applies. Default `null`: none."
  type        = string
  default     = null
}

variable "default_deny_message" {
  description = <<-EOT
    What a user is shown whom no rule with a `message` denies, at most 255 characters, with the placeholders of a
    rule's message. Default `null`: a text of the handler's own.
  EOT
  type        = string
  default     = null
}

variable "shadow_mode" {
  description = "Whether every connection is allowed while the decision log records what the policy would have done."
  type        = bool
  default     = false
  nullable    = false
}

variable "policy_bucket" {
  description = <<-EOT
    Bucket for a policy that is too large for the function's environment, which holds 4 KB, compressed: about a
    hundred rules. The policy is stored there as an object, and the function reads it from there if it does not fit.
    The bucket must have versioning: each version of the function reads the version of the object that it was
    published with, and verifies its digest. An object:
    - `name`: of the bucket.
    - `key_prefix`: what the object's key begins with, before `AWSClientVPN-<name>/policy.json.gz` (default: nothing).
    - `kms_key_arn`: of the key that encrypts the object, if it is one of yours; its key policy must let the role of
      the function decrypt (default: the bucket decides).
  EOT
  type = object({
    name        = string
    key_prefix  = optional(string, "")
    kms_key_arn = optional(string)
  })
  default = null
}

variable "policy_tests" {
  description = <<-EOT
    Test cases that a new version has to pass before any endpoint calls it. A case that fails stops the apply, and
    the old version keeps serving. A list of objects:
    - `name`: unique.
    - `request`: fields of a connection request under AWS's names, such as `username`, `groups` and
      `platform-version`; fields that are left out are empty.
    - `endpoint`: key of the endpoint that asks. Default: none.
    - `at`: time of the connection, RFC 3339. Default: the time of the apply.
    - `expect`: `effect` (`allow` or `deny`), and any of `reason`, `rule`, `posture` and `message`.
  EOT
  type        = any
  default     = []
}

variable "alias_versions" {
  description = <<-EOT
    Versions to which aliases are pinned: a map from endpoint key or `live` to an object. An alias that is not in
    the map serves the newest version. Rolling back is adding an entry, and going forward again is removing it. With
    every alias pinned, `live` among them, the deploy gate does not look at the newest version: such a rollback goes
    through whatever the policy is by now.
    - `version`: number of a version that was published before.
    - `canary_weight`: share of the connections, from 0 to less than 1, that the newest version decides instead.
      Default 0.
  EOT
  type = map(object({
    version       = string
    canary_weight = optional(number)
  }))
  default  = {}
  nullable = false
}

variable "log_redact" {
  description = <<-EOT
    Fields of the request that the decision log does not show: a keyed hash stands in for each value, in the
    request, the message and the answer. Any of `common_name`, `username`, `platform`, `platform_version`,
    `public_ip`, `client_openvpn_version`, `aws_client_version` and `groups`. The connection log is Client VPN's,
    and shows them all the same.
  EOT
  type        = set(string)
  default     = []
  nullable    = false
}

variable "log_redact_key" {
  description = <<-EOT
    Key of the hashes of `log_redact`, 16 characters or more; another key makes other hashes. The function gets its
    SHA-256.
  EOT
  type        = string
  default     = null
  sensitive   = true
}

variable "log_sample_allowed" {
  description = <<-EOT
    Share of the allowed connections, 0 to 1, that the decision log has in full. The others have effect, reason, rule
    and connection id. Metrics count every decision. The log has every denial in full, and every allow that a shadow
    rule or shadow mode touched.
  EOT
  type        = number
  default     = 1
  nullable    = false
}

variable "handler" {
  description = <<-EOT
    Options of the function; [modules/handler](modules/handler) has their defaults and limits.
    - `description`: description of the function.
    - `runtime`: `python3.11` to `python3.14` (for which the provider has to be of version 6). Default `python3.13`.
    - `architecture`: `arm64` (default) or `x86_64`.
    - `memory_size`: MB. Default 256.
    - `timeout`: seconds, at most 30. Default 10.
    - `reserved_concurrent_executions`: invocations that can run at once, set aside from the account's concurrency.
      Default: none set aside.
    - `provisioned_concurrency`: execution environments that are kept initialized, as a map from endpoint key or
      `live` to a number. The sum serves all.
    - `provisioned_concurrency_scaling`: `max`, `target_utilization` and `schedules`, by which that number is
      scaled. Default: it is fixed.
    - `snap_start`: starts environments from a snapshot instead. Default false.
    - `deploy_gate`: whether a new version has to pass `policy_tests`. Default true. A policy of more than 500 rules
      or 5,000 values needs it.
    - `bundle`: code of your own, with `local_path` or `s3` (`bucket`, `key`, `version`), `hash` and `handler`.
    - `log_group`: `retention_in_days` (default 365) and `kms_key_arn` of the decision log.
    - `role`: `name`, `path` and `permissions_boundary_arn` of the execution role.
    - `kms_key_arn`: KMS key for the function's environment.
    - `vpc`: `subnet_ids`, `security_group_ids`, `ipv6_allowed_for_dual_stack`.
    - `tracing_mode`: `Active` or `PassThrough`.
    - `code_signing_config_arn`: code signing configuration.
    - `create_service_linked_roles`: creates both roles of Client VPN, for an account that never had an endpoint.
      Default false.
  EOT
  type = object({
    description                    = optional(string)
    runtime                        = optional(string)
    architecture                   = optional(string)
    memory_size                    = optional(number)
    timeout                        = optional(number)
    reserved_concurrent_executions = optional(number)
    provisioned_concurrency        = optional(map(number))
    provisioned_concurrency_scaling = optional(object({
      max                = number
      target_utilization = optional(number)
      schedules = optional(map(object({
        schedule = string
        timezone = optional(string, "UTC")
        min      = optional(number)
        max      = optional(number)
      })), {})
    }))
    snap_start  = optional(bool)
    deploy_gate = optional(bool)
    bundle = optional(object({
      local_path = optional(string)
      s3 = optional(object({
        bucket  = string
        key     = string
        version = optional(string)
      }))
      hash    = optional(string)
      handler = optional(string)
    }))
    log_group = optional(object({
      retention_in_days = optional(number)
      kms_key_arn       = optional(string)
    }))
    role = optional(object({
      name                     = optional(string)
      path                     = optional(string)
      permissions_boundary_arn = optional(string)
    }))
    kms_key_arn = optional(string)
    vpc = optional(object({
      subnet_ids                  = set(string)
      security_group_ids          = set(string)
      ipv6_allowed_for_dual_stack = optional(bool)
    }))
    tracing_mode                = optional(string)
    code_signing_config_arn     = optional(string)
    create_service_linked_roles = optional(bool)
  })
  default  = {}
  nullable = false
}

variable "monitoring" {
  description = <<-EOT
    Alarms, dashboard and saved queries. Default `null`: none, and nothing that costs. `{}` creates all of them;
    [modules/monitoring](modules/monitoring) lists the alarms with their defaults.
    - `alarm_actions`: ARNs that an alarm notifies when it goes off, such as an SNS topic. Default: none.
    - `ok_actions`: ARNs that an alarm notifies when it is over. Default: none.
    - `alarms`: map from an alarm to what is different from its defaults: `enabled`, `threshold`, `period`,
      `evaluation_periods`, `datapoints_to_alarm`, `minimum_decisions`, `alarm_actions`, `ok_actions`.
    - `dashboard`: default true.
    - `queries`: default true.
  EOT
  type = object({
    alarm_actions = optional(list(string), [])
    ok_actions    = optional(list(string), [])
    alarms = optional(map(object({
      enabled             = optional(bool, true)
      threshold           = optional(number)
      period              = optional(number)
      evaluation_periods  = optional(number)
      datapoints_to_alarm = optional(number)
      minimum_decisions   = optional(number)
      alarm_actions       = optional(list(string))
      ok_actions          = optional(list(string))
    })), {})
    dashboard = optional(bool, true)
    queries   = optional(bool, true)
  })
  default = null
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
