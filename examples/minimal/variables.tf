variable "name" {
  description = "Name of the handler and, with `-staff`, of the endpoint."
  type        = string
  default     = "minimal"
}

variable "server_certificate_arn" {
  description = "ARN of the endpoint's server certificate in AWS Certificate Manager."
  type        = string
}

variable "rules" {
  description = "Access rules of the policy."
  type        = any
}

variable "posture_rules" {
  description = "Rules of the policy that assign posture compliance statuses."
  type        = any
  default     = []
}

variable "default_posture_status" {
  description = "Posture compliance status of a connection to which no posture rule applies."
  type        = string
  default     = null
}

variable "shadow_mode" {
  description = "Whether every connection is allowed while the decision log records what the policy would have done."
  type        = bool
  default     = false
}

variable "policy_tests" {
  description = "Test cases that a new version has to pass before the endpoint calls it."
  type        = any
  default     = []
}
