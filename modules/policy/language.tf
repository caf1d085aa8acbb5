# The policy language, from the function's source: run `make docs` after a change there.

locals {
  rule_keys         = ["effect", "end_oldest", "message", "name", "shadow", "unless", "when"]
  posture_rule_keys = ["status", "unless", "when"]
  placeholders = [
    "common_name",
    "connection_id",
    "endpoint_id",
    "platform",
    "platform_version",
    "public_ip",
    "rule",
    "username",
  ]
  time_keys     = ["days", "end", "not_after", "not_before", "start", "timezone"]
  days          = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
  device_keys   = ["attributes", "max_age_hours", "owner_is_user", "registered", "status"]
  sessions_keys = ["at_least", "by"]
  session_names = ["common_name", "username"]

  # Conditions that posture rules cannot have.
  access_conditions = ["posture", "sessions"]

  # Kind of the value of each condition.
  conditions = {
    all_groups             = "group"
    aws_client_version     = "version"
    client_openvpn_version = "version"
    common_name            = "pattern"
    device                 = "device"
    endpoint               = "endpoint"
    groups                 = "group"
    platform               = "pattern"
    platform_version       = "version"
    posture                = "status"
    public_ip              = "network"
    sessions               = "sessions"
    time                   = "time"
    username               = "pattern"
  }

  # AWS's limits of an answer,
  # https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-authorization.html
  max_characters = 255
  max_statuses   = 10

  max_age_hours = 87600
  max_sessions  = 100

  # Of a larger policy the plan checks the shape alone (size.tf).
  max_checked_rules  = 500
  max_checked_values = 5000
  max_checked        = "500 rules and 5,000 values"

  constraint_pattern = "( *(=|!=|>=|<=|>|<)? *[0-9]{1,9}(\\.[0-9]{1,9})* *| *~> *[0-9]{1,9}(\\.[0-9]{1,9})+ *)"
  clock_pattern      = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
  zone_pattern       = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
  instant_pattern = join("", [
    "^(?:[12][0-9]{3}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3])",
    ":[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))$",
  ])

  # What to write instead.
  advice = {
    rules             = "write a list of rules"
    posture_rules     = "write a list of posture rules"
    rule              = "write an object such as { name = \"staff\", effect = \"allow\" }"
    posture_rule      = "write an object such as { status = \"compliant\" }"
    name              = "write one that no other rule has: name = \"staff\""
    name_twice        = "write one that no other rule has"
    effect            = "write \"allow\" or \"deny\""
    flag              = "write true or false"
    on_allow          = "remove it, or write effect = \"deny\""
    end_oldest_alone  = "write when = { sessions = { by = \"username\", at_least = 1 } }, or remove it"
    none_allows       = "write at least one with effect = \"allow\" and without shadow = true"
    message           = "write a text, or leave it out"
    characters        = "write at most 255"
    posture_status    = "write one such as \"compliant\""
    statuses          = "AWS takes at most 10 in an answer: write fewer"
    status_of_nothing = "write a posture rule that does"
    block             = "leave it out, or write an object of conditions"
    block_empty       = "leave it out, or write at least one condition"
    list              = "write a list of strings"
    list_empty        = "leave it out, or name what it should match"
    member            = "write a string"
    group             = "write the name of a group"
    endpoint          = "write the name of an endpoint"
    status            = "write the name of a status"
    version           = "write a version constraint such as \">= 10.0.19045, < 11\" or \"~> 2.6\""
    network = join("", [
      "write an address or a CIDR block, such as \"198.51.100.7\", \"198.51.100.0/24\" or ",
      "\"2001:db8::/32\"",
    ])
    device           = "write an object such as { registered = true, status = [\"compliant\"] }"
    device_empty     = "write at least one of attributes, max_age_hours, owner_is_user, registered, status"
    device_flag      = "write true or false"
    unregistered     = "write registered = false alone"
    max_age_hours    = "write a number of hours, more than 0 and at most 87600"
    attributes       = "write an object such as { department = [\"sales\", \"eng-*\"] }"
    attributes_empty = "leave it out, or name an attribute"
    sessions         = "write an object such as { by = \"username\", at_least = 1 }"
    by               = "write \"username\" or \"common_name\""
    at_least         = "write a whole number from 1 to 100"
    time             = "write an object such as { days = [\"mon\"], start = \"07:00\", end = \"20:00\" }"
    time_empty       = "write days, start and end, not_before or not_after"
    day              = "write one of mon, tue, wed, thu, fri, sat, sun"
    hours            = "write both or neither"
    clock            = "write HH:MM, such as \"07:00\" (end may be \"24:00\")"
    equal_hours      = "for the whole day write start = \"00:00\", end = \"24:00\""
    timezone         = "write an IANA name such as \"Europe/Berlin\""
    instant          = "write RFC 3339 with an offset, such as \"2026-12-24T18:00:00Z\""
  }
}
