# Names that the handler writes, from its source: run `make docs` after a change there.

locals {
  decision_namespace = "ClientVPNConnectHandler"

  decision_metrics = {
    decisions    = "Decisions"
    shadow_mode  = "ShadowModeDecisions"
    shadow_rules = "ShadowRuleDifferences"
  }

  # What could not be had or written down.
  evidence_metrics = {
    device      = "DeviceEvidenceFailures"
    sessions    = "SessionEvidenceFailures"
    connections = "ConnectionRecordFailures"
  }

  # Of a run of re-authorization.
  reauthorization_metrics = {
    connections = "ReauthorizationConnections"
    denied      = "ReauthorizationDenied"
    terminated  = "ReauthorizationTerminated"
    unrecorded  = "ReauthorizationUnrecorded"
    failed      = "ReauthorizationFailures"
    braked      = "ReauthorizationBraked"
  }

  # Why a connection was allowed or denied, by which the metric of decisions is divided.
  reasons = {
    allow_rule      = "allow-rule"
    explicit_deny   = "explicit-deny"
    implicit_deny   = "implicit-deny"
    invalid_request = "invalid-request"
    policy_error    = "policy-error"
    internal_error  = "internal-error"
  }

  # The decision log's fields, as Logs Insights calls them.
  fields = {
    time                           = "time"
    effect                         = "effect"
    reason                         = "reason"
    rule                           = "rule"
    applied                        = "applied"
    unknown                        = "unknown"
    shadow                         = "shadow"
    posture                        = "posture"
    message                        = "message"
    shadow_mode                    = "shadow_mode"
    problems                       = "problems"
    request                        = "request"
    answer                         = "answer"
    evidence                       = "evidence"
    ends                           = "ends"
    policy_digest                  = "policy_digest"
    function_name                  = "function_name"
    function_version               = "function_version"
    alias                          = "alias"
    duration_us                    = "duration_us"
    redacted                       = "redacted"
    sampled_out                    = "sampled_out"
    truncated                      = "truncated"
    request_schema_version         = "`request.schema-version`"
    request_connection_id          = "`request.connection-id`"
    request_endpoint_id            = "`request.endpoint-id`"
    request_common_name            = "`request.common-name`"
    request_username               = "`request.username`"
    request_platform               = "`request.platform`"
    request_platform_version       = "`request.platform-version`"
    request_public_ip              = "`request.public-ip`"
    request_client_openvpn_version = "`request.client-openvpn-version`"
    request_aws_client_version     = "`request.aws-client-version`"
    request_groups                 = "`request.groups`"
  }
}
