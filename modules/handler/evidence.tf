# What the policy may look at besides the request: a device's record, and the other active connections. Where neither is
# asked for, the function gets no variable, its role no permission, and it makes no call.

locals {
  renamed_attributes = {
    for name, theirs in try(var.device_table.attribute_names, {}) : name => theirs
    if name != theirs
  }

  # What connect_handler/settings.py reads.
  evidence_environment = merge(
    {
      for inventory in var.device_table[*] : "DEVICE_INVENTORY" => jsonencode(merge(
        { table = inventory.table_name },
        length(local.renamed_attributes) > 0 ? { attributes = local.renamed_attributes } : {},
        inventory.exact ? { exact = true } : {},
      ))
    },
    {
      for table in var.connections[*] :
      "CONNECTIONS" => jsonencode(merge({ table = table.table_name }, table.requests ? { requests = true } : {}))
    },
  )

  # The tables that pinned versions use, by the variable that names them; "" where there is none.
  pinned_tables = {
    for version, function in data.aws_lambda_function.pinned : version => {
      for name in ["DEVICE_INVENTORY", "CONNECTIONS"] :
      name => try(jsondecode(function.environment[0].variables[name]).table, "")
    }
  }
}

# Of their own, and not statements of the role's policy, and another one for another table: a change must not take the
# permission from the version that still serves.
resource "aws_iam_role_policy" "device_inventory" {
  count = var.device_table == null ? 0 : 1

  name = format(
    "device-inventory-%s",
    substr(sha256(jsonencode([var.device_table.table_arn, var.device_table.kms_key_arn])), 0, 12),
  )
  role = module.function.role.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "ReadDeviceInventory"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = var.device_table.table_arn
      }],
      [for key in var.device_table.kms_key_arn[*] : {
        Sid      = "DecryptDeviceInventory"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = key
      }],
    )
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "connections" {
  count = var.connections == null ? 0 : 1

  name = "connections-${substr(sha256(jsonencode([var.connections.table_arn, var.connections.kms_key_arn])), 0, 12)}"
  role = module.function.role.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "RecordConnections"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = var.connections.table_arn
      }],
      [for key in var.connections.kms_key_arn[*] : {
        Sid      = "EncryptConnections"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = key
      }],
    )
  })

  lifecycle {
    create_before_destroy = true
  }
}
