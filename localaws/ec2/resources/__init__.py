"""Resources of Client VPN: an endpoint, its parts and its connections. They know no backend."""
