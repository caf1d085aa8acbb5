"""The request and the response of AWS Client VPN. Nothing here knows a policy."""
