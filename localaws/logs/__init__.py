"""CloudWatch Logs, with saved queries of Logs Insights, which moto lacks."""
