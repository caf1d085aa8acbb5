variable "name" {
  description = <<-EOT
    Name of the handler: the table is called `AWSClientVPN-<name>-connections`. Letters, digits, hyphens and
    underscores, at most 51 characters.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[A-Za-z0-9_-]{1,51}$", var.name))
    error_message = join(" ", [
      "name is \"${var.name}\" (${length(var.name)} characters); write 1 to 51 letters, digits, hyphens and",
      "underscores: the name of the handler.",
    ])
  }
}

variable "kms_key_arn" {
  description = <<-EOT
    KMS key that encrypts the table; its key policy must let the roles of the functions use it. Default: AWS's own
    key for DynamoDB.
  EOT
  type        = string
  default     = null

  validation {
    condition = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = join(" ", [
      "kms_key_arn (in the root module: of connections_table) must be the ARN of a KMS key",
      "(arn:aws:kms:<region>:<account>:key/<id>), not an alias or an id: the roles' permissions name the key.",
    ])
  }
}

variable "point_in_time_recovery" {
  description = <<-EOT
    Whether the table can be restored to any second of the last 35 days, for accounts whose rules ask for it: a
    record lives as long as a session, and what a restore would bring back has expired. Costs by the table's size.
  EOT
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
