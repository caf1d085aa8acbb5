"""Connection requests from files, logs and the command line."""
