"""The service side of a Client VPN connection: what happens when a client connects to an endpoint."""
