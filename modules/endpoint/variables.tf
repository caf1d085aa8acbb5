variable "name" {
  description = "Name of the endpoint: its tag `Name`, and part of the connection log group's name."
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[A-Za-z0-9_./#-]{1,128}$", var.name))
    error_message = join(" ", [
      "name is \"${var.name}\"; write 1 to 128 letters, digits or characters of _./#-, which a log group's name can",
      "have. In the root module it is <name>-<key> unless the endpoint has a name of its own.",
    ])
  }
}

variable "description" {
  description = "Description of the endpoint, at most 255 characters."
  type        = string
  default     = null

  validation {
    condition = length(coalesce(var.description, "-")) <= 255
    error_message = (
      "description has ${length(coalesce(var.description, "-"))} characters; EC2 takes at most 255: shorten it."
    )
  }
}

variable "server_certificate_arn" {
  description = "ARN of the server certificate in AWS Certificate Manager, in the endpoint's Region."
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/", var.server_certificate_arn))
    error_message = join(" ", [
      "server_certificate_arn is \"${var.server_certificate_arn}\"; write the ARN of a certificate in AWS Certificate",
      "Manager (arn:aws:acm:<region>:<account>:certificate/<id>).",
    ])
  }
}

variable "client_cidr_block" {
  description = <<-EOT
    IPv4 range from which clients get their addresses, between /22 and /12. It must not overlap the VPC or any
    route, and cannot be changed: another value makes a new endpoint.
  EOT
  type        = string
  nullable    = false

  validation {
    condition = try(
      tonumber(split("/", var.client_cidr_block)[1]) >= 12 &&
      tonumber(split("/", var.client_cidr_block)[1]) <= 22 &&
      can(cidrnetmask(var.client_cidr_block)),
      false
    )
    error_message = join(" ", [
      "client_cidr_block is \"${var.client_cidr_block}\"; write an IPv4 range with a prefix length between /12 and",
      "/22, such as \"10.255.0.0/22\".",
    ])
  }

  validation {
    condition = try(cidrsubnet(var.client_cidr_block, 0, 0) == var.client_cidr_block, true)
    error_message = join(" ", [
      "client_cidr_block is \"${var.client_cidr_block}\", which has bits set beyond its prefix; write",
      "\"${try(cidrsubnet(var.client_cidr_block, 0, 0), "")}\".",
    ])
  }
}

variable "authentication" {
  description = <<-EOT
    How clients prove who they are: one way, or `mutual` together with one of the other two. Another value makes a
    new endpoint.
    - `mutual`: client certificates.
      - `root_certificate_chain_arn`: ARN in AWS Certificate Manager of the certificate authority that signs them.
    - `active_directory`: user name and password of a directory in AWS Directory Service.
      - `directory_id`: id of the directory, `d-…`.
    - `saml`: single sign-on by SAML 2.0.
      - `provider_arn`: ARN of the IAM SAML identity provider.
      - `self_service_provider_arn`: ARN of the IAM SAML identity provider of the self-service portal.
  EOT
  type = object({
    mutual = optional(object({
      root_certificate_chain_arn = string
    }))
    active_directory = optional(object({
      directory_id = string
    }))
    saml = optional(object({
      provider_arn              = string
      self_service_provider_arn = optional(string)
    }))
  })
  nullable = false

  validation {
    condition = (
      var.authentication.mutual != null ||
      var.authentication.active_directory != null ||
      var.authentication.saml != null
    )
    error_message = "authentication is empty; write at least one of mutual, active_directory and saml."
  }

  validation {
    condition = var.authentication.active_directory == null || var.authentication.saml == null
    error_message = join(" ", [
      "authentication has both active_directory and saml, which AWS does not combine; remove one. Either can be",
      "combined with mutual.",
    ])
  }

  validation {
    condition = (
      var.authentication.mutual == null ||
      can(regex("^arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/", var.authentication.mutual.root_certificate_chain_arn))
    )
    error_message = format(
      join(" ", [
        "authentication.mutual.root_certificate_chain_arn is \"%s\"; write the ARN of a certificate in AWS Certificate",
        "Manager (arn:aws:acm:<region>:<account>:certificate/<id>).",
      ]),
      try(coalesce(var.authentication.mutual.root_certificate_chain_arn), ""),
    )
  }

  validation {
    condition = (
      var.authentication.active_directory == null ||
      can(regex("^d-[0-9a-f]{10}$", var.authentication.active_directory.directory_id))
    )
    error_message = format(
      join(" ", [
        "authentication.active_directory.directory_id is \"%s\"; write the id of a directory, d- and ten hexadecimal",
        "digits.",
      ]),
      try(coalesce(var.authentication.active_directory.directory_id), ""),
    )
  }

  validation {
    condition = alltrue([
      for arn in try([var.authentication.saml.provider_arn, var.authentication.saml.self_service_provider_arn], []) :
      arn == null || can(regex("^arn:[^:]+:iam::[0-9]{12}:saml-provider/", arn))
    ])
    error_message = join(" ", [
      "authentication.saml.provider_arn and self_service_provider_arn must be ARNs of IAM SAML identity providers",
      "(arn:aws:iam::<account>:saml-provider/<name>).",
    ])
  }
}

