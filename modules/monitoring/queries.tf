# Saved queries of Logs Insights, on the decision log, and on it and the connection logs together.

locals {
  connection_log_group_names = sort(distinct([
    for endpoint in values(var.existing_endpoints) : endpoint.connection_log_group_name
    if endpoint.connection_log_group_name != null
  ]))

  # Fields of Client VPN's connection log:
  # https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html
  connection_fields = {
    id       = "`connection-id`"
    status   = "`connection-attempt-status`"
    failure  = "`connection-attempt-failure-reason`"
    username = "username"
    start    = "`connection-start-time`"
    end      = "`connection-end-time`"
    duration = "`connection-duration-seconds`"
  }

  # What queries repeat, or what would make a line of theirs too long.
  users              = "count_distinct(${local.fields.request_username}) as users"
  last_and_told      = "max(@timestamp) as last, sortsLast(${local.fields.message}) as told"
  attempt_status     = local.connection_fields.status
  reason_rule        = "${local.fields.reason}, ${local.fields.rule}"
  shadow_effect      = "${local.fields.shadow}.${local.fields.effect}"
  shadow_outcome     = "${local.shadow_effect}, ${local.fields.shadow}.${local.fields.rule}"
  posture_platform   = "${local.fields.posture}.0, ${local.fields.request_platform}"
  user_device        = "${local.fields.request_username}, ${local.fields.request_common_name}"
  version_connection = "${local.fields.function_version}, ${local.fields.request_connection_id}"

  # A run logs a line for each denial, and one for itself.
  reauthorization_queries = {
    for name in ["denials by re-authorization"] : name => {
      log_group_names = var.reauthorization_function[*].log_group_name
      query           = <<-EOT
        filter reauthorization = "denial" and dry_run = 0
        | fields @timestamp, username, common_name, reason, rule, message, connection_id, endpoint_id, braked
        | sort @timestamp desc
        | limit 1000
      EOT
    } if var.reauthorization_function != null
  }

  decision_queries = {
    # An attempt that waits for the identity provider is told of again once it is over.
    "connections and their decisions" = {
      log_group_names = concat([var.log_group_name], local.connection_log_group_names)
      query           = <<-EOT
        fields coalesce(${local.fields.request_connection_id}, ${local.connection_fields.id}) as connection_id
        | filter ispresent(connection_id)
        | filter not ispresent(${local.attempt_status}) or ${local.attempt_status} != "waiting-for-assertion"
        | stats min(@timestamp) as at,
            sortsLast(coalesce(${local.fields.request_username}, ${local.connection_fields.username})) as user,
            sortsLast(${local.fields.effect}) as decision,
            sortsLast(${local.fields.reason}) as why,
            sortsLast(${local.fields.rule}) as decided_by,
            sortsLast(${local.fields.alias}) as endpoint,
            sortsLast(${local.connection_fields.status}) as attempt,
            sortsLast(${local.connection_fields.failure}) as failure,
            max(${local.connection_fields.duration}) as seconds
          by connection_id
        | sort at desc
        | limit 1000
      EOT
    }
    "denials by rule" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ${local.fields.effect} = "deny"
        | stats count(*) as denials, ${local.users} by ${local.reason_rule}, ${local.fields.alias}
        | sort denials desc
        | limit 50
      EOT
    }
    "denied users" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ${local.fields.effect} = "deny"
        | stats count(*) as denials, ${local.last_and_told} by ${local.user_device}, ${local.fields.rule}
        | sort denials desc
        | limit 100
      EOT
    }
    "what shadow rules would change" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ispresent(${local.shadow_effect}) and ${local.shadow_effect} != ${local.fields.effect}
        | stats count(*) as connections, ${local.users} by ${local.fields.effect}, ${local.shadow_outcome}
        | sort connections desc
      EOT
    }
    "what shadow mode lets in" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ${local.fields.shadow_mode} = 1 and ${local.fields.effect} = "deny"
        | stats count(*) as connections, ${local.users} by ${local.reason_rule}
        | sort connections desc
      EOT
    }
    "posture" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ispresent(${local.fields.effect})
        | stats count(*) as connections by ${local.posture_platform}, ${local.fields.effect}
        | sort connections desc
        | limit 50
      EOT
    }
    "slowest decisions" = {
      log_group_names = [var.log_group_name]
      query           = <<-EOT
        filter ispresent(${local.fields.duration_us})
        | fields ${local.fields.time}, ${local.fields.duration_us}, ${local.version_connection}, @logStream
        | sort ${local.fields.duration_us} desc
        | limit 50
      EOT
    }
  }
}

locals {
  queries = merge(local.decision_queries, local.reauthorization_queries)
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = var.queries ? local.queries : {}

  name            = "${var.function_name}/${each.key}"
  log_group_names = each.value.log_group_names
  query_string    = each.value.query
}
