locals {
  statements = concat(
    [for _ in var.kms_key_arn[*] : {
      Sid      = "DecryptEnvironment"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.kms_key_arn
    }],
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

resource "aws_iam_service_linked_role" "this" {
  for_each = (
    var.create_service_linked_roles
    ? toset(["clientvpn.amazonaws.com", "clientvpn-connections.amazonaws.com"])
    : []
  )

  aws_service_name = each.key
  tags             = var.tags
}
