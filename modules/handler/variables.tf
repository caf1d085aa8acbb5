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

variable "policy_tests" {
  description = <<-EOT
    Test cases that a new version runs against its own policy before it is initialized and before any alias moves to
    it. A case that fails stops the apply, and the aliases keep serving the old version. Without cases the gate
    still finds what no plan can: a time zone that does not exist, a policy or a bundle that cannot be loaded. A
    list of objects:
    - `name`: unique.
    - `request`: fields of a connection request under AWS's names, such as `username`, `groups` and
      `platform-version`; fields that are left out are empty.
    - `endpoint`: key of the endpoint that asks. Default: none.
    - `at`: time of the connection, RFC 3339. Default: the time of the apply.
    - `expect`: `effect` (`allow` or `deny`), and any of `reason`, `rule`, `posture` and `message`.
  EOT
  # `any`, because an object type would drop a key that it does not know. The version that runs the cases reads them
  # strictly.
  type    = any
  default = []

  validation {
    condition = (
      can([for case in var.policy_tests : { name = case.name, request = case.request, effect = case.expect.effect }]) &&
      can(var.policy_tests[*]) &&
      !can(keys(var.policy_tests))
    )
    error_message = join(" ", [
      "policy_tests must be a list of objects that each have name, request and expect.effect, such as { name = \"staff",
      "connect\", request = { groups = [\"staff\"] }, expect = { effect = \"allow\" } }.",
    ])
  }
}

variable "deploy_gate" {
  description = <<-EOT
    Whether each new version is asked, with `policy_tests`, before aliases move to it. Who applies needs
    `lambda:InvokeFunction`. Say false for a bundle of your own that does not know the gate's event. With
    `reserved_concurrent_executions = 0` nothing can be asked.
  EOT
  type        = bool
  default     = true
  nullable    = false
}

variable "alias_versions" {
  description = <<-EOT
    Versions to which aliases are pinned: a map from alias (`live` or one of `aliases`) to an object. An alias that
    is not in the map serves the newest version. Rolling back is adding an entry, and going forward again is
    removing it. With every alias pinned, the newest version serves nobody and the deploy gate does not ask it: such
    a rollback goes through whatever the policy is by now.
    - `version`: number of a version that was published before. Versions are kept until the function is destroyed.
    - `canary_weight`: share of the invocations, from 0 to less than 1, that the newest version answers instead.
      Which connection is among them is chance. Default 0.
  EOT
  type = map(object({
    version       = string
    canary_weight = optional(number, 0)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for alias in keys(var.alias_versions) : contains(setunion(["live"], var.aliases), alias)])
    error_message = format(
      "alias_versions names %s, which is no alias of the function; write %s.",
      join(", ", [
        for alias in setsubtract(keys(var.alias_versions), setunion(["live"], var.aliases)) : "\"${alias}\""
      ]),
      join(" or ", [for alias in sort(setunion(["live"], var.aliases)) : "\"${alias}\""]),
    )
  }

  validation {
    condition = alltrue([for pin in values(var.alias_versions) : can(regex("^[1-9][0-9]*$", pin.version))])
    error_message = format(
      "alias_versions has version %s; write the number of a published version, such as \"14\".",
      join(", ", [
        for pin in values(var.alias_versions) : "\"${pin.version}\""
        if !can(regex("^[1-9][0-9]*$", pin.version))
      ]),
    )
  }

  validation {
    condition = alltrue([for pin in values(var.alias_versions) : pin.canary_weight >= 0 && pin.canary_weight < 1])
    error_message = format(
      join(" ", [
        "alias_versions has the canary_weight %s; write a share from 0 to less than 1, such as 0.1 for a tenth. For",
        "all connections, remove the pin.",
      ]),
      join(", ", [
        for pin in values(var.alias_versions) : pin.canary_weight
        if !(pin.canary_weight >= 0 && pin.canary_weight < 1)
      ]),
    )
  }
}

variable "provisioned_concurrency" {
  description = <<-EOT
    Execution environments that Lambda keeps initialized, so that connections meet no cold start: a map from alias
    (`live` or one of `aliases`) to a number. Lambda keeps one allocation per version and refuses a second alias on
    it. So the sum over the aliases that a version serves is allocated on the version, before any alias moves to it,
    and is there for all of them; a version that gets a share by `canary_weight` has that share of the number.
  EOT
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for alias in keys(var.provisioned_concurrency) : contains(setunion(["live"], var.aliases), alias)
    ])
    error_message = format(
      "provisioned_concurrency names %s, which is no alias of the function; write %s.",
      join(", ", [
        for alias in setsubtract(keys(var.provisioned_concurrency), setunion(["live"], var.aliases)) : "\"${alias}\""
      ]),
      join(" or ", [for alias in sort(setunion(["live"], var.aliases)) : "\"${alias}\""]),
    )
  }

  validation {
    condition = alltrue([
      for number in values(var.provisioned_concurrency) :
      number != null && try(number >= 1 && floor(number) == number, false)
    ])
    error_message = (
      "provisioned_concurrency must hold whole numbers from 1 upwards; leave an alias that needs none out of the map."
    )
  }

  # Old and new version at once, and the share of a canary beside them.
  validation {
    condition = (
      var.reserved_concurrent_executions == null ||
      length(var.provisioned_concurrency) == 0 ||
      try(
        2 * sum(concat([0], values(var.provisioned_concurrency))) + sum(concat([0], [
          for alias, number in var.provisioned_concurrency :
          ceil(try(number * var.alias_versions[alias].canary_weight, 0))
        ])) <=
        var.reserved_concurrent_executions,
        false,
      )
    )
    error_message = format(
      join(" ", [
        "provisioned_concurrency adds up to %s, for which reserved_concurrent_executions = %s is too small: it must be",
        "at least %s, because the old and the new version are both initialized while the aliases move. Raise it, or",
        "set it to null.",
      ]),
      sum(concat([0], values(var.provisioned_concurrency))),
      coalesce(var.reserved_concurrent_executions, -1),
      2 * sum(concat([0], values(var.provisioned_concurrency))) + sum(concat([0], [
        for alias, number in var.provisioned_concurrency :
        ceil(try(number * var.alias_versions[alias].canary_weight, 0))
      ])),
    )
  }
}

