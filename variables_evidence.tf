# What the policy looks at besides the request, and connections that have to stay authorized.

variable "device_inventory" {
  description = <<-EOT
    Table of devices, by the common names of their certificates, in which conditions `device` of the policy are
    looked up. Default `null`: none, and a policy with such a condition is refused. `{}` makes a table,
    `AWSClientVPN-<name>-devices`, which `cvpn devices` fills; [modules/device_inventory](modules/device_inventory)
    says what its items look like. An object:
    - `kms_key_arn`: KMS key that encrypts the table. Default: AWS's own key for DynamoDB.
    - `point_in_time_recovery`: whether the table can be restored to any second of the last 35 days. Default true.
    - `deletion_protection_enabled`: whether DynamoDB refuses to delete the table. Default false.
    - `table`: a table of your own instead, in the same account and Region, whose only key is the common name as the
      certificate has it.
      - `name`: of the table.
      - `kms_key_arn`: KMS key that encrypts it, if it is one of yours.
      - `attribute_names`: its attributes where they are called otherwise, as a map from `common_name` (the key),
        `status`, `owner`, `platform`, `serial`, `attributes`, `updated_at` or `expires_at`.
  EOT
  type = object({
    kms_key_arn                 = optional(string)
    point_in_time_recovery      = optional(bool)
    deletion_protection_enabled = optional(bool)
    table = optional(object({
      name            = string
      kms_key_arn     = optional(string)
      attribute_names = optional(map(string))
    }))
  })
  default = null

  validation {
    condition = try(var.device_inventory.table, null) == null || alltrue([
      for option in ["kms_key_arn", "point_in_time_recovery", "deletion_protection_enabled"] :
      try(var.device_inventory[option], null) == null
    ])
    error_message = join(" ", [
      "device_inventory names a table of your own, and has options of the table that the module would make: remove",
      "kms_key_arn, point_in_time_recovery and deletion_protection_enabled (table.kms_key_arn is the key of yours), or",
      "remove table.",
    ])
  }

  validation {
    condition = can(regex("^[A-Za-z0-9_.-]{3,255}$", try(coalesce(var.device_inventory.table.name), "none")))
    error_message = join(" ", [
      "device_inventory.table.name is \"${try(var.device_inventory.table.name, "")}\"; write the name of a table, of 3",
      "to 255 letters, digits, underscores, hyphens and dots, not its ARN.",
    ])
  }
}

variable "session_limits" {
  description = <<-EOT
    Counts active connections, for conditions `sessions` of the policy. Default `null`: nothing is counted or kept,
    and a policy with such a condition is refused. `{}` turns it on, with a table for the active connections, and
    lets the function end connections of `endpoints` and `existing_endpoints`, for rules with `end_oldest`.
  EOT
  type        = object({})
  default     = null
}

variable "reauthorization" {
  description = <<-EOT
    Keeps connections authorized. A second function decides again on each active connection, on a schedule and after
    each change of the policy. It ends the connections that the policy denies now. Default `null`: a connection stays
    until it ends by itself. `{}` turns it on; [modules/reauthorization](modules/reauthorization)
    has the limits. `name` then has at most 39 characters. An object:
    - `schedule`: `rate(...)` or `cron(...)`. Default `rate(5 minutes)`.
    - `brake`: a run that would end more connections than this ends none, and an alarm goes off.
      - `share`: share of the connections. Default 0.1.
      - `floor`: number that may always be ended. Default 5.
    - `terminations_per_second`: how many connections are ended in a second. Default 5.
    - `memory_size`: MB. Default 512.
    - `reserved_concurrent_executions`: runs that can be made at once, set aside from the account's concurrency.
      Default: none set aside.
    - `log_group`: `retention_in_days` (default 365) and `kms_key_arn` of the function's log.
    - `role`: `name`, `path` and `permissions_boundary_arn` of the execution role.
  EOT
  type = object({
    schedule = optional(string)
    brake = optional(object({
      share = optional(number, 0.1)
      floor = optional(number, 5)
    }))
    terminations_per_second        = optional(number)
    memory_size                    = optional(number)
    reserved_concurrent_executions = optional(number)
    log_group = optional(object({
      retention_in_days = optional(number)
      kms_key_arn       = optional(string)
    }))
    role = optional(object({
      name                     = optional(string)
      path                     = optional(string)
      permissions_boundary_arn = optional(string)
    }))
  })
  default = null
}

variable "connections_table" {
  description = <<-EOT
    Options of the table of active connections, `AWSClientVPN-<name>-connections`, which is made where
    `session_limits` or `reauthorization` is set. An object:
    - `kms_key_arn`: KMS key that encrypts the table. Default: AWS's own key for DynamoDB.
    - `point_in_time_recovery`: whether the table can be restored to any second of the last 35 days. Default false:
      its items live as long as sessions.
  EOT
  type = object({
    kms_key_arn            = optional(string)
    point_in_time_recovery = optional(bool, false)
  })
  default  = {}
  nullable = false
}
