variable "name" {
  description = <<-EOT
    Name of the handler. The function is called `ClientVPNReauthorization-<name>`: Client VPN may invoke what is
    called `AWSClientVPN-…`, and is not to invoke this one. Letters, digits, hyphens and underscores, at most 39
    characters.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[A-Za-z0-9_-]{1,39}$", var.name))
    error_message = join(" ", [
      "name is \"${var.name}\" (${length(var.name)} characters); with reauthorization, write 1 to 39 letters, digits,",
      "hyphens and underscores. With the prefix ClientVPNReauthorization- it becomes the function's name, which Lambda",
      "limits to 64 characters.",
    ])
  }
}

variable "function_name" {
  description = "Name of the connect handler's function: the output `function_name` of modules/handler."
  type        = string
  nullable    = false
}

variable "function_arn" {
  description = <<-EOT
    ARN of the connect handler's function without a qualifier: the output `function_arn` of modules/handler.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:function:[^:]+$", var.function_arn))
    error_message = join(" ", [
      "function_arn is \"${var.function_arn}\"; write the ARN of a function without a qualifier: the output",
      "function_arn of modules/handler.",
    ])
  }
}

variable "existing_endpoints" {
  description = <<-EOT
    Client VPN endpoints whose connections are re-authorized, by a key of your own. A map of objects:
    - `id`: id of the endpoint.
    - `alias`: alias of the connect handler that the endpoint calls. Default `live`.
    - `mutual`, `saml`, `connection_log_group_name`: what [modules/monitoring](../monitoring) looks at.
  EOT
  type = map(object({
    id                        = string
    alias                     = optional(string, "live")
    mutual                    = optional(bool, false)
    saml                      = optional(bool, false)
    connection_log_group_name = optional(string)
  }))
  nullable = false

  validation {
    condition = alltrue([
      for endpoint in values(var.existing_endpoints) : can(regex("^cvpn-endpoint-[0-9a-f]+$", endpoint.id))
    ])
    error_message = format(
      "existing_endpoints has %s; write ids of Client VPN endpoints, such as \"cvpn-endpoint-0123456789abcdef0\".",
      join(", ", [
        for endpoint in values(var.existing_endpoints) : "\"${endpoint.id}\""
        if !can(regex("^cvpn-endpoint-[0-9a-f]+$", endpoint.id))
      ]),
    )
  }

  validation {
    condition     = length(distinct(values(var.existing_endpoints)[*].id)) == length(var.existing_endpoints)
    error_message = "existing_endpoints has one endpoint under two keys: remove one."
  }
}

variable "policy_digest" {
  description = <<-EOT
    Digest of the policy: the output `digest` of modules/policy. When it changes, active connections are
    re-authorized at once.
  EOT
  type        = string
  nullable    = false
}

