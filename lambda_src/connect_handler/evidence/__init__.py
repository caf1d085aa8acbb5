"""Evidence from AWS. Only this code waits for AWS while a client waits for the handler."""
