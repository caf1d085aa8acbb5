"""The decision log: one line of JSON for each invocation, which is a metric too."""
