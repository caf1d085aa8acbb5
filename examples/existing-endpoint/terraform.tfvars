rules = [
  {
    name    = "lost-laptops"
    effect  = "deny"
    when    = { common_name = ["laptop-0042.example.com", "laptop-0107.example.com"] }
    message = "This device has been reported lost. Call the service desk."
  },
  { name = "company-laptops", effect = "allow", when = { common_name = ["laptop-*.example.com"] } },
]
