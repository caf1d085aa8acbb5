locals {
  statements = concat(
    [{
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }],
    var.statements,
    # X-Ray knows no resources for these.
    [for mode in var.tracing_mode[*] : {
      Sid      = "WriteTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    } if mode == "Active"],
  )
}

resource "aws_iam_role" "this" {
  # Function names are unique in a Region, role names in the account. IAM leaves 38 characters for a prefix.
  name                 = var.role.name
  name_prefix          = var.role.name == null ? "${substr(var.function_name, 0, 37)}-" : null
  description          = "Execution role of ${var.function_name}"
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
  name = var.role_policy_name
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}
