locals {
  statements = concat(
    [
      # The policy that each alias serves, and the tables that it looks at.
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConfiguration"]
        Resource = [var.function_arn, "${var.function_arn}:*"]
      },
      {
        Sid      = "StartRun"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [local.function_arn]
      },
      # EC2 knows no resources for this.
      {
        Sid      = "DescribeConnections"
        Effect   = "Allow"
        Action   = ["ec2:DescribeClientVpnConnections"]
        Resource = ["*"]
      },
    ],
    [for arns in [local.endpoint_arns] : {
      Sid      = "EndConnections"
      Effect   = "Allow"
      Action   = ["ec2:TerminateClientVpnConnections"]
      Resource = arns
    } if length(var.existing_endpoints) > 0],
    [{
      Sid      = "ReadConnections"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Resource = [var.connections.table_arn]
    }],
    [for inventory in var.device_table[*] : {
      Sid      = "ReadDeviceInventory"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Resource = [inventory.table_arn]
    }],
    [for policy in var.stored_policy[*] : {
      Sid      = "ReadPolicy"
      Effect   = "Allow"
      Action   = ["s3:GetObjectVersion"]
      Resource = [policy.arn]
    }],
    [for keys in [local.keys] : {
      Sid      = "Decrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = keys
    } if length(keys) > 0],
  )

  # Of both functions' environments, the tables and the stored policy.
  keys = sort(distinct(concat(
    var.kms_key_arn[*],
    var.connections.kms_key_arn[*],
    try(var.device_table.kms_key_arn[*], []),
    try(var.stored_policy.kms_key_arn[*], []),
  )))
}
