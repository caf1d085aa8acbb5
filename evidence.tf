# What the policy looks at besides the request, a device's record and the other active connections; and connections that
# have to stay authorized. None of it is there where it is not asked for.

locals {
  # Endpoints that call the function, those made here and those made elsewhere, in the shape of existing_endpoints.
  endpoints = merge(
    var.existing_endpoints,
    {
      for key, endpoint in var.endpoints : key => {
        id                        = module.endpoint[key].id
        alias                     = key
        mutual                    = endpoint.authentication.mutual != null
        saml                      = endpoint.authentication.saml != null
        connection_log_group_name = module.endpoint[key].connection_log_group_name
      }
    },
  )

  # The handler lets in nobody's connections where it is switched off: those are neither ended nor re-authorized.
  handler_is_off = [
    for key, endpoint in var.endpoints : key
    if !coalesce(endpoint.connect_handler_enabled, true)
  ]
  endpoints_with_handler = {
    for key, endpoint in local.endpoints : key => endpoint
    if !contains(local.handler_is_off, key)
  }
}

# --- devices ----------------------------------------------------------------------------------------------------------

module "device_inventory" {
  source = "./modules/device_inventory"
  count  = try(var.device_inventory.table == null, false) ? 1 : 0

  name                        = var.name
  kms_key_arn                 = var.device_inventory.kms_key_arn
  point_in_time_recovery      = coalesce(var.device_inventory.point_in_time_recovery, true)
  deletion_protection_enabled = coalesce(var.device_inventory.deletion_protection_enabled, false)

  tags = var.tags
}

# A table of one's own is known by its name alone: it may be made in the same apply, so that it cannot be read before.
data "aws_partition" "current" {
  count = local.own_table == null ? 0 : 1
}

data "aws_region" "current" {
  count = local.own_table == null ? 0 : 1
}

data "aws_caller_identity" "current" {
  count = local.own_table == null ? 0 : 1
}

locals {
  own_table = try(var.device_inventory.table, null)

  device_table = var.device_inventory == null ? null : {
    table_name = try(local.own_table.name, module.device_inventory[0].table_name)
    table_arn = try(
      join(":", [
        "arn", data.aws_partition.current[0].partition, "dynamodb", data.aws_region.current[0].id,
        data.aws_caller_identity.current[0].account_id, "table/${local.own_table.name}",
      ]),
      module.device_inventory[0].table_arn,
    )
    kms_key_arn     = local.own_table == null ? var.device_inventory.kms_key_arn : local.own_table.kms_key_arn
    attribute_names = try(coalesce(local.own_table.attribute_names), {})
    # What writes a table of one's own does not fold its keys.
    exact = local.own_table != null
  }
}

# --- connections ------------------------------------------------------------------------------------------------------

module "connections_table" {
  source = "./modules/connections_table"
  count  = var.session_limits == null && var.reauthorization == null ? 0 : 1

  name                   = var.name
  kms_key_arn            = var.connections_table.kms_key_arn
  point_in_time_recovery = var.connections_table.point_in_time_recovery

  tags = var.tags
}

locals {
  connections = length(module.connections_table) == 0 ? null : merge(
    module.connections_table[0].connections,
    { requests = var.reauthorization != null },
  )

  # An endpoint is where its handler is: in the same account and Region.
  partition  = split(":", module.handler.function_arn)[1]
  region     = split(":", module.handler.function_arn)[3]
  account_id = split(":", module.handler.function_arn)[4]
}

# Of its own, and not a part of modules/handler: an endpoint calls an alias of the function, which waits for the role's
# policies, so that they cannot name an endpoint.
resource "aws_iam_role_policy" "session_limits" {
  count = var.session_limits == null ? 0 : 1

  name_prefix = "session-limits-"
  role        = module.handler.role_name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # EC2 knows no resources for this.
      [{
        Sid      = "DescribeConnections"
        Effect   = "Allow"
        Action   = ["ec2:DescribeClientVpnConnections"]
        Resource = "*"
      }],
      length(local.endpoints_with_handler) == 0 ? [] : [{
        Sid    = "EndConnections"
        Effect = "Allow"
        Action = ["ec2:TerminateClientVpnConnections"]
        Resource = sort([
          for endpoint in values(local.endpoints_with_handler) :
          "arn:${local.partition}:ec2:${local.region}:${local.account_id}:client-vpn-endpoint/${endpoint.id}"
        ])
      }],
    )
  })

  # Not created before it is destroyed: Terraform would then do the same with the endpoints that it depends on, of which
  # the old one has to go first where a new one takes its place.
}

check "session_limits" {
  assert {
    condition = var.session_limits == null || length(local.endpoints_with_handler) > 0
    error_message = join(" ", [
      "session_limits is set, and there is no endpoint of which the function may end a connection (end_oldest):",
      "name those made elsewhere in existing_endpoints.",
    ])
  }
}

# --- re-authorization -------------------------------------------------------------------------------------------------

module "reauthorization" {
  source = "./modules/reauthorization"
  count  = var.reauthorization == null ? 0 : 1

  name               = var.name
  function_name      = module.handler.function_name
  function_arn       = module.handler.function_arn
  existing_endpoints = local.endpoints_with_handler
  policy_digest      = module.policy.digest
  versions           = module.handler.alias_versions

  connections   = local.connections
  device_table  = local.device_table
  stored_policy = module.handler.stored_policy

  schedule                       = var.reauthorization.schedule
  brake                          = var.reauthorization.brake
  terminations_per_second        = var.reauthorization.terminations_per_second
  memory_size                    = var.reauthorization.memory_size
  reserved_concurrent_executions = var.reauthorization.reserved_concurrent_executions
  log_group                      = var.reauthorization.log_group
  role                           = var.reauthorization.role

  # As the handler, whose bundle it is.
  runtime                 = var.handler.runtime
  architecture            = var.handler.architecture
  bundle                  = var.handler.bundle
  kms_key_arn             = var.handler.kms_key_arn
  tracing_mode            = var.handler.tracing_mode
  code_signing_config_arn = var.handler.code_signing_config_arn

  tags = var.tags
}

check "reauthorization" {
  assert {
    condition = var.reauthorization == null || length(local.endpoints_with_handler) > 0
    error_message = join(" ", [
      "reauthorization is set, and there is no endpoint whose connections it looks at:",
      "name those made elsewhere in existing_endpoints.",
    ])
  }
}
