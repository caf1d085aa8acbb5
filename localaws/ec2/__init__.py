"""moto's EC2 with Client VPN endpoints."""
