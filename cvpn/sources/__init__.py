"""Where policies come from: files in HCL and JSON, Terraform's plans and states, functions in AWS."""
