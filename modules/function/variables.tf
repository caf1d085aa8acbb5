# Messages leave the function's name out: where that is invalid too, Terraform would not show them.
variable "function_name" {
  description = "Name of the function."
  type        = string
  nullable    = false
}

variable "description" {
  description = "Description of the function, at most 256 characters."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description has ${length(var.description)} characters; Lambda takes at most 256: shorten it."
  }
}

variable "handler" {
  description = "Handler setting of the function, such as `connect_handler.handler.handler`."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment variables of the function."
  type        = map(string)
  nullable    = false
}

variable "publish" {
  description = "Whether each change of the function publishes a version."
  type        = bool
  default     = false
  nullable    = false
}

variable "timeout" {
  description = "Seconds after which Lambda ends an invocation."
  type        = number
  nullable    = false
}

variable "runtime" {
  description = <<-EOT
    Lambda runtime: `python3.11`, `python3.12`, `python3.13` or `python3.14`. The last needs version 6 of the provider.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.runtime)
    error_message = join(" ", [
      "runtime is \"${var.runtime}\";",
      "write \"python3.11\", \"python3.12\", \"python3.13\" or \"python3.14\".",
    ])
  }
}

variable "architecture" {
  description = "Instruction set: `arm64` or `x86_64`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is \"${var.architecture}\"; write \"arm64\" or \"x86_64\"."
  }
}

variable "memory_size" {
  description = "Memory in MB, 128 to 10240."
  type        = number
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size is ${var.memory_size}; write a whole number of MB from 128 to 10240."
  }
}

variable "reserved_concurrent_executions" {
  description = <<-EOT
    Number of invocations that can run at once, set aside from the account's concurrency. Default `null`: none set
    aside.
  EOT
  type        = number
  default     = null

  validation {
    condition = var.reserved_concurrent_executions == null || try(
      var.reserved_concurrent_executions >= 0 &&
      floor(var.reserved_concurrent_executions) == var.reserved_concurrent_executions,
      false
    )
    error_message = (
      "reserved_concurrent_executions must be a whole number from 0 upwards, or null for no reservation."
    )
  }
}

variable "snap_start" {
  description = "Whether Lambda starts published versions from a snapshot."
  type        = bool
  default     = false
  nullable    = false
}

variable "default_bundle" {
  description = "Path of the zip file that is the function's code where `bundle` is null."
  type        = string
  nullable    = false
}

variable "bundle" {
  description = <<-EOT
    Code of the caller's own. Exactly one of `local_path` and `s3`. Default `null`: `default_bundle`. An object:
    - `local_path`: path of a zip file on the machine that runs Terraform.
    - `s3`: object in an S3 bucket of the same Region.
      - `bucket`: name of the bucket.
      - `key`: key of the object.
      - `version`: version of the object, in a bucket with versioning.
    - `hash`: base64 of the SHA-256 of the zip, by which Terraform notices a change. Default: computed from
      `local_path`.
  EOT
  type = object({
    local_path = optional(string)
    s3 = optional(object({
      bucket  = string
      key     = string
      version = optional(string)
    }))
    hash = optional(string)
  })
  default = null

  validation {
    condition = var.bundle == null || try((var.bundle.local_path == null) != (var.bundle.s3 == null), false)
    error_message = join(" ", [
      "bundle must have exactly one of local_path and s3:",
      "remove one, or set bundle to null for the module's own bundle.",
    ])
  }

  validation {
    condition = try(var.bundle.local_path, null) == null || try(fileexists(var.bundle.local_path), false)
    error_message = join(" ", [
      "bundle.local_path is \"${try(coalesce(var.bundle.local_path), "")}\", where there is no file:",
      "build the zip first, and write its path relative to the working directory, or with path.module or path.root.",
    ])
  }

  validation {
    condition = (
      try(var.bundle.s3, null) == null ||
      try(var.bundle.s3.version, null) != null ||
      try(var.bundle.hash, null) != null
    )
    error_message = (
      "bundle.s3 needs s3.version or hash, without which Terraform would not notice that the object has changed."
    )
  }
}

variable "log_group" {
  description = <<-EOT
    Log group of the function, `/aws/lambda/<function_name>`. An object:
    - `retention_in_days`: 0 keeps the log for ever.
    - `kms_key_arn`: KMS key that encrypts the log; its key policy must allow CloudWatch Logs to use it.
  EOT
  type = object({
    retention_in_days = number
    kms_key_arn       = optional(string)
  })
  nullable = false

  validation {
    condition = contains(local.retention_in_days, var.log_group.retention_in_days)
    error_message = join(" ", [
      "log_group.retention_in_days is ${var.log_group.retention_in_days};",
      "write a number that CloudWatch Logs takes: ${join(", ", local.retention_in_days)} (0 keeps the log for ever).",
    ])
  }
}

variable "role" {
  description = <<-EOT
    Execution role of the function. An object:
    - `name`: default is a name that begins with the function's name and that IAM makes unique.
    - `path`: default `/`.
    - `permissions_boundary_arn`: policy that bounds the role.
  EOT
  type = object({
    name                     = optional(string)
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.role.name == null || can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role.name))
    error_message = "role.name must have 1 to 64 letters, digits or characters of +=,.@_- ; or leave it out."
  }

  validation {
    condition = can(regex("^/([!-~]+/)?$", var.role.path))
    error_message = join(" ", [
      "role.path is \"${var.role.path}\";",
      "write a path that begins and ends with a slash, such as \"/network/\".",
    ])
  }
}

variable "role_policy_name" {
  description = "Name of the role's policy."
  type        = string
  nullable    = false
}

# `any`, because statements differ in their attributes.
variable "statements" {
  description = <<-EOT
    Statements of the role's policy, besides those for the log and for traces, as objects of the policy's JSON.
  EOT
  type        = any
  nullable    = false
}

variable "role_policies" {
  description = "Ids of further policies of the role, without which the function shall not be there."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the function's environment. Default: Lambda's own key."
  type        = string
  default     = null

  validation {
    condition = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = join(" ", [
      "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>),",
      "not an alias or an id: the role's permission names the key.",
    ])
  }
}

variable "vpc" {
  description = <<-EOT
    Puts the function into a VPC. Default `null`: outside of one. An object:
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

  validation {
    condition = var.vpc == null || try(
      length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0,
      false
    )
    error_message = join(" ", [
      "vpc needs at least one of subnet_ids and at least one of security_group_ids;",
      "set vpc to null for a function outside a VPC.",
    ])
  }
}

variable "tracing_mode" {
  description = <<-EOT
    AWS X-Ray: `Active` samples invocations, and lets the role write traces; `PassThrough` follows the caller.
    Default `null`: Lambda's default, which is `PassThrough`.
  EOT
  type        = string
  default     = null

  validation {
    condition = (
      var.tracing_mode == null ||
      contains(["Active", "PassThrough"], coalesce(var.tracing_mode, "PassThrough"))
    )
    error_message = "tracing_mode must be \"Active\", \"PassThrough\" or null."
  }
}

variable "code_signing_config_arn" {
  description = "Code signing configuration of the function."
  type        = string
  default     = null

  validation {
    condition = (
      var.code_signing_config_arn == null ||
      can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:code-signing-config:", var.code_signing_config_arn))
    )
    error_message = join(" ", [
      "code_signing_config_arn must be the ARN of a Lambda code signing configuration",
      "(arn:aws:lambda:<region>:<account>:code-signing-config:<id>).",
    ])
  }
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

locals {
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
  retention_in_days = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ]
}
