"""EventBridge rules with a schedule, which run when they are told to."""
