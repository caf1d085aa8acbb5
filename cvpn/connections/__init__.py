"""Active connections, and their re-authorization."""
