locals {
  statements = concat(
    [{
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }],
    [for _ in var.kms_key_arn[*] : {
      Sid      = "DecryptEnvironment"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.kms_key_arn
    }],
    # X-Ray knows no resources for these.
    [for mode in var.tracing_mode[*] : {
      Sid      = "WriteTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    } if mode == "Active"],
    # Lambda needs these to attach the function to the VPC, and needs them for all resources.
    [for _ in var.vpc[*] : {
      Sid      = "AttachToVpc"
      Effect   = "Allow"
      Action   = local.vpc_actions
      Resource = "*"
    }],
    # The function's own code needs none of them.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
    [for _ in var.vpc[*] : {
      Sid      = "KeepVpcFromCode"
      Effect   = "Deny"
      Action   = local.vpc_actions
      Resource = "*"
      Condition = {
        ArnLike = { "lambda:SourceFunctionArn" = "arn:*:lambda:*:*:function:${local.function_name}" }
      }
    }],
  )

  vpc_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
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
  name = "handler"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}

resource "aws_iam_service_linked_role" "this" {
  for_each = var.create_service_linked_roles ? toset(["clientvpn.amazonaws.com", "clientvpn-connections.amazonaws.com"]) : []

  aws_service_name = each.key
  tags             = var.tags
}
