# A policy that the function's environment has no room for: an object in the caller's bucket, which the environment
# names.
#
# Of the services that can hold what is larger, S3 keeps every version of an object under an id that a version of the
# function can name; SSM parameters end at 8 KB, secrets at 64 KB, items of DynamoDB at 400 KB.

locals {
  stored_policy_key = "${try(var.policy_bucket.key_prefix, "")}${local.function_name}/policy.json.gz"
  stored_policy_at  = try("s3://${var.policy_bucket.name}/${local.stored_policy_key}", "no bucket")

  # What connect_handler/stored_policy.py reads: where the document is, which version, and its digest.
  policy = var.policy != null ? var.policy : try(
    "${local.stored_policy_at}?versionId=${aws_s3_object.policy[0].version_id}&sha256=${var.policy_document.digest}",
    null
  )

  # Pinned versions whose policy stays where it is: in their environment, or in the bucket that this configuration
  # names.
  readable_policies = [
    for version, function in data.aws_lambda_function.pinned : version if anytrue([
      for policy in [try(function.environment[0].variables.POLICY, "")] :
      !startswith(policy, "s3://") || startswith(policy, "${local.stored_policy_at}?")
    ])
  ]
}

# It is there with every policy, also one that fits: versions that aliases are pinned to may read an earlier one.
resource "aws_s3_object" "policy" {
  #checkov:skip=CKV_AWS_186: The bucket's default encryption applies, or the key of policy_bucket.
  count = var.policy_bucket == null ? 0 : 1

  bucket         = var.policy_bucket.name
  key            = local.stored_policy_key
  content_base64 = try(var.policy_document.packed, "")
  content_type   = "application/gzip"
  kms_key_id     = var.policy_bucket.kms_key_arn

  # S3 takes at most ten tags of an object, and refuses it with those of the provider's default_tags beyond them.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  lifecycle {
    # The version that serves reads it until the aliases have moved: what goes, goes after that.
    create_before_destroy = true

    postcondition {
      condition = try(length(self.version_id) > 0 && self.version_id != "null", false)
      error_message = join(" ", [
        "The bucket ${self.bucket} has no versioning: a later policy would take this one's place, and a version of the",
        "function could not go on with its own. Enable versioning (aws_s3_bucket_versioning), let Terraform forget the",
        "object (terraform state rm, with its address), and apply: it is then stored again, with a version.",
      ])
    }
  }
}

# Of its own, and not a statement of the other: a change of bucket or key must not take the permission from the version
# that still serves.
resource "aws_iam_role_policy" "stored_policy" {
  count = var.policy_bucket == null ? 0 : 1

  name_prefix = "stored-policy-"
  role        = module.function.role.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # Of the one object, whichever version: its own is named by each version of the function.
      [{
        Sid      = "ReadPolicy"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersion"]
        Resource = aws_s3_object.policy[0].arn
      }],
      [for key in var.policy_bucket.kms_key_arn[*] : {
        Sid      = "DecryptPolicy"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = key
      }],
    )
  })

  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [aws_s3_object.policy[0].arn, aws_s3_object.policy[0].kms_key_id]
  }
}
