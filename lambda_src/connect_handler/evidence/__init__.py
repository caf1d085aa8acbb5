"""Evidence from AWS. While a client waits for the handler, only this code waits for AWS."""
