# What can go wrong, and who is to be told. One table: what an alarm looks at, when it goes off, what that means and
# what to do.

locals {
  # Looked at for each endpoint: https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/monitoring-cloudwatch.html
  endpoint_alarms = {
    handler_denied_connections = {
      metric = "ClientConnectHandlerDeniedConnections", threshold = 50
      description = join(" ", [
        "Many connections were denied by the policy. Look at the dashboard for the rule: either clients have changed,",
        "or a change of policy denies those it should not. Roll back with alias_versions.",
      ])
    }
    handler_timeouts = {
      metric = "ClientConnectHandlerTimeouts"
      description = join(" ", [
        "The function did not answer within 30 seconds, and connections were denied. Look at the alarm duration and at",
        "the function's log; the handler alone takes milliseconds.",
      ])
    }
    handler_other_execution_errors = {
      metric = "ClientConnectHandlerOtherExecutionErrors"
      description = (
        "The function failed, and connections were denied. Its log has the error. Roll back with alias_versions."
      )
    }
    handler_throttling_errors = {
      metric = "ClientConnectHandlerThrottlingErrors"
      description = join(" ", [
        "Lambda throttled the function, and connections were denied. Raise reserved_concurrent_executions or the",
        "account's concurrency; docs/sizing.md says to what.",
      ])
    }
    handler_invalid_responses = {
      metric = "ClientConnectHandlerInvalidResponses"
      description = join(" ", [
        "Client VPN did not understand the function's answer, and connections were denied. The module's own bundle",
        "answers nothing invalid: roll back the bundle.",
      ])
    }
    handler_failed_service_errors = {
      metric = "ClientConnectHandlerFailedServiceErrors"
      description = join(" ", [
        "Client VPN could not call the function, and connections were denied. Look at the AWS Health Dashboard, and",
        "whether AWSServiceRoleForClientVPNConnections exists.",
      ])
    }
    crl_expiry = {
      metric    = "CrlDaysToExpiry", statistic = "Minimum", comparison = "LessThanThreshold"
      threshold = 14, period = 3600
      description = join(" ", [
        "The client certificate revocation list expires soon, and then nobody with a certificate connects. Publish a",
        "new one and import it into the endpoint.",
      ])
    }
    idp_certificate_expiry = {
      metric    = "IdpCertDaysToExpiry", statistic = "Minimum", comparison = "LessThanThreshold"
      threshold = 30, period = 3600
      description = join(" ", [
        "The identity provider's signing certificate expires soon, and then nobody signs on. Take its new metadata",
        "into the IAM SAML provider.",
      ])
    }
  }

  # Aliases that endpoints call. Without any endpoint, somebody calls the alias live by hand.
  aliases = length(var.existing_endpoints) == 0 ? ["live"] : distinct(values(var.existing_endpoints)[*].alias)

  # Looked at for each alias that endpoints call: runs of the deploy gate are not among its invocations.
  # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  alias_alarms = {
    errors = {
      metric = "Errors"
      description = join(" ", [
        "Invocations of the function failed, and connections were denied. Its log has the errors. Roll back with",
        "alias_versions.",
      ])
    }
    throttles = {
      metric = "Throttles"
      description = join(" ", [
        "Lambda throttled the function, and connections were denied. Raise reserved_concurrent_executions or the",
        "account's concurrency; docs/sizing.md says to what.",
      ])
    }
    duration = {
      metric = "Duration", statistic = "Maximum", threshold = 500 * min(var.timeout, 30)
      description = join(" ", [
        "The function took more than half of the time that it has: at ${min(var.timeout, 30)} seconds connections are",
        "denied. Look at the log's slowest decisions, at memory_size and at cold starts.",
      ])
    }
  }

  # Looked at for the function: provisioned concurrency, and what the decision log counts.
  function_alarms = {
    provisioned_concurrency_spillover = {
      metric = "ProvisionedConcurrencySpilloverInvocations"
      description = join(" ", [
        "More connections came at once than environments are provisioned, and some met a cold start. Raise",
        "provisioned_concurrency, or scale it; docs/sizing.md says to what.",
      ])
    }
    policy_errors = {
      metric = local.decision_metrics.decisions, reason = local.reasons.policy_error
      description = join(" ", [
        "The function has no valid policy, and denies everybody. The deploy gate would have stopped that: has the",
        "environment been changed by hand? Roll back with alias_versions.",
      ])
    }
    internal_errors = {
      metric = local.decision_metrics.decisions, reason = local.reasons.internal_error
      description = join(" ", [
        "The handler met an error of its own, and denied the connections. The decision log's problems say where:",
        "please report it. Roll back with alias_versions.",
      ])
    }
    invalid_requests = {
      metric = local.decision_metrics.decisions, reason = local.reasons.invalid_request
      description = join(" ", [
        "The function got events that are no connection requests, and denied them. Something other than Client VPN",
        "invokes it: see who may, in CloudTrail.",
      ])
    }
    denial_rate = {
      metric = "", threshold = 50
      description = join(" ", [
        "The policy denies a large share of all connections. Look at the dashboard for the rule: either clients have",
        "changed, or a change of policy denies those it should not. Roll back with alias_versions.",
      ])
    }
    shadow_mode = {
      metric = local.decision_metrics.shadow_mode, period = 3600
      description = join(" ", [
        "shadow_mode is on: everybody who authenticates is connected, whatever the policy says. Set it to false once",
        "the decision log shows what you expect.",
      ])
    }
  }

  # Looked at for the function where it has evidence to fetch.
  evidence_alarms = {
    device_evidence_failures = {
      metric = local.evidence_metrics.device, on = var.has_device_inventory
      description = join(" ", [
        "Devices could not be looked up in time, and device conditions were unknown: deny rules with one denied, allow",
        "rules with one did not allow. The decision log's evidence says why: throttling, permissions, or a table that",
        "is gone.",
      ])
    }
    session_evidence_failures = {
      metric = local.evidence_metrics.sessions, on = var.has_session_limits
      description = join(" ", [
        "Connections could not be counted in time, and sessions conditions were unknown: deny rules with one denied.",
        "The decision log's evidence says why: throttling, permissions, or a table that is gone.",
      ])
    }
    connection_record_failures = {
      metric = local.evidence_metrics.connections, on = var.has_connections
      description = join(" ", [
        "Connections could not be recorded: those that were let in all the same are not counted, and not",
        "re-authorized. The decision log's evidence says why: throttling, permissions, or a table that is gone.",
      ])
    }
  }

  # Looked at for the function that re-authorizes.
  reauthorization_alarms = {
    reauthorization_errors = {
      metric = "Errors"
      description = join(" ", [
        "Runs of re-authorization failed or took more than 15 minutes, and connections that should have ended may be",
        "there. The function's log has the errors.",
      ])
    }
    reauthorization_braked = {
      metric = local.reauthorization_metrics.braked, statistic = "Maximum"
      description = join(" ", [
        "Re-authorization would have ended more connections than its brake allows, and has ended none. Look with cvpn",
        "reauthorize who they are: has an import gone wrong, or a change of policy? If they are to go, confirm it with",
        "cvpn reauthorize --confirm.",
      ])
    }
    reauthorization_failures = {
      metric = local.reauthorization_metrics.failed
      description = join(" ", [
        "Connections that the policy denies could not be ended, or not be decided about. The last line of the run in",
        "the function's log has the problems; the next run tries again.",
      ])
    }
    reauthorization_unrecorded = {
      metric = local.reauthorization_metrics.unrecorded, statistic = "Maximum"
      description = join(" ", [
        "There are connections without a record, of which nobody knows the request: they are not re-authorized. They",
        "were made before re-authorization was on, or could not be recorded (see connection-record-failures); they end",
        "with their session.",
      ])
    }
    # Of runs that came to their end: one that fails or is cut short does not count.
    reauthorization_not_run = {
      metric = local.reauthorization_metrics.connections, statistic = "SampleCount", comparison = "LessThanThreshold"
      period = local.longest_pause, missing = "breaching"
      description = join(" ", [
        "No run of re-authorization has come to its end in the time of three: connections stay whatever the policy",
        "says. Look at the rule in EventBridge, whether it is enabled, and at the function's log.",
      ])
    }
  }

  # Seconds in which a run is sure to have been, by the schedule: three times its rate, a day by a cron expression; and
  # what CloudWatch takes for a period.
  units = { minute = 60, hour = 3600, day = 86400 }
  rate  = try(regex("^rate\\(([0-9]+) (minute|hour|day)s?\\)$", var.reauthorization_function.schedule), null)
  longest_pause = (
    local.rate == null
    ? 86400
    : min(86400, max(900, 3 * tonumber(local.rate[0]) * local.units[local.rate[1]]))
  )

  alarm_names = sort(concat(
    keys(local.endpoint_alarms), keys(local.alias_alarms), keys(local.function_alarms), keys(local.evidence_alarms),
    keys(local.reauthorization_alarms),
  ))
}
