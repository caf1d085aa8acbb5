variable "function_name" {
  description = "Name of the function: the output `function_name` of modules/handler."
  type        = string
  nullable    = false
}

variable "log_group_name" {
  description = "Name of the function's log group: the output `log_group_name` of modules/handler."
  type        = string
  nullable    = false
}

variable "timeout" {
  description = "Timeout of the function in seconds."
  type        = number
  default     = 10
  nullable    = false
}

variable "has_provisioned_concurrency" {
  description = "Whether versions of the function have provisioned concurrency."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_device_inventory" {
  description = "Whether the function looks devices up."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_session_limits" {
  description = "Whether the function counts connections."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_connections" {
  description = "Whether the function keeps active connections."
  type        = bool
  default     = false
  nullable    = false
}

variable "reauthorization_function" {
  description = <<-EOT
    Function that re-authorizes active connections. Default `null`: there is none. An object:
    - `function_name`: its name: the output `function_name` of modules/reauthorization.
    - `log_group_name`: its log group: the output `log_group_name`.
    - `schedule`: its schedule, by which a run is missed: the output `schedule`.
  EOT
  type = object({
    function_name  = string
    log_group_name = string
    schedule       = string
  })
  default = null
}

variable "existing_endpoints" {
  description = <<-EOT
    Client VPN endpoints that call the function, by key. A map of objects:
    - `id`: id of the endpoint.
    - `alias`: alias of the function that the endpoint calls. Default `live`.
    - `mutual`: whether clients have certificates, which a revocation list can revoke. Default false.
    - `saml`: whether users sign on at an identity provider. Default false.
    - `connection_log_group_name`: log group of the connection log. Default: none.
  EOT
  type = map(object({
    id                        = string
    alias                     = optional(string, "live")
    mutual                    = optional(bool, false)
    saml                      = optional(bool, false)
    connection_log_group_name = optional(string)
  }))
  default  = {}
  nullable = false
}

variable "alarm_actions" {
  description = "ARNs that an alarm notifies when it goes off, such as an SNS topic. At most five."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.alarm_actions) <= 5 && alltrue([for arn in var.alarm_actions : startswith(arn, "arn:")])
    error_message = (
      "alarm_actions must be at most five ARNs, such as that of an SNS topic (arn:aws:sns:<region>:<account>:<name>)."
    )
  }
}

variable "ok_actions" {
  description = "ARNs that an alarm notifies when it is over. At most five. Default: none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.ok_actions) <= 5 && alltrue([for arn in var.ok_actions : startswith(arn, "arn:")])
    error_message = (
      "ok_actions must be at most five ARNs, such as that of an SNS topic (arn:aws:sns:<region>:<account>:<name>)."
    )
  }
}

variable "alarms" {
  description = <<-EOT
    What is different from the defaults, by alarm; README.md lists the alarms with their defaults. An alarm that is
    not named is as its defaults say.
    - `enabled`: false does not create the alarm. Default true.
    - `threshold`: value at which it goes off.
    - `period`: seconds over which values are added up: 10, 30, or a multiple of 60.
    - `evaluation_periods`: how many periods are looked at.
    - `datapoints_to_alarm`: how many of them must be bad. Default: all.
    - `minimum_decisions`: of `denial_rate`: with fewer decisions in a period, there is no rate.
    - `alarm_actions`, `ok_actions`: ARNs in place of those that all alarms have.
  EOT
  type = map(object({
    enabled             = optional(bool, true)
    threshold           = optional(number)
    period              = optional(number)
    evaluation_periods  = optional(number)
    datapoints_to_alarm = optional(number)
    minimum_decisions   = optional(number)
    alarm_actions       = optional(list(string))
    ok_actions          = optional(list(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition = length(setsubtract(keys(var.alarms), local.alarm_names)) == 0
    error_message = format(
      "alarms names %s, which is no alarm; write any of %s.",
      join(", ", [for name in setsubtract(keys(var.alarms), local.alarm_names) : "\"${name}\""]),
      join(", ", local.alarm_names),
    )
  }

  validation {
    condition = alltrue([
      for alarm in values(var.alarms) :
      try(contains([10, 30], alarm.period) || alarm.period % 60 == 0, alarm.period == null)
    ])
    error_message = "alarms has a period that CloudWatch does not take; write 10, 30 or a multiple of 60 seconds."
  }

  validation {
    condition = alltrue([
      for alarm in values(var.alarms) :
      try(alarm.datapoints_to_alarm <= coalesce(alarm.evaluation_periods, 1), alarm.datapoints_to_alarm == null)
    ])
    error_message = join(" ", [
      "alarms has datapoints_to_alarm above evaluation_periods (1 where it is left out): write how many of the periods",
      "must be bad.",
    ])
  }

  validation {
    condition     = alltrue([for name, alarm in var.alarms : alarm.minimum_decisions == null || name == "denial_rate"])
    error_message = "alarms has minimum_decisions for another alarm than denial_rate, which alone is a rate: remove it."
  }
}

variable "dashboard" {
  description = "Whether to create the dashboard."
  type        = bool
  default     = true
  nullable    = false
}

variable "queries" {
  description = "Whether to save queries in Logs Insights."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