variable "connect_handler" {
  description = <<-EOT
    Client connect handler of the endpoint. Default `null`: none, and one that was there before is switched off.
    - `lambda_function_arn`: ARN of an alias of the function.
    - `enabled`: false switches the handler off: every connection that authenticates is then established. Default true.
  EOT
  # An object, because whether there is one must be known at plan, when the ARN of a new function is not.
  type = object({
    lambda_function_arn = string
    enabled             = optional(bool, true)
  })
  default = null

  validation {
    condition = (
      var.connect_handler == null ||
      can(regex(":function:AWSClientVPN-[A-Za-z0-9_-]+(:|$)", var.connect_handler.lambda_function_arn))
    )
    error_message = format(
      join(" ", [
        "connect_handler.lambda_function_arn is \"%s\"; the function's name must begin with AWSClientVPN-: Client VPN",
        "invokes no other. Rename the function.",
      ]),
      try(coalesce(var.connect_handler.lambda_function_arn), ""),
    )
  }

  validation {
    condition = var.connect_handler == null || can(regex(
      "^arn:[^:]+:lambda:[^:]+:[0-9]{12}:function:[A-Za-z0-9_-]+:[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*$",
      var.connect_handler.lambda_function_arn
    ))
    error_message = format(
      join(" ", [
        "connect_handler.lambda_function_arn is \"%s\"; write the ARN of an alias",
        "(arn:aws:lambda:<region>:<account>:function:AWSClientVPN-<name>:<alias>). With a version or without a",
        "qualifier, a new version of the function would change the endpoint, or serve it untested.",
      ]),
      try(coalesce(var.connect_handler.lambda_function_arn), ""),
    )
  }
}

variable "transport_protocol" {
  description = "`udp` or `tcp`. Another value makes a new endpoint."
  type        = string
  default     = "udp"
  nullable    = false

  validation {
    condition     = contains(["udp", "tcp"], var.transport_protocol)
    error_message = "transport_protocol is \"${var.transport_protocol}\"; write \"udp\" or \"tcp\"."
  }
}

variable "vpn_port" {
  description = "Port on which clients connect: 443 or 1194."
  type        = number
  default     = 443
  nullable    = false

  validation {
    condition     = contains([443, 1194], var.vpn_port)
    error_message = "vpn_port is ${var.vpn_port}; write 443 or 1194."
  }
}

variable "session_timeout_hours" {
  description = "Hours after which a session ends: 8, 10, 12 or 24. Each new session asks the connect handler again."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = contains([8, 10, 12, 24], var.session_timeout_hours)
    error_message = "session_timeout_hours is ${var.session_timeout_hours}; write 8, 10, 12 or 24."
  }
}

variable "disconnect_on_session_timeout" {
  description = <<-EOT
    What happens when the session ends: true disconnects the user, false lets the client reconnect by itself. For a
    new endpoint, false takes a second apply: the provider does not send it with the first.
  EOT
  type        = bool
  default     = true
  nullable    = false
}

variable "login_banner" {
  description = <<-EOT
    Text that AWS's client shows once a session is established, 1 to 1400 characters (of which the provider counts
    an umlaut as two). Default `null`: none, and one that was there before is switched off.
  EOT
  type        = string
  default     = null

  validation {
    condition = (
      var.login_banner == null ||
      try(length(var.login_banner) >= 1 && length(var.login_banner) <= 1400, false)
    )
    error_message = (
      "login_banner has ${length(coalesce(var.login_banner, " "))} characters; write 1 to 1400, or null for no banner."
    )
  }
}

variable "self_service_portal" {
  description = "Whether users can download the client and its configuration from the self-service portal."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition = (
      !var.self_service_portal ||
      var.authentication.active_directory != null ||
      var.authentication.saml != null
    )
    error_message = join(" ", [
      "self_service_portal needs users who can log in to it: add active_directory or saml to authentication, or set it",
      "to false.",
    ])
  }
}

variable "connection_log" {
  description = <<-EOT
    Connection log in CloudWatch Logs.
    - `enabled`: default true.
    - `log_stream_name`: stream in the log group `/aws/clientvpn/<name>` that the module creates. Default `connections`.
    - `retention_in_days`: of that group. Default 365; 0 keeps the log for ever.
    - `kms_key_arn`: KMS key of that group; its key policy must allow CloudWatch Logs to use it.
    - `existing`: a log group that exists already, instead of the module's own: `log_group_name` and `log_stream_name`.
  EOT
  type = object({
    enabled           = optional(bool, true)
    log_stream_name   = optional(string, "connections")
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
    # An object, because whether there is one must be known at plan, when the name of a new group may not be.
    existing = optional(object({
      log_group_name  = string
      log_stream_name = string
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.connection_log.enabled || var.connection_log.existing == null
    error_message = "connection_log has existing but enabled = false; remove existing, or enabled."
  }

  validation {
    condition = var.connection_log.existing == null || var.connection_log.kms_key_arn == null
    error_message = join(" ", [
      "connection_log has kms_key_arn beside existing; the key belongs to the group that the module creates: remove",
      "one of the two.",
    ])
  }

  validation {
    condition = (
      var.connection_log.existing == null ||
      can(regex("^[A-Za-z0-9_./#-]{1,512}$", var.connection_log.existing.log_group_name))
    )
    error_message = format(
      "connection_log.existing.log_group_name is \"%s\"; write the name of a log group, not its ARN.",
      try(coalesce(var.connection_log.existing.log_group_name), ""),
    )
  }

  validation {
    condition = contains(local.retention_in_days, var.connection_log.retention_in_days)
    error_message = join(" ", [
      "connection_log.retention_in_days is ${var.connection_log.retention_in_days}; write a number that CloudWatch",
      "Logs takes: ${join(", ", local.retention_in_days)} (0 keeps the log for ever).",
    ])
  }
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

locals {
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
  retention_in_days = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ]
}
