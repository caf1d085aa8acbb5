# Endpoints that call the function.

variable "endpoints" {
  description = <<-EOT
    Client VPN endpoints to create, by key. Each key is also an alias of the function, which the endpoint calls, and
    the name by which rules know it (`when = { endpoint = ["<key>"] }`). May be empty: endpoints made elsewhere take
    the output `lambda_function_arn`. [modules/endpoint](modules/endpoint) has the defaults and limits.
    - `name`: tag `Name`. Default `<name>-<key>`.
    - `description`: description of the endpoint.
    - `server_certificate_arn`: server certificate in AWS Certificate Manager.
    - `client_cidr_block`: IPv4 range of the clients, /22 to /12.
    - `authentication`: `mutual`, `active_directory` or `saml`; or `mutual` and one of the others.
    - `connect_handler_enabled`: false establishes every connection without asking the handler. Default true.
    - `transport_protocol`: `udp` (default) or `tcp`.
    - `vpn_port`: 443 (default) or 1194.
    - `split_tunnel`: default false.
    - `dns_servers`: at most two.
    - `session_timeout_hours`: 8, 10, 12 or 24 (default).
    - `disconnect_on_session_timeout`: default true.
    - `login_banner`: text shown once a session is established.
    - `route_enforcement`: default false.
    - `self_service_portal`: default false.
    - `vpc_id`, `security_group_ids`: both or neither; needed with `associations`.
    - `connection_log`: `enabled` (default true), `log_stream_name`, `retention_in_days` (default 365),
      `kms_key_arn`; or `existing` with `log_group_name` and `log_stream_name`.
    - `associations`: map from a name to a subnet id.
    - `authorization_rules`: map of `target_network_cidr` with `access_group_id` or `authorize_all_groups = true`,
      and `description`.
    - `routes`: map of `destination_cidr_block`, `association` (a key of `associations`) and `description`.
    - `tags`: in addition to the module's tags.
  EOT
  # Without defaults: an attribute that is left out is null, for which modules/endpoint has the default.
  type = map(object({
    name                   = optional(string)
    description            = optional(string)
    server_certificate_arn = string
    client_cidr_block      = string
    authentication = object({
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
    connect_handler_enabled       = optional(bool)
    transport_protocol            = optional(string)
    vpn_port                      = optional(number)
    split_tunnel                  = optional(bool)
    dns_servers                   = optional(list(string))
    session_timeout_hours         = optional(number)
    disconnect_on_session_timeout = optional(bool)
    login_banner                  = optional(string)
    route_enforcement             = optional(bool)
    self_service_portal           = optional(bool)
    vpc_id                        = optional(string)
    security_group_ids            = optional(set(string))
    connection_log = optional(object({
      enabled           = optional(bool)
      log_stream_name   = optional(string)
      retention_in_days = optional(number)
      kms_key_arn       = optional(string)
      existing = optional(object({
        log_group_name  = string
        log_stream_name = string
      }))
    }))
    associations = optional(map(string))
    authorization_rules = optional(map(object({
      target_network_cidr  = string
      access_group_id      = optional(string)
      authorize_all_groups = optional(bool)
      description          = optional(string)
    })))
    routes = optional(map(object({
      destination_cidr_block = string
      association            = string
      description            = optional(string)
    })))
    tags = optional(map(string), {})
  }))
  default  = {}
  nullable = false
}

variable "existing_endpoints" {
  description = <<-EOT
    Client VPN endpoints made elsewhere that call the function, by a key of your own. `session_limits`,
    `reauthorization` and `monitoring` treat them like those of `endpoints`. An endpoint of the same configuration
    may take the output `lambda_function_arn` and stand here. A map of objects:
    - `id`: id of the endpoint.
    - `alias`: alias of the function that the endpoint calls: `live`, or a key of `endpoints`. Default `live`.
    - `mutual`: whether clients have certificates, which a revocation list can revoke. Default false.
    - `saml`: whether users sign on at an identity provider. Default false.
    - `connection_log_group_name`: log group of the connection log. Default: none.
  EOT
  # Nothing that an alias of the function waits for may read it: an endpoint that takes the alias's ARN would be a
  # cycle.
  type = map(object({
    id                        = string
    alias                     = optional(string, "live")
    mutual                    = optional(bool, false)
    saml                      = optional(bool, false)
    connection_log_group_name = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for endpoint in values(var.existing_endpoints) : can(regex("^cvpn-endpoint-[0-9a-f]+$", endpoint.id))
    ])
    error_message = format(
      join(" ", [
        "existing_endpoints has the id %s; write ids of Client VPN endpoints, such as",
        "\"cvpn-endpoint-0123456789abcdef0\".",
      ]),
      join(", ", [
        for endpoint in values(var.existing_endpoints) : "\"${endpoint.id}\""
        if !can(regex("^cvpn-endpoint-[0-9a-f]+$", endpoint.id))
      ]),
    )
  }

  validation {
    condition     = length(distinct(values(var.existing_endpoints)[*].id)) == length(var.existing_endpoints)
    error_message = "existing_endpoints has one endpoint under two keys: remove one."
  }

  validation {
    condition = length(setintersection(keys(var.existing_endpoints), keys(var.endpoints))) == 0
    error_message = format(
      "existing_endpoints has the keys of endpoints that this module makes: %s. Remove them, or choose other keys.",
      join(", ", setintersection(keys(var.existing_endpoints), keys(var.endpoints))),
    )
  }

  validation {
    condition = alltrue([
      for endpoint in values(var.existing_endpoints) : contains(concat(["live"], keys(var.endpoints)), endpoint.alias)
    ])
    error_message = format(
      "existing_endpoints has the alias %s, which is no alias of the function; write %s.",
      join(", ", [
        for endpoint in values(var.existing_endpoints) : "\"${endpoint.alias}\""
        if !contains(concat(["live"], keys(var.endpoints)), endpoint.alias)
      ]),
      join(" or ", [for alias in concat(["live"], keys(var.endpoints)) : "\"${alias}\""]),
    )
  }
}
