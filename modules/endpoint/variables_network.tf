# How the endpoint reaches networks, and who may.

variable "split_tunnel" {
  description = "Whether only traffic for the endpoint's routes goes through the tunnel, rather than all of it."
  type        = bool
  default     = false
  nullable    = false
}

variable "dns_servers" {
  description = "IPv4 addresses of at most two DNS servers for the clients. Default: the clients' own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.dns_servers) <= 2
    error_message = format(
      "dns_servers has %s addresses; AWS takes at most two: remove %s.",
      length(var.dns_servers),
      join(", ", slice(var.dns_servers, min(2, length(var.dns_servers)), length(var.dns_servers))),
    )
  }

  validation {
    condition = alltrue([for address in var.dns_servers : can(cidrnetmask("${address}/32"))])
    error_message = format(
      "dns_servers must be IPv4 addresses, such as \"10.0.0.2\"; correct %s.",
      join(", ", [for address in var.dns_servers : "\"${address}\"" if !can(cidrnetmask("${address}/32"))]),
    )
  }
}

variable "route_enforcement" {
  description = "Whether clients put back routes of the VPN that were changed on the device (client route enforcement)."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_id" {
  description = "VPC to which the endpoint's security groups belong. Together with `security_group_ids`."
  type        = string
  default     = null

  validation {
    condition = (var.vpc_id == null) == (length(var.security_group_ids) == 0)
    error_message = join(" ", [
      "vpc_id and security_group_ids belong together; write both or neither. (Once written, removing both leaves the",
      "last ones in place: name the VPC's default security group to return to it.)",
    ])
  }
}

variable "security_group_ids" {
  description = <<-EOT
    One to five security groups of the associated network interfaces. Needed with `associations`: left out, the
    provider would keep whatever groups the endpoint last had.
  EOT
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.security_group_ids) <= 5
    error_message = (
      "security_group_ids has ${length(var.security_group_ids)} groups; AWS takes at most five: remove some."
    )
  }
}

variable "associations" {
  description = <<-EOT
    Subnets that the endpoint is associated with, each in another Availability Zone: a map from a name of your
    choice to the subnet's id. Terraform waits at least four minutes for each, in parallel.
  EOT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.associations) == 0 || length(var.security_group_ids) > 0
    error_message = join(" ", [
      "associations needs vpc_id and security_group_ids; write both. Left out, AWS takes the VPC's default security",
      "group, and Terraform could not undo a later choice.",
    ])
  }

  validation {
    condition     = length(distinct(values(var.associations))) == length(var.associations)
    error_message = "associations names a subnet twice; remove one of the two."
  }
}

variable "authorization_rules" {
  description = <<-EOT
    Networks that clients may reach, by a name of your choice.
    - `target_network_cidr`: the network.
    - `access_group_id`: id of the Active Directory group (SID) or name of the SAML group whose members may.
    - `authorize_all_groups`: true for every client. Exactly one of the two.
    - `description`
  EOT
  type = map(object({
    target_network_cidr  = string
    access_group_id      = optional(string)
    authorize_all_groups = optional(bool, false)
    description          = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for rule in values(var.authorization_rules) : (rule.access_group_id != null) != rule.authorize_all_groups
    ])
    error_message = format(
      "authorization_rules: write either access_group_id or authorize_all_groups = true in %s.",
      join(", ", [
        for name, rule in var.authorization_rules : name if(rule.access_group_id != null) == rule.authorize_all_groups
      ]),
    )
  }

  validation {
    condition = alltrue([
      for rule in values(var.authorization_rules) :
      try(
        cidrnetmask(rule.target_network_cidr) != "" &&
        cidrsubnet(rule.target_network_cidr, 0, 0) == rule.target_network_cidr,
        false,
      )
    ])
    error_message = format(
      join(" ", [
        "authorization_rules: target_network_cidr must be an IPv4 network, such as \"10.0.0.0/16\", without bits",
        "beyond its prefix; correct it in %s.",
      ]),
      join(", ", [
        for name, rule in var.authorization_rules : name
        if !try(
          cidrnetmask(rule.target_network_cidr) != "" &&
          cidrsubnet(rule.target_network_cidr, 0, 0) == rule.target_network_cidr,
          false,
        )
      ]),
    )
  }
}

variable "routes" {
  description = <<-EOT
    Routes in addition to those that AWS makes for each association's VPC, by a name of your choice.
    - `destination_cidr_block`: the destination; `0.0.0.0/0` for the internet.
    - `association`: key in `associations` of the subnet through which it is reached.
    - `description`
  EOT
  type = map(object({
    destination_cidr_block = string
    association            = string
    description            = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for route in values(var.routes) : contains(keys(var.associations), route.association)])
    error_message = format(
      "routes: association must be a key of associations (%s); correct it in %s.",
      join(", ", keys(var.associations)),
      join(", ", [for name, route in var.routes : name if !contains(keys(var.associations), route.association)]),
    )
  }

  validation {
    condition = alltrue([
      for route in values(var.routes) :
      try(
        cidrnetmask(route.destination_cidr_block) != "" &&
        cidrsubnet(route.destination_cidr_block, 0, 0) == route.destination_cidr_block,
        false,
      )
    ])
    error_message = format(
      join(" ", [
        "routes: destination_cidr_block must be an IPv4 network, such as \"10.1.0.0/16\", without bits beyond its",
        "prefix; correct it in %s.",
      ]),
      join(", ", [
        for name, route in var.routes : name
        if !try(
          cidrnetmask(route.destination_cidr_block) != "" &&
          cidrsubnet(route.destination_cidr_block, 0, 0) == route.destination_cidr_block,
          false,
        )
      ]),
    )
  }
}
