# How versions come into service.

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
