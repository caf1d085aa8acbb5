# Only the function. An endpoint that exists already is pointed at the output lambda_function_arn.

module "connect_handler" {
  source = "../.."

  name  = var.name
  rules = var.rules
}
