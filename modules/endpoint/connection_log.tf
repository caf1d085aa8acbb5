locals {
  own_log_group = var.connection_log.enabled && var.connection_log.existing == null

  # Both are always named: a stream that is left out means "as it was" to the provider, and would stay that of another
  # group.
  connection_log = {
    group = (
      local.own_log_group
      ? aws_cloudwatch_log_group.this[0].name
      : try(var.connection_log.existing.log_group_name, null)
    )
    stream = (
      local.own_log_group
      ? aws_cloudwatch_log_stream.this[0].name
      : try(var.connection_log.existing.log_stream_name, null)
    )
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: CloudWatch Logs' own key encrypts it, or the caller's (connection_log.kms_key_arn).
  #checkov:skip=CKV_AWS_338: The default is a year; how long the log is kept is the caller's choice.
  count = local.own_log_group ? 1 : 0

  name              = "/aws/clientvpn/${var.name}"
  retention_in_days = var.connection_log.retention_in_days
  kms_key_id        = var.connection_log.kms_key_arn
  tags              = var.tags

  lifecycle {
    # AWS refuses an endpoint whose log is not there: the old one goes once the endpoint writes to the new one.
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_stream" "this" {
  count = local.own_log_group ? 1 : 0

  name           = var.connection_log.log_stream_name
  log_group_name = aws_cloudwatch_log_group.this[0].name

  lifecycle {
    create_before_destroy = true
  }
}
