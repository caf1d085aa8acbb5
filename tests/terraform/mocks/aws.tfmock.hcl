# What AWS answers in Terraform's tests: values of the shape that the provider checks.

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/ClientVPNReauthorization-corp" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/AWSClientVPN-corp" }
}

mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:one" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/AWSClientVPN-corp" }
}

mock_resource "aws_ec2_client_vpn_endpoint" {
  defaults = {
    id  = "cvpn-endpoint-0123456789abcdef0"
    arn = "arn:aws:ec2:eu-central-1:123456789012:client-vpn-endpoint/cvpn-endpoint-0123456789abcdef0"

    dns_name                = "*.cvpn-endpoint-0123456789abcdef0.prod.clientvpn.eu-central-1.amazonaws.com"
    self_service_portal_url = "https://self-service.clientvpn.amazonaws.com/endpoints/cvpn-endpoint-0123456789abcdef0"
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/AWSClientVPN-corp-1" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn     = "arn:aws:lambda:eu-central-1:123456789012:function:AWSClientVPN-corp"
    version = "7"
  }
}

mock_resource "aws_lambda_invocation" {
  defaults = { result = "{\"problems\":[]}" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_lambda_function" {
  defaults = { role = "arn:aws:iam::123456789012:role/AWSClientVPN-corp-1", kms_key_arn = "" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "eu-central-1" }
}
