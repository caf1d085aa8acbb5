resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_28: It is on by default (point_in_time_recovery), which checkov cannot follow.
  #checkov:skip=CKV_AWS_119: AWS's own key for DynamoDB encrypts it, or the caller's (kms_key_arn).
  name         = "AWSClientVPN-${var.name}-devices"
  billing_mode = "PAY_PER_REQUEST"
  # As the handler looks it up: in lower case, and normalized (NFC). `cvpn devices` writes it so.
  hash_key                    = "common_name"
  deletion_protection_enabled = var.deletion_protection_enabled
  tags                        = var.tags

  attribute {
    name = "common_name"
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
    # Versions of the function read it until the aliases have moved: what goes, goes after that.
    create_before_destroy = true
  }
}
