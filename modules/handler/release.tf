# How a version comes into service: it is published (main.tf), passes the deploy gate, is initialized as often as asked
# (concurrency.tf), and only then do the aliases move to it.

locals {
  # The version that was published last, which serves every alias that alias_versions does not pin.
  version = module.function.function.version

  aliases = setunion(["live"], var.aliases)
  pins = {
    for alias in local.aliases : alias => var.alias_versions[alias]
    if contains(keys(var.alias_versions), alias)
  }
  pinned = toset([for pin in local.pins : pin.version])
  # Whether anybody is served by the newest version, be it as a canary.
  newest_serves = anytrue([for alias in local.aliases : try(local.pins[alias].canary_weight > 0, true)])
  # While the pinned version is the newest, there is no other to try.
  canaries = {
    for alias, pin in local.pins :
    alias => [for weight in [pin.canary_weight] : weight if weight > 0 && pin.version != local.version]
  }
}

# The version tests its own policy, in the runtime that will decide by it.
resource "aws_lambda_invocation" "gate" {
  # A function that may not run cannot be asked, and a version that no alias serves need not be: a rollback goes through
  # whatever the newest one is.
  count = var.deploy_gate && var.reserved_concurrent_executions != 0 && local.newest_serves ? 1 : 0

  function_name = module.function.function.function_name
  qualifier     = local.version
  input         = jsonencode({ "policy-tests" = var.policy_tests })

  lifecycle {
    create_before_destroy = true

    postcondition {
      condition = try(length(jsondecode(self.result).problems) == 0, false)
      error_message = try(
        join(" ", [
          "The deploy gate has stopped version ${self.qualifier} of ${self.function_name}. The aliases stay where they",
          "are, and serve. Mend the policy or its tests, and apply",
          "again.\n\n${join("\n", jsondecode(self.result).problems)}",
        ]),
        join(" ", [
          "Version ${self.qualifier} of ${self.function_name} does not answer the deploy gate:",
          "${substr(self.result, 0, 500)}\n\nA bundle of your own that does not know the event {\"policy-tests\":",
          "[...]} needs deploy_gate = false.",
        ]),
      )
    }
  }
}

# Versions that aliases are pinned to: read at plan, so that one that does not exist is found before anything changes.
data "aws_lambda_function" "pinned" {
  for_each = local.pinned

  function_name = local.function_name
  qualifier     = each.key
}

resource "aws_lambda_alias" "this" {
  for_each = local.aliases

  name             = each.key
  description      = each.key == "live" ? "For endpoints made elsewhere" : "For the endpoint ${each.key}"
  function_name    = module.function.function.function_name
  function_version = try(local.pins[each.key].version, local.version)

  dynamic "routing_config" {
    for_each = lookup(local.canaries, each.key, [])
    content {
      additional_version_weights = { (local.version) = routing_config.value }
    }
  }

  depends_on = [
    aws_lambda_invocation.gate,
    aws_lambda_provisioned_concurrency_config.this,
    aws_lambda_provisioned_concurrency_config.scaled,
    # What they hold goes once no alias serves a version that reads it.
    aws_s3_object.policy,
    aws_iam_role_policy.stored_policy,
    aws_iam_role_policy.device_inventory,
    aws_iam_role_policy.connections,
  ]

  lifecycle {
    # A function of another name has aliases of the same names: the old ones go once the endpoints call the new ones.
    create_before_destroy = true

    # A version keeps the role and the key that it was published with.
    precondition {
      condition = try(
        data.aws_lambda_function.pinned[local.pins[each.key].version].role == module.function.role.arn,
        true,
      )
      error_message = format(
        join(" ", [
          "alias_versions pins %s to version %s, which runs under the role %s, not under %s: without its role it",
          "answers nothing. Pin a version that was published since the role changed, or remove the pin.",
        ]),
        each.key,
        try(local.pins[each.key].version, ""),
        try(data.aws_lambda_function.pinned[local.pins[each.key].version].role, ""),
        module.function.role.arn,
      )
    }
    precondition {
      condition = try(
        coalesce(data.aws_lambda_function.pinned[local.pins[each.key].version].kms_key_arn, "-") ==
        coalesce(var.kms_key_arn, "-"),
        true,
      )
      error_message = join(" ", [
        "alias_versions pins ${each.key} to version ${try(local.pins[each.key].version, "")}, whose environment is",
        "encrypted with another key than kms_key_arn, which the role may not use. Pin a version that was published",
        "since the key changed, or remove the pin.",
      ])
    }
    precondition {
      condition = try(contains(local.readable_policies, local.pins[each.key].version), true)
      error_message = join(" ", [
        "alias_versions pins ${each.key} to version ${try(local.pins[each.key].version, "")}, whose policy is stored",
        "where policy_bucket no longer says: the object would go, and the version answer nothing but denials. Leave",
        "policy_bucket as it was until the pin is gone.",
      ])
    }
    precondition {
      condition = try(
        contains(
          ["", try(var.device_table.table_name, "")],
          local.pinned_tables[local.pins[each.key].version].DEVICE_INVENTORY,
        ),
        true,
      )
      error_message = format(
        join(" ", [
          "alias_versions pins %s to version %s, which looks up devices in the table %s, which the role could no",
          "longer read. Leave device_inventory as it was until the pin is gone.",
        ]),
        each.key,
        try(local.pins[each.key].version, ""),
        try(local.pinned_tables[local.pins[each.key].version].DEVICE_INVENTORY, ""),
      )
    }
    precondition {
      condition = try(
        contains(
          ["", try(var.connections.table_name, "")],
          local.pinned_tables[local.pins[each.key].version].CONNECTIONS,
        ),
        true,
      )
      error_message = format(
        join(" ", [
          "alias_versions pins %s to version %s, which counts connections in the table %s, which the role could no",
          "longer use. Leave session_limits and reauthorization as they were until the pin is gone.",
        ]),
        each.key,
        try(local.pins[each.key].version, ""),
        try(local.pinned_tables[local.pins[each.key].version].CONNECTIONS, ""),
      )
    }
  }
}