variable "versions" {
  description = <<-EOT
    Versions that the aliases serve: the output `alias_versions` of modules/handler. When one changes, active
    connections are re-authorized at once.
  EOT
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "connections" {
  description = <<-EOT
    Table in which the connect handler keeps active connections. An object, as that of [modules/handler](../handler):
    - `table_name`: name of the table. [modules/connections_table](../connections_table) has this object as an output.
    - `table_arn`: its ARN.
    - `kms_key_arn`: KMS key that encrypts it, if it is one of yours.
    - `requests`: whether each connection's request is kept with it. The handler needs true for re-authorization.
  EOT
  type = object({
    table_name  = string
    table_arn   = string
    kms_key_arn = optional(string)
    requests    = optional(bool, false)
  })
  nullable = false
}

variable "device_table" {
  description = <<-EOT
    Table in which conditions `device` of the policy are looked up. Default `null`: none. An object, as that of
    [modules/handler](../handler):
    - `table_name`: name of the table. [modules/device_inventory](../device_inventory) has this object as an output.
    - `table_arn`: its ARN.
    - `kms_key_arn`: KMS key that encrypts it, if it is one of yours.
    - `attribute_names`, `exact`: how the table is read; the handler's environment has them.
  EOT
  type = object({
    table_name      = string
    table_arn       = string
    kms_key_arn     = optional(string)
    attribute_names = optional(map(string), {})
    exact           = optional(bool, false)
  })
  default = null
}

variable "stored_policy" {
  description = <<-EOT
    Object in which a policy is stored that is too large for the connect handler's environment: the output
    `stored_policy` of modules/handler. Default `null`: there is none. An object:
    - `arn`: its ARN.
    - `kms_key_arn`: KMS key that encrypts it, if it is one of yours.
  EOT
  type = object({
    arn         = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "schedule" {
  description = <<-EOT
    When active connections are re-authorized, besides after each change of the policy: `rate(...)` or `cron(...)`,
    the latter in UTC.
  EOT
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false

  validation {
    condition = can(regex(
      "^(rate\\(1 (minute|hour|day)\\)|rate\\(([2-9]|[1-9][0-9]+) (minutes|hours|days)\\)|cron\\([^()]+\\))$",
      var.schedule,
    ))
    error_message = join(" ", [
      "schedule (in the root module: of reauthorization) is \"${var.schedule}\"; write one that EventBridge takes,",
      "such as \"rate(5 minutes)\", \"rate(1 hour)\" or \"cron(0/15 6-20 ? * MON-FRI *)\".",
    ])
  }
}

variable "brake" {
  description = <<-EOT
    How many connections one run may end. Where more would have to go, it ends none, and an alarm goes off: a broken
    import of devices must not disconnect a company. `cvpn reauthorize --confirm` lets them go.
    - `share`: share of the connections that were looked at, 0 to 1. Default 0.1.
    - `floor`: number that may always be ended, however few there are. Default 5.
  EOT
  type = object({
    share = optional(number, 0.1)
    floor = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition = var.brake.share >= 0 && var.brake.share <= 1
    error_message = join(" ", [
      "brake.share (in the root module: of reauthorization) is ${var.brake.share}; write a share from 0 to 1, such as",
      "0.1 for a tenth of the connections.",
    ])
  }

  validation {
    condition = var.brake.floor >= 0 && floor(var.brake.floor) == var.brake.floor
    error_message = join(" ", [
      "brake.floor (in the root module: of reauthorization) is ${var.brake.floor}; write a whole number of",
      "connections, 0 or more.",
    ])
  }
}

variable "terminations_per_second" {
  description = <<-EOT
    How many connections are ended in a second. EC2 limits the rate of such calls for the whole account, and what is
    beyond it is refused, also to others.
  EOT
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition = var.terminations_per_second > 0 && var.terminations_per_second <= 100
    error_message = join(" ", [
      "terminations_per_second (in the root module: of reauthorization) is ${var.terminations_per_second}; write a",
      "number above 0 and at most 100.",
    ])
  }
}

variable "runtime" {
  description = <<-EOT
    Lambda runtime: `python3.11`, `python3.12`, `python3.13` or `python3.14`; the last needs version 6 of the
    provider, as 5.100 does not know it.
  EOT
  type        = string
  default     = "python3.13"
  nullable    = false
}

variable "architecture" {
  description = "Instruction set: `arm64` or `x86_64`. The bundle is pure Python and runs on both."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "memory_size" {
  description = <<-EOT
    Memory in MB, 128 to 10240. CPU time comes in proportion: with more of it, a run over many connections is
    shorter.
  EOT
  type        = number
  default     = 512
  nullable    = false
}

variable "reserved_concurrent_executions" {
  description = <<-EOT
    Number of runs that can be made at once, set aside from the account's concurrency: 1 keeps a run after a change
    of the policy from overlapping with one of the schedule, and 0 switches the function off. Default `null`: none
    set aside.
  EOT
  type        = number
  default     = null
}

variable "bundle" {
  description = <<-EOT
    Code of your own instead of the bundle that comes with modules/handler, such as that bundle, signed. It has to
    have `connect_handler.reauthorization.handler.handler`. Exactly one of `local_path` and `s3`.
    - `local_path`: path of a zip file on the machine that runs Terraform.
    - `s3`: object in an S3 bucket of the same Region: `bucket`, `key` and `version`.
    - `hash`: base64 of the SHA-256 of the zip, by which Terraform notices a change. Default: computed from
      `local_path`.
    - `handler`: of the connect handler; it means nothing here.
  EOT
  type = object({
    local_path = optional(string)
    s3 = optional(object({
      bucket  = string
      key     = string
      version = optional(string)
    }))
    hash    = optional(string)
    handler = optional(string, "connect_handler.handler.handler")
  })
  default = null
}

variable "log_group" {
  description = <<-EOT
    Log group of the function, `/aws/lambda/ClientVPNReauthorization-<name>`, which holds what each run did.
    - `retention_in_days`: default 365; 0 keeps the log for ever.
    - `kms_key_arn`: KMS key that encrypts the log; its key policy must allow CloudWatch Logs to use it.
  EOT
  type = object({
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
  })
  default  = {}
  nullable = false
}

variable "role" {
  description = <<-EOT
    Execution role of the function.
    - `name`: default is a name that begins with `ClientVPNReauthorization-` and that IAM makes unique, so that
      handlers of one name can live in several Regions.
    - `path`: default `/`. With a `name`, a change of the path needs another name too: the old role goes only after
      the new one is made.
    - `permissions_boundary_arn`: policy that bounds the role.
  EOT
  type = object({
    name                     = optional(string)
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false
}

variable "kms_key_arn" {
  description = <<-EOT
    KMS key that encrypts the environment of the connect handler, which the role is allowed to read with it, and
    that of this function. Default: Lambda's own key.
  EOT
  type        = string
  default     = null
}

variable "tracing_mode" {
  description = <<-EOT
    AWS X-Ray: `Active` samples invocations, and lets the role write traces; `PassThrough` follows the caller.
    Default `null`: Lambda's default, which is `PassThrough`.
  EOT
  type        = string
  default     = null
}

variable "code_signing_config_arn" {
  description = <<-EOT
    Code signing configuration of the function. The bundle that comes with modules/handler is not signed: sign it
    and pass it as `bundle.s3`.
  EOT
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
