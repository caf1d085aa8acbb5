"""The decision log: one line of JSON for each invocation. The line is a metric too."""
