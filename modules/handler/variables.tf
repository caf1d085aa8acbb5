variable "name" {
  description = <<-EOT
    Name of the handler. The function is called `AWSClientVPN-<name>`: Client VPN invokes no function whose name
    begins otherwise. Letters, digits, hyphens and underscores, at most 51 characters.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[A-Za-z0-9_-]{1,51}$", var.name))
    error_message = join(" ", [
      "name is \"${var.name}\" (${length(var.name)} characters); write 1 to 51 letters, digits, hyphens and",
      "underscores. With the prefix AWSClientVPN- it becomes the function's name, which Lambda limits to 64",
      "characters.",
    ])
  }

  validation {
    condition = !startswith(var.name, "AWSClientVPN-")
    error_message = join(" ", [
      "name is \"${var.name}\"; leave the prefix away and write \"${trimprefix(var.name, "AWSClientVPN-")}\": the",
      "module adds AWSClientVPN- itself.",
    ])
  }
}

variable "description" {
  description = "Description of the function, at most 256 characters."
  type        = string
  default     = "Client connect handler of AWS Client VPN: decides which connections are established."
  nullable    = false
}

variable "policy" {
  description = <<-EOT
    Value of the function's environment variable `POLICY`: the output `environment` of modules/policy. A change
    publishes a new version and moves every alias to it that is not pinned. Null for a policy that is too large for
    it, which the function reads from `policy_bucket`.
  EOT
  type        = string

  validation {
    condition = try(length(var.policy) > 0, true)
    error_message = join(" ", [
      "policy is empty, with which the handler denies every connection; pass the output `environment` of",
      "modules/policy.",
    ])
  }
}

variable "policy_document" {
  description = <<-EOT
    The policy, for `policy_bucket`. An object:
    - `packed`: gzip of the policy document in base64: the output `packed` of modules/policy.
    - `digest`: SHA-256 of the document: the output `digest`.
  EOT
  type = object({
    packed = string
    digest = string
  })
  default = null

  validation {
    condition = var.policy != null || (var.policy_bucket != null && var.policy_document != null)
    error_message = join(" ", [
      "policy is null, as the function's environment has no room for the policy: pass policy_bucket, and",
      "policy_document with the outputs packed and digest of modules/policy.",
    ])
  }
}

variable "policy_bucket" {
  description = <<-EOT
    Bucket in which the policy is stored as an object, from where the function reads it if its environment has no
    room for it (4 KB, compressed). It must have versioning: each version of the function reads the version of the
    object that it was published with, whose digest it knows. An object:
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

  validation {
    condition = can(regex("^[A-Za-z0-9!_.*'()/-]*$", try(var.policy_bucket.key_prefix, "")))
    error_message = join(" ", [
      "policy_bucket.key_prefix is \"${try(var.policy_bucket.key_prefix, "")}\"; write letters, digits and any of ! _",
      ". * ' ( ) / - only, as S3 advises.",
    ])
  }
}

variable "device_table" {
  description = <<-EOT
    Table in which conditions `device` of the policy are looked up, by the common name of the client's certificate.
    Default `null`: none, and such a condition is unknown. An object:
    - `table_name`: name of the table. [modules/device_inventory](../device_inventory) makes one, and has this
      object as an output.
    - `table_arn`: its ARN.
    - `kms_key_arn`: KMS key that encrypts it, if it is one of yours: the role is allowed to decrypt with it.
    - `attribute_names`: for a table of your own: its attributes where they are called otherwise, as a map from
      `common_name` (the key), `status`, `owner`, `platform`, `serial`, `attributes`, `updated_at` or `expires_at`.
    - `exact`: whether the common name is looked up as the client sends it. Default false: in lower case, and
      normalized (NFC).
  EOT
  type = object({
    table_name      = string
    table_arn       = string
    kms_key_arn     = optional(string)
    attribute_names = optional(map(string), {})
    exact           = optional(bool, false)
  })
  default = null

  validation {
    condition = try(length(setsubtract(keys(var.device_table.attribute_names), local.device_attributes)) == 0, true)
    error_message = format(
      join(" ", [
        "device_table (in the root module: device_inventory.table) has attribute_names for %s, which the handler does",
        "not read; write any of %s.",
      ]),
      try(
        join(", ", [
          for name in setsubtract(keys(var.device_table.attribute_names), local.device_attributes) : "\"${name}\""
        ]),
        "",
      ),
      join(", ", local.device_attributes),
    )
  }

  validation {
    condition = try(
      alltrue([for name in values(var.device_table.attribute_names) : length(name) > 0 && length(name) <= 255]),
      true,
    )
    error_message = join(" ", [
      "device_table (in the root module: device_inventory.table) has attribute_names that no attribute can have: write",
      "1 to 255 characters.",
    ])
  }

  validation {
    condition = (
      try(var.device_table.kms_key_arn, null) == null ||
      can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.device_table.kms_key_arn))
    )
    error_message = join(" ", [
      "device_table.kms_key_arn (in the root module: of device_inventory or of its table) must be the ARN of a KMS key",
      "(arn:aws:kms:<region>:<account>:key/<id>), not an alias or an id: the role's permission names the key.",
    ])
  }
}

