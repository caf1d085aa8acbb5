# Provisioned concurrency: on versions rather than on aliases. Lambda refuses it on two aliases of one version, and
# moving an alias that has it shifts connections little by little, during which the number cannot be changed.

locals {
  # How many environments each version needs that an alias serves: the newest, and those of alias_versions by their
  # numbers.
  provisioned_concurrency = {
    for version in concat(["newest"], tolist(local.pinned)) : version => sum(concat([0], [
      for alias, number in var.provisioned_concurrency :
      try(local.pins[alias].version, "newest") == version
      ? number
      : version == "newest" ? ceil(number * local.pins[alias].canary_weight) : 0
    ]))
  }
  provisioned_versions = { for version, number in local.provisioned_concurrency : version => number if number > 0 }

  scaled_versions = {
    for version, number in local.provisioned_versions : version => number
    if var.provisioned_concurrency_scaling != null
  }
  scheduled = try(length(var.provisioned_concurrency_scaling.schedules), 0) > 0
  schedules = merge([
    for version in keys(local.scaled_versions) : {
      for name, schedule in var.provisioned_concurrency_scaling.schedules :
      "${version}/${name}" => merge(schedule, { version = version, name = name })
    }
  ]...)
  targets = merge(aws_appautoscaling_target.this, aws_appautoscaling_target.scheduled)
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  for_each = {
    for version, number in local.provisioned_versions : version => number
    if var.provisioned_concurrency_scaling == null
  }

  function_name                     = module.function.function.function_name
  qualifier                         = each.key == "newest" ? local.version : each.key
  provisioned_concurrent_executions = each.value

  depends_on = [aws_lambda_invocation.gate]

  lifecycle {
    # The old version stays warm until the aliases have moved.
    create_before_destroy = true

    precondition {
      condition = each.key == "newest" || each.key != local.version
      error_message = join(" ", [
        "alias_versions pins an alias to version ${each.key}, which is the newest: aliases serve the newest version",
        "anyway. Remove the pin.",
      ])
    }
  }
}

# The same where Application Auto Scaling changes the number.
resource "aws_lambda_provisioned_concurrency_config" "scaled" {
  for_each = local.scaled_versions

  function_name                     = module.function.function.function_name
  qualifier                         = each.key == "newest" ? local.version : each.key
  provisioned_concurrent_executions = each.value

  depends_on = [aws_lambda_invocation.gate]

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [provisioned_concurrent_executions]

    precondition {
      condition = each.key == "newest" || each.key != local.version
      error_message = join(" ", [
        "alias_versions pins an alias to version ${each.key}, which is the newest: aliases serve the newest version",
        "anyway. Remove the pin.",
      ])
    }
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each = { for version, number in local.scaled_versions : version => number if !local.scheduled }

  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id = format(
    "function:%s:%s",
    local.function_name,
    aws_lambda_provisioned_concurrency_config.scaled[each.key].qualifier,
  )
  min_capacity = each.value
  max_capacity = var.provisioned_concurrency_scaling.max
  tags         = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# The same where scheduled actions change the bounds.
resource "aws_appautoscaling_target" "scheduled" {
  for_each = { for version, number in local.scaled_versions : version => number if local.scheduled }

  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id = format(
    "function:%s:%s",
    local.function_name,
    aws_lambda_provisioned_concurrency_config.scaled[each.key].qualifier,
  )
  min_capacity = each.value
  max_capacity = var.provisioned_concurrency_scaling.max
  tags         = var.tags

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [min_capacity, max_capacity]
  }
}

resource "aws_appautoscaling_policy" "this" {
  for_each = {
    for version, number in local.scaled_versions : version => number
    if try(var.provisioned_concurrency_scaling.target_utilization, null) != null
  }

  name               = "utilization"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = local.targets[each.key].service_namespace
  scalable_dimension = local.targets[each.key].scalable_dimension
  resource_id        = local.targets[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    target_value = var.provisioned_concurrency_scaling.target_utilization

    predefined_metric_specification {
      predefined_metric_type = "LambdaProvisionedConcurrencyUtilization"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.schedules

  name               = each.value.name
  service_namespace  = local.targets[each.value.version].service_namespace
  scalable_dimension = local.targets[each.value.version].scalable_dimension
  resource_id        = local.targets[each.value.version].resource_id
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = each.value.max
  }

  lifecycle {
    create_before_destroy = true
  }
}
