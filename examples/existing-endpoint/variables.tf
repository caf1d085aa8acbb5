variable "name" {
  description = "Name of the handler."
  type        = string
  default     = "existing-endpoint"
}

variable "rules" {
  description = "Access rules of the policy."
  type        = any
}