variable "connections" {
  description = <<-EOT
    Table in which the function keeps active connections, for conditions `sessions` of the policy and for
    re-authorization. Default `null`: none; nothing is kept, and such a condition is unknown. An object:
    - `table_name`: name of the table. [modules/connections_table](../connections_table) makes it, and has this
      object as an output.
    - `table_arn`: its ARN.
    - `kms_key_arn`: KMS key that encrypts it, if it is one of yours: the role is allowed to use it.
    - `requests`: whether each connection's request is kept with it, which
      [modules/reauthorization](../reauthorization) needs. Default false.
  EOT
  type = object({
    table_name  = string
    table_arn   = string
    kms_key_arn = optional(string)
    requests    = optional(bool, false)
  })
  default = null
}

variable "aliases" {
  description = <<-EOT
    Names of the aliases that the function gets in addition to `live`, one per Client VPN endpoint: the endpoint's key.
    An endpoint that calls the function through its alias can be named in the policy
    (`when = { endpoint = ["<alias>"] }`) before it has an id.
  EOT
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for alias in var.aliases : can(regex("^[A-Za-z0-9_-]{1,128}$", alias)) && !can(regex("^[0-9]+$", alias))
    ])
    error_message = format(
      join(" ", [
        "aliases (in the root module: the keys of endpoints) must be names that Lambda takes for an alias: 1 to 128",
        "letters, digits, hyphens and underscores, not digits alone. Rename: %s.",
      ]),
      join(", ", [
        for alias in var.aliases : "\"${alias}\""
        if !can(regex("^[A-Za-z0-9_-]{1,128}$", alias)) || can(regex("^[0-9]+$", alias))
      ]),
    )
  }

  validation {
    condition = !contains(var.aliases, "live")
    error_message = join(" ", [
      "aliases (in the root module: the keys of endpoints) contains \"live\", which always exists and serves endpoints",
      "made elsewhere; choose another name.",
    ])
  }
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

  validation {
    condition = length(setsubtract(var.log_redact, local.redactable_fields)) == 0
    error_message = format(
      "log_redact names %s, which is no field that can be redacted; write any of %s.",
      join(", ", [for field in setsubtract(var.log_redact, local.redactable_fields) : "\"${field}\""]),
      join(", ", local.redactable_fields),
    )
  }
}

variable "log_redact_key" {
  description = <<-EOT
    Key of the hashes of `log_redact`, 16 characters or more; another key makes other hashes. The function gets its
    SHA-256.
  EOT
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition = length(var.log_redact) == 0 || try(length(var.log_redact_key) >= 16, false)
    error_message = join(" ", [
      "log_redact needs log_redact_key, of 16 characters or more: without a key, anybody could find out a value by",
      "hashing all that are likely.",
    ])
  }
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

  validation {
    condition = var.log_sample_allowed >= 0 && var.log_sample_allowed <= 1
    error_message = (
      "log_sample_allowed is ${var.log_sample_allowed}; write a share from 0 to 1, such as 0.1 for a tenth."
    )
  }
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

locals {
  # Fields of the request that log_redact takes.
  redactable_fields = [
    "common_name", "username", "platform", "platform_version", "public_ip", "client_openvpn_version",
    "aws_client_version", "groups",
  ]

  # What a record of the device inventory has.
  device_attributes = ["attributes", "common_name", "expires_at", "owner", "platform", "serial", "status", "updated_at"]
}
