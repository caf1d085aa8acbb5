# When the function runs: on a schedule, and after whatever changes what the aliases decide by.

resource "aws_cloudwatch_event_rule" "this" {
  name                = local.function_name
  description         = "Re-authorizes the active connections of ${var.function_name}."
  schedule_expression = var.schedule
  tags                = var.tags

  lifecycle {
    precondition {
      condition = local.environment_bytes <= 4096
      error_message = join(" ", [
        "The function's environment has no room for ${length(var.existing_endpoints)} endpoints: Lambda gives it 4 KB.",
        "Re-authorize fewer by one module, or choose shorter keys.",
      ])
    }
  }
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = module.function.function.arn

  # Before it may be invoked, and with retries, a run would come late or twice.
  depends_on = [aws_lambda_permission.this, aws_lambda_function_event_invoke_config.this]
}

resource "aws_lambda_permission" "this" {
  function_name = module.function.function.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}

# The function invokes itself and answers at once: an apply does not wait for a run, which takes minutes where there are
# many connections.
resource "aws_lambda_invocation" "start" {
  # A function that may not run cannot be started.
  count = var.reserved_concurrent_executions == 0 ? 0 : 1

  function_name = module.function.function.function_name
  input         = jsonencode({ reauthorize = { start = true } })
  triggers = {
    policy_digest  = var.policy_digest
    alias_versions = jsonencode(var.versions)
  }

  depends_on = [aws_lambda_function_event_invoke_config.this]
}
