output "lambda_function_arn" {
  description = "ARN for the endpoint's client connect options."
  value       = module.connect_handler.lambda_function_arn
}

output "function_name" {
  description = "Name of the function."
  value       = module.connect_handler.function_name
}

output "function_version" {
  description = "Version of the function that the alias serves."
  value       = module.connect_handler.function_version
}
