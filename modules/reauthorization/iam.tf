locals {
  statements = concat(
    [
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
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
    } if length(var.endpoints) > 0],
    [{
      Sid      = "ReadConnections"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
      Resource = [var.connections.table_arn]
    }],
    [for inventory in var.device_inventory[*] : {
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
    # X-Ray knows no resources for these.
    [for mode in var.tracing_mode[*] : {
      Sid      = "WriteTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = ["*"]
    } if mode == "Active"],
  )

  # Of both functions' environments, the tables and the stored policy.
  keys = sort(distinct(concat(
    var.kms_key_arn[*],
    var.connections.kms_key_arn[*],
    try(var.device_inventory.kms_key_arn[*], []),
    try(var.stored_policy.kms_key_arn[*], []),
  )))
}

resource "aws_iam_role" "this" {
  # Function names are unique in a Region, role names in the account. IAM leaves 38 characters for a prefix.
  name                 = var.role.name
  name_prefix          = var.role.name == null ? "${substr(local.function_name, 0, 37)}-" : null
  description          = "Execution role of ${local.function_name}"
  path                 = var.role.path
  permissions_boundary = var.role.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    # The function runs under the old role until it has the new one.
    create_before_destroy = true
  }

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "reauthorization"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}
