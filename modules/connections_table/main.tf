resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_28: A record lives as long as a session: what a restore would bring back has expired.
  #checkov:skip=CKV_AWS_119: AWS's own key for DynamoDB encrypts it, or the caller's (kms_key_arn).
  name         = "AWSClientVPN-${var.name}-connections"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  tags         = var.tags

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # Without a key: AWS's own key for DynamoDB in this account, which nobody needs to be allowed to use.
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  lifecycle {
    # Versions of the function use it until the aliases have moved: what goes, goes after that.
    create_before_destroy = true
  }
}
