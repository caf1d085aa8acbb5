"""CloudWatch: the metrics that AWS's own services publish."""
