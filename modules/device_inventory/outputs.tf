output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "table_arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "kms_key_arn" {
  description = "KMS key that encrypts the table, if it is one of the caller's, or `null`."
  value       = var.kms_key_arn
}

output "device_table" {
  description = "The table as the input `device_table` of modules/handler and of modules/reauthorization."
  value = {
    table_name  = aws_dynamodb_table.this.name
    table_arn   = aws_dynamodb_table.this.arn
    kms_key_arn = var.kms_key_arn
  }
}
