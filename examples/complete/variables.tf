variable "name" {
  description = "Name of the handler and first part of the endpoints' names."
  type        = string
  default     = "complete"
}

variable "server_certificate_arn" {
  description = "ARN of the endpoints' server certificate in AWS Certificate Manager."
  type        = string
}

variable "client_certificate_arn" {
  description = "ARN in AWS Certificate Manager of the certificate authority that signs the clients' certificates."
  type        = string
}

variable "availability_zones" {
  description = "Two Availability Zones of the Region, for the subnets with which the endpoints are associated."
  type        = list(string)
}

variable "directory_id" {
  description = "Id of a directory in AWS Directory Service. Default `null`: the endpoint `domain` is not made."
  type        = string
  default     = null
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

variable "alias_versions" {
  description = "Versions to which endpoints are pinned, by key: `{ staff = { version = \"14\" } }` rolls back."
  type        = any
  default     = {}
}

variable "log_redact_key" {
  description = "Key of the hashes that stand in for what the decision log does not show, 16 characters or more."
  type        = string
  sensitive   = true
}

variable "tags" {
  description = "Tags of the function, the endpoints and their network."
  type        = map(string)
  default     = {}
}
