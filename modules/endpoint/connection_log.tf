locals {
  own_log_group = var.connection_log.enabled && var.connection_log.log_group_name == null

  connection_log = {
    group  = local.own_log_group ? aws_cloudwatch_log_group.this[0].name : var.connection_log.log_group_name
    stream = length(aws_cloudwatch_log_stream.this) > 0 ? aws_cloudwatch_log_stream.this[0].name : var.connection_log.log_stream_name
  }
}

resource "aws_cloudwatch_log_group" "this" {
  count = local.own_log_group ? 1 : 0

  name              = "/aws/clientvpn/${var.name}"
  retention_in_days = var.connection_log.retention_in_days
  kms_key_id        = var.connection_log.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "this" {
  count = local.own_log_group && var.connection_log.log_stream_name != null ? 1 : 0

  name           = var.connection_log.log_stream_name
  log_group_name = aws_cloudwatch_log_group.this[0].name
}