variable "provisioned_concurrency_scaling" {
  description = <<-EOT
    Lets Application Auto Scaling change the number of `provisioned_concurrency`, of which the sum is then where
    each version begins and what it does not fall below. Default `null`: the number is fixed.
    - `max`: what no version goes above.
    - `target_utilization`: share of the environments that should be busy, 0.1 to 0.9: above it environments are
      added, below it removed. Default: by `schedules` alone.
    - `schedules`: map from a name to a change of the bounds at a time, such as the mornings on which everybody
      connects. What one sets stays until the next one.
      - `schedule`: `cron(...)`, `rate(...)` or `at(...)`.
      - `timezone`: IANA name. Default `UTC`.
      - `min`, `max`: the bounds from then on; at least one of them.
  EOT
  type = object({
    max                = number
    target_utilization = optional(number)
    schedules = optional(map(object({
      schedule = string
      timezone = optional(string, "UTC")
      min      = optional(number)
      max      = optional(number)
    })), {})
  })
  default = null

  validation {
    condition = var.provisioned_concurrency_scaling == null || length(var.provisioned_concurrency) > 0
    error_message = join(" ", [
      "provisioned_concurrency_scaling has nothing to begin with: write provisioned_concurrency too, such as { live =",
      "1 }, which is what it scales up from.",
    ])
  }

  validation {
    condition = try(
      var.provisioned_concurrency_scaling.max >= sum(values(var.provisioned_concurrency)) &&
      floor(var.provisioned_concurrency_scaling.max) == var.provisioned_concurrency_scaling.max,
      true,
    )
    error_message = join(" ", [
      "provisioned_concurrency_scaling.max is ${try(var.provisioned_concurrency_scaling.max, 0)}; write a whole number",
      "that is at least ${sum(concat([0], values(var.provisioned_concurrency)))}, the sum of provisioned_concurrency.",
    ])
  }

  validation {
    condition = try(
      var.provisioned_concurrency_scaling.target_utilization >= 0.1 &&
      var.provisioned_concurrency_scaling.target_utilization <= 0.9,
      true,
    )
    error_message = format(
      "provisioned_concurrency_scaling.target_utilization is %s; write a share from 0.1 to 0.9, such as 0.7.",
      try(coalesce(var.provisioned_concurrency_scaling.target_utilization), 0),
    )
  }

  validation {
    condition = try(
      var.provisioned_concurrency_scaling.target_utilization != null ||
      length(var.provisioned_concurrency_scaling.schedules) > 0,
      true,
    )
    error_message = join(" ", [
      "provisioned_concurrency_scaling has neither target_utilization nor schedules, and would change nothing: write",
      "one of them.",
    ])
  }

  validation {
    condition = alltrue([
      for schedule in try(values(var.provisioned_concurrency_scaling.schedules), []) :
      can(regex("^(cron|rate|at)\\(.+\\)$", schedule.schedule)) && (schedule.min != null || schedule.max != null)
    ])
    error_message = join(" ", [
      "provisioned_concurrency_scaling.schedules must each have a schedule, cron(...), rate(...) or at(...), such as",
      "\"cron(30 6 ? * MON-FRI *)\", and at least one of min and max.",
    ])
  }

  validation {
    condition = alltrue([
      for schedule in try(values(var.provisioned_concurrency_scaling.schedules), []) : alltrue([
        for number in [schedule.min, schedule.max] : try(number >= 0 && floor(number) == number, number == null)
      ]) && try(schedule.min <= coalesce(schedule.max, var.provisioned_concurrency_scaling.max), true)
    ])
    error_message = join(" ", [
      "provisioned_concurrency_scaling.schedules has bounds that cannot be: write whole numbers, with min at most max",
      "(of the schedule, or of provisioned_concurrency_scaling where it has none).",
    ])
  }

  validation {
    condition = try(2 * max(
      var.provisioned_concurrency_scaling.max,
      [for schedule in values(var.provisioned_concurrency_scaling.schedules) : coalesce(schedule.max, 0)]...
    ) <= var.reserved_concurrent_executions, true)
    error_message = join(" ", [
      "provisioned_concurrency_scaling goes beyond what reserved_concurrent_executions =",
      "${coalesce(var.reserved_concurrent_executions, -1)} has room for: it must be at least twice the largest max,",
      "because the old and the new version are both initialized while the aliases move. Raise it, or set it to null.",
    ])
  }
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
    Share of the allowed connections, 0 to 1, of which the decision log says more than effect, reason, rule and
    connection id. Metrics count every decision all the same. Denials, and allows that a shadow rule or shadow mode
    touched, are always logged in full.
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
