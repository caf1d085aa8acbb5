# Options of the function itself: modules/function checks them.

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
    Memory in MB, 128 to 10240. CPU time comes in proportion. The handler needs less than 64 MB; the default gives
    it twice the CPU share of the smallest function, which shortens a decision after a cold start, at a price that
    does not matter for one call per connection.
  EOT
  type        = number
  default     = 256
  nullable    = false
}

variable "timeout" {
  description = <<-EOT
    Seconds after which Lambda ends an invocation, 1 to 30. Client VPN waits 30 seconds and then denies the
    connection; ending earlier leaves an error in the function's log that says so.
  EOT
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition = var.timeout >= 1 && var.timeout <= 30 && floor(var.timeout) == var.timeout
    error_message = join(" ", [
      "timeout is ${var.timeout}; write a whole number of seconds from 1 to 30: Client VPN waits for the handler no",
      "longer than 30 seconds.",
    ])
  }
}

variable "reserved_concurrent_executions" {
  description = <<-EOT
    Number of invocations of the function that can run at once, set aside from the account's concurrency. Default
    `null`: none set aside, no limit of its own. `0` stops the function, and with it every new connection. Lambda
    takes no number below what is provisioned: remove `provisioned_concurrency` in an apply before.
  EOT
  type        = number
  default     = null
}

variable "snap_start" {
  description = <<-EOT
    Whether Lambda initializes each version once, when it is published, and starts execution environments from a
    snapshot of that: shorter cold starts without provisioned concurrency, with which Lambda does not combine it.
    Needs `python3.12` or newer, and costs for each version that is kept. The document
    [sizing](../../docs/sizing.md) compares the two. The provider does not wait for the snapshot of a new function's
    first version: if the first apply stops at the deploy gate because that is not ready, apply again.
  EOT
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.snap_start || length(var.provisioned_concurrency) == 0
    error_message = "snap_start and provisioned_concurrency are both set, which Lambda refuses: remove one of them."
  }

  validation {
    condition = !var.snap_start || var.runtime != "python3.11"
    error_message = (
      "snap_start needs the runtime python3.12 or newer, and runtime is \"${var.runtime}\": write \"python3.13\"."
    )
  }
}

variable "bundle" {
  description = <<-EOT
    Code of your own instead of the bundle that comes with the module. Exactly one of `local_path` and `s3`.
    - `local_path`: path of a zip file on the machine that runs Terraform.
    - `s3`: object in an S3 bucket of the same Region.
      - `bucket`: name of the bucket.
      - `key`: key of the object.
      - `version`: version of the object, in a bucket with versioning.
    - `hash`: base64 of the SHA-256 of the zip, by which Terraform notices a change. Default: computed from
      `local_path`. With `s3`, give `hash` or `s3.version`.
    - `handler`: handler setting of the function. Default `connect_handler.handler.handler`.
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
    Log group of the function, `/aws/lambda/AWSClientVPN-<name>`, which holds the decision log.
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
    - `name`: default is a name that begins with `AWSClientVPN-<name>-` and that IAM makes unique, so that handlers
      of one name can live in several Regions.
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
    KMS key that encrypts the function's environment, and with it the policy. The role is allowed to decrypt with
    it. Default: Lambda's own key.
  EOT
  type        = string
  default     = null
}

variable "vpc" {
  description = <<-EOT
    Puts the function into a VPC. Needed only by a bundle of your own that looks something up there: the handler
    itself needs no network, but for `device_table`, `connections` and a policy in `policy_bucket`, which from a VPC
    take endpoints for DynamoDB, EC2 and S3.
    - `subnet_ids`: subnets of the function.
    - `security_group_ids`: security groups of the function.
    - `ipv6_allowed_for_dual_stack`: whether the function may use IPv6 in dual-stack subnets. Default false.
  EOT
  type = object({
    subnet_ids                  = set(string)
    security_group_ids          = set(string)
    ipv6_allowed_for_dual_stack = optional(bool, false)
  })
  default = null
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
    Code signing configuration of the function. The bundle that comes with the module is not signed: sign it and
    pass it as `bundle.s3`.
  EOT
  type        = string
  default     = null
}

variable "create_service_linked_roles" {
  description = <<-EOT
    Whether to create the roles `AWSServiceRoleForClientVPN` and `AWSServiceRoleForClientVPNConnections`. An account
    has each of them once. AWS makes both with the account's first endpoint: say true only for an account that never
    had one, or import them first. They can be destroyed only when the account has no endpoint left.
  EOT
  type        = bool
  default     = false
  nullable    = false
}
