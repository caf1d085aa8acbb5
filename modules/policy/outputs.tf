output "environment" {
  description = <<-EOT
    The policy as the value of the function's environment variable `POLICY`: JSON while it fits, else gzip of it in
    base64. Null where neither fits and there is a bucket for it.
  EOT
  value       = local.environment

  precondition {
    condition     = length(local.plain_problems) == 0
    error_message = "The policy is not valid.\n\n${join("\n", local.plain_problems)}"
  }

  precondition {
    condition = !local.is_large || var.deploy_gate
    error_message = join(" ", [
      "The policy has ${local.size_in_words}, and there is no deploy gate. The plan checks everything up to",
      "${local.max_checked}; only the deploy gate checks a larger policy. Remove deploy_gate = false; or write fewer",
      "rules and values: groups instead of user names, patterns instead of lists.",
    ])
  }

  precondition {
    condition = local.environment != null || var.has_bucket
    error_message = join(" ", [
      "The policy takes ${local.size} bytes of the function's environment, compressed; Lambda gives it",
      "${local.max_policy}. Name a bucket that has versioning in policy_bucket, from which the function then reads it;",
      "or write fewer or shorter rules: groups instead of user names, patterns instead of lists, one rule with many",
      "values instead of many rules.",
    ])
  }
}

output "packed" {
  description = "The policy document as gzip in base64, for the bucket."
  value       = local.packed
}

output "digest" {
  description = "SHA-256 of the policy document, in hexadecimal; the decision log carries the same."
  value       = sha256(local.text)
}

output "size" {
  description = "Bytes that the policy takes of the function's environment, of which Lambda gives 4,096."
  value       = local.size
}

output "uses" {
  description = <<-EOT
    What the policy's conditions look at besides the request: `device`, a record of the device inventory, and
    `sessions`, the other active connections. An object of both names and true or false.
  EOT
  # Of a condition, the JSON text has its key and the brace of its value. In a name, a message or a pattern, the text
  # would have a backslash before the quote; and an attribute of a device that is called so has a list.
  value = {
    device   = anytrue([for json in values(local.json) : strcontains(json, "\"device\":{")])
    sessions = strcontains(local.json.rules, "\"sessions\":{")
  }
}
