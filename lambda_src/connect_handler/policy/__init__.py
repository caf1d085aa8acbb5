"""The policy: its document is read here, and becomes rules. Nothing here asks AWS or decides on a connection."""
