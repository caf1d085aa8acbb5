"""What AWS Client VPN sends and takes. Nothing here knows a policy."""
