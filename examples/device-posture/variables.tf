variable "name" {
  description = "Name of the handler and first part of the endpoint's name."
  type        = string
  default     = "device-posture"
}

variable "server_certificate_arn" {
  description = "ARN of the endpoint's server certificate in AWS Certificate Manager."
  type        = string
}

variable "client_certificate_arn" {
  description = "ARN in AWS Certificate Manager of the certificate authority that signs the clients' certificates."
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

variable "default_deny_message" {
  description = "What a user is shown whom no rule with a message denies."
  type        = string
  default     = null
}

variable "shadow_mode" {
  description = "Whether every connection is allowed while the decision log records what the policy would have done."
  type        = bool
  default     = false
}

variable "policy_tests" {
  description = "Test cases that a new version has to pass before any endpoint calls it."
  type        = any
  default     = []
}

variable "brake" {
  description = <<-EOT
    How many connections a run of re-authorization may end: a `share` of them, and a `floor` that it always may.
  EOT
  type = object({
    share = optional(number)
    floor = optional(number)
  })
  default = {}
}

variable "tags" {
  description = "Tags of the function, the tables and the endpoint."
  type        = map(string)
  default     = {}
}
