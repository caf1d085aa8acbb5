"""The policy: this package turns its document into rules. Nothing here asks AWS or decides on a connection."""
