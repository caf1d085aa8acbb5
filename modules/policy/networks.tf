# Problems of addresses and CIDR blocks.

locals {
  network_problems = [
    for network in local.networks : "${network.where} is ${network.json}; ${
      local.has_network[network.where] ? join("", [
        "write \"${cidrhost(network.text, 0)}/${split("/", network.text)[1]}\" for the network ",
        "or \"${network.address}\" for the one address",
      ]) : local.advice.network
    }" if !local.readable[network.where] || try(cidrhost(network.text, 0) != local.first[network.where], false)
  ]

  networks = [
    for text in local.texts : merge(text, { address = split("/", text.text)[0] }) if text.kind == "network"
  ]

  octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
  ipv4  = "(?:${local.octet}\\.){3}${local.octet}"

  # Whether an address, and a prefix length if there is one, can be read.
  readable = {
    for network in local.networks : network.where => anytrue([
      can(regex("^${local.ipv4}(/([0-9]|[12][0-9]|3[0-2]))?$", network.text)),
      alltrue([
        strcontains(network.address, ":"),
        can(cidrhost("${network.address}/128", 0)),
        !can(regex("[0-9A-Fa-f]{5}", network.address)), # Terraform reads them if they begin with zeros
        !strcontains(network.address, ".") || can(regex(":${local.ipv4}$", network.address)),
        can(regex("^[^/]+(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?$", network.text)),
      ]),
    ])
  }

  # The address as Terraform writes it.
  first = {
    for network in local.networks :
    network.where => try(cidrhost("${network.address}/${strcontains(network.address, ":") ? 128 : 32}", 0), "")
  }

  # Whether there is a network to show: of a block with bits behind its prefix. An IPv4-mapped address, which cidrhost
  # writes with dots, has none.
  has_network = {
    for network in local.networks : network.where => alltrue([
      can(cidrhost(network.text, 0)),
      local.readable[network.where],
      !(strcontains(network.text, ":") && strcontains(local.first[network.where], ".")),
    ])
  }
}
