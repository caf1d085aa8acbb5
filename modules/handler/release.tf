# How a version comes into service: it is published (main.tf), initialized as often as asked, and only then do the aliases move to it.

locals {
  # The one place that says which version the aliases serve.
  version                 = aws_lambda_function.this.version
  provisioned_concurrency = sum(concat([0], values(var.provisioned_concurrency)))
}

# On the version rather than on an alias: Lambda refuses provisioned concurrency on two aliases of one version, and moving an alias that has it
# shifts connections little by little, during which the number cannot be changed.
resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = local.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = local.version
  provisioned_concurrent_executions = local.provisioned_concurrency

  lifecycle {
    # The old version stays warm until the aliases have moved.
    create_before_destroy = true
  }
}

resource "aws_lambda_alias" "this" {
  for_each = setunion(["live"], var.aliases)

  name             = each.key
  description      = each.key == "live" ? "For endpoints made elsewhere" : "For the endpoint ${each.key}"
  function_name    = aws_lambda_function.this.function_name
  function_version = local.version

  depends_on = [aws_lambda_provisioned_concurrency_config.this]

  lifecycle {
    # A function of another name has aliases of the same names: the old ones go once the endpoints call the new ones.
    create_before_destroy = true
  }
}
