"""moto's Lambda with provisioned concurrency, and with functions that really run."""
