"""The verbs of ``cvpn``, a module each: its options, and what it prints."""
