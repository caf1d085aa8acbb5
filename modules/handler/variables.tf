variable "name" {
  description = <<-EOT
    Name of the handler. The function is called `AWSClientVPN-<name>`: Client VPN invokes no function whose name begins otherwise.
    Letters, digits, hyphens and underscores, at most 51 characters.
  EOT
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,51}$", var.name))
    error_message = "name is \"${var.name}\" (${length(var.name)} characters); write 1 to 51 letters, digits, hyphens and underscores. With the prefix AWSClientVPN- it becomes the function's name, which Lambda limits to 64 characters."
  }

  validation {
    condition     = !startswith(var.name, "AWSClientVPN-")
    error_message = "name is \"${var.name}\"; leave the prefix away and write \"${trimprefix(var.name, "AWSClientVPN-")}\": the module adds AWSClientVPN- itself."
  }
}

variable "description" {
  description = "Description of the function, at most 256 characters."
  type        = string
  default     = "Client connect handler of AWS Client VPN: decides which connections are established."
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description has ${length(var.description)} characters; Lambda takes at most 256: shorten it."
  }
}

variable "policy" {
  description = "Value of the function's environment variable `POLICY`: the output `environment` of modules/policy. A change publishes a new version and moves every alias to it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.policy) > 0
    error_message = "policy is empty, with which the handler denies every connection; pass the output `environment` of modules/policy."
  }
}

variable "aliases" {
  description = <<-EOT
    Names of the aliases that the function gets in addition to `live`, one per Client VPN endpoint: the endpoint's key.
    An endpoint that calls the function through its alias can be named in the policy (`when = { endpoint = ["<alias>"] }`) before it has an id.
  EOT
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for alias in var.aliases : can(regex("^[A-Za-z0-9_-]{1,128}$", alias)) && !can(regex("^[0-9]+$", alias))
    ])
    error_message = "aliases (in the root module: the keys of endpoints) must be names that Lambda takes for an alias: 1 to 128 letters, digits, hyphens and underscores, not digits alone. Rename: ${join(", ", [for alias in var.aliases : "\"${alias}\"" if !can(regex("^[A-Za-z0-9_-]{1,128}$", alias)) || can(regex("^[0-9]+$", alias))])}."
  }

  validation {
    condition     = !contains(var.aliases, "live")
    error_message = "aliases (in the root module: the keys of endpoints) contains \"live\", which always exists and serves endpoints made elsewhere; choose another name."
  }
}

variable "runtime" {
  description = "Lambda runtime: `python3.11`, `python3.12`, `python3.13` or `python3.14`; the last needs version 6 of the provider, as 5.100 does not know it."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13", "python3.14"], var.runtime)
    error_message = "runtime is \"${var.runtime}\"; write \"python3.11\", \"python3.12\", \"python3.13\" or \"python3.14\"."
  }
}

variable "architecture" {
  description = "Instruction set: `arm64` or `x86_64`. The bundle is pure Python and runs on both."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is \"${var.architecture}\"; write \"arm64\" or \"x86_64\"."
  }
}

variable "memory_size" {
  description = <<-EOT
    Memory in MB, 128 to 10240. CPU time comes in proportion. The handler needs less than 64 MB; the default gives it twice the
    CPU share of the smallest function, which shortens a decision after a cold start, at a price that does not matter for one call per connection.
  EOT
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size is ${var.memory_size}; write a whole number of MB from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds after which Lambda ends an invocation, 1 to 30. Client VPN waits 30 seconds and then denies the connection; ending earlier leaves an error in the function's log that says so."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 30 && floor(var.timeout) == var.timeout
    error_message = "timeout is ${var.timeout}; write a whole number of seconds from 1 to 30: Client VPN waits for the handler no longer than 30 seconds."
  }
}

variable "reserved_concurrent_executions" {
  description = <<-EOT
    Number of invocations of the function that can run at once, set aside from the account's concurrency. Default `null`: none set aside, no limit of its own.
    `0` stops the function, and with it every new connection.
  EOT
  type        = number
  default     = null

  validation {
    condition = var.reserved_concurrent_executions == null || try(
      var.reserved_concurrent_executions >= 0 && floor(var.reserved_concurrent_executions) == var.reserved_concurrent_executions,
      false
    )
    error_message = "reserved_concurrent_executions must be a whole number from 0 upwards, or null for no reservation."
  }
}

variable "provisioned_concurrency" {
  description = <<-EOT
    Execution environments that Lambda keeps initialized, so that connections meet no cold start: a map from alias (`live` or one of `aliases`) to a number.
    Lambda keeps one allocation per version and refuses a second alias on it. As all aliases point at the same version, the sum of the map is allocated
    on the version, before the aliases move to it, and is there for all of them.
  EOT
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for alias in keys(var.provisioned_concurrency) : contains(setunion(["live"], var.aliases), alias)])
    error_message = "provisioned_concurrency names ${join(", ", [for alias in setsubtract(keys(var.provisioned_concurrency), setunion(["live"], var.aliases)) : "\"${alias}\""])}, which is no alias of the function; write ${join(" or ", [for alias in sort(setunion(["live"], var.aliases)) : "\"${alias}\""])}."
  }

  validation {
    condition     = alltrue([for number in values(var.provisioned_concurrency) : number != null && try(number >= 1 && floor(number) == number, false)])
    error_message = "provisioned_concurrency must hold whole numbers from 1 upwards; leave an alias that needs none out of the map."
  }

  validation {
    condition = (
      var.reserved_concurrent_executions == null ||
      sum(concat([0], values(var.provisioned_concurrency))) == 0 ||
      try(2 * sum(values(var.provisioned_concurrency)) <= var.reserved_concurrent_executions, false)
    )
    error_message = "provisioned_concurrency adds up to ${sum(concat([0], values(var.provisioned_concurrency)))}, for which reserved_concurrent_executions = ${coalesce(var.reserved_concurrent_executions, -1)} is too small: it must be at least ${2 * sum(concat([0], values(var.provisioned_concurrency)))}, because the old and the new version are both initialized while the aliases move. Raise it, or set it to null."
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
    - `hash`: base64 of the SHA-256 of the zip, by which Terraform notices a change. Default: computed from `local_path`. With `s3`, give `hash` or `s3.version`.
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

  validation {
    condition     = var.bundle == null || try((var.bundle.local_path == null) != (var.bundle.s3 == null), false)
    error_message = "bundle must have exactly one of local_path and s3: remove one, or set bundle to null for the module's own bundle."
  }

  validation {
    condition     = try(var.bundle.local_path, null) == null || try(fileexists(var.bundle.local_path), false)
    error_message = "bundle.local_path is \"${try(coalesce(var.bundle.local_path), "")}\", where there is no file: build the zip first, and write its path relative to the working directory, or with path.module or path.root."
  }

  validation {
    condition     = try(var.bundle.s3, null) == null || try(var.bundle.s3.version, null) != null || try(var.bundle.hash, null) != null
    error_message = "bundle.s3 needs s3.version or hash, without which Terraform would not notice that the object has changed."
  }
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

  validation {
    condition     = contains(local.retention_in_days, var.log_group.retention_in_days)
    error_message = "log_group.retention_in_days is ${var.log_group.retention_in_days}; write a number that CloudWatch Logs takes: ${join(", ", local.retention_in_days)} (0 keeps the log for ever)."
  }
}

variable "role" {
  description = <<-EOT
    Execution role of the function.
    - `name`: default is a name that begins with `AWSClientVPN-<name>-` and that IAM makes unique, so that handlers of one name can live in several Regions.
    - `path`: default `/`. With a `name`, a change of the path needs another name too: the old role goes only after the new one is made.
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
    condition     = can(regex("^/([!-~]+/)?$", var.role.path))
    error_message = "role.path is \"${var.role.path}\"; write a path that begins and ends with a slash, such as \"/network/\"."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the function's environment, and with it the policy. The role is allowed to decrypt with it. Default: Lambda's own key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or an id: the role's permission names the key."
  }
}

variable "vpc" {
  description = <<-EOT
    Puts the function into a VPC. Needed only by a bundle of your own that looks something up there: the handler itself needs no network.
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
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, false)
    error_message = "vpc needs at least one of subnet_ids and at least one of security_group_ids; set vpc to null for a function outside a VPC."
  }
}

variable "tracing_mode" {
  description = "AWS X-Ray: `Active` samples invocations, and lets the role write traces; `PassThrough` follows the caller. Default `null`: Lambda's default, which is `PassThrough`."
  type        = string
  default     = null

  validation {
    condition     = var.tracing_mode == null || contains(["Active", "PassThrough"], coalesce(var.tracing_mode, "PassThrough"))
    error_message = "tracing_mode must be \"Active\", \"PassThrough\" or null."
  }
}

variable "code_signing_config_arn" {
  description = "Code signing configuration of the function. The bundle that comes with the module is not signed: sign it and pass it as `bundle.s3`."
  type        = string
  default     = null

  validation {
    condition     = var.code_signing_config_arn == null || can(regex("^arn:[^:]+:lambda:[^:]+:[0-9]{12}:code-signing-config:", var.code_signing_config_arn))
    error_message = "code_signing_config_arn must be the ARN of a Lambda code signing configuration (arn:aws:lambda:<region>:<account>:code-signing-config:<id>)."
  }
}

variable "create_service_linked_roles" {
  description = <<-EOT
    Whether to create the roles `AWSServiceRoleForClientVPN` and `AWSServiceRoleForClientVPNConnections`. An account has each of them once. AWS makes both with the account's
    first endpoint: say true only for an account that never had one, or import them first. They can be destroyed only when the account has no endpoint left.
  EOT
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

locals {
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
  retention_in_days = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}
