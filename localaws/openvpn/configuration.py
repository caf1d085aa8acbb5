"""Configurations of OpenVPN: of the server, and of its clients."""

from __future__ import annotations

from localaws.certificates import CertificateAuthority

from .endpoint import Endpoint

HOST = "127.0.0.1"
SERVER_NAME = "vpn.localaws.test"


def server_configuration(endpoint: Endpoint, port: int) -> str:
    """Return the configuration file of the server, whose certificates lie beside it."""
    network = endpoint.client_network
    lines = [
        "dev tun",
        "topology subnet",
        # localaws gives out the addresses.
        f"server {network.network_address} {network.netmask} nopool",
        f"local {HOST}",
        f"port {port}",
        f"proto {'tcp-server' if endpoint.protocol == 'tcp' else endpoint.protocol}",
        "ca ca.pem",
        "cert server.pem",
        "key server-key.pem",
        "dh none",
        "data-ciphers AES-256-GCM",
        "disable-dco",
        "keepalive 2 10",
        "reneg-sec 0",
        # A user may be connected more than once, as with AWS.
        "duplicate-cn",
        "management management unix",
        # OpenVPN ends with its connection to this process.
        "management-client",
        "management-client-auth",
        f"verify-client-cert {'require' if endpoint.has_certificates else 'none'}",
        *([] if endpoint.has_users else ["auth-user-pass-optional"]),
        "verb 3",
    ]
    return "\n".join([*lines, ""])


def client_profile(endpoint: Endpoint, port: int, authority: CertificateAuthority, common_name: str) -> str:
    """Return a client profile (.ovpn). With mutual authentication, it holds a new certificate and its key."""
    lines = [
        "client",
        "dev tun",
        f"proto {endpoint.protocol}",
        f"remote {HOST} {port}",
        "nobind",
        "remote-cert-tls server",
        f"verify-x509-name {SERVER_NAME} name",
        # Platform and versions are sent to the server only if the client is told to.
        "push-peer-info",
        "data-ciphers AES-256-GCM",
        "connect-retry 1 5",
        "reneg-sec 0",
        # UDP has no end of its own.
        *(["explicit-exit-notify 1"] if endpoint.protocol == "udp" else []),
        *(["auth-user-pass"] if endpoint.has_users else []),
        "<ca>",
        authority.pair.certificate_pem.decode().strip(),
        "</ca>",
    ]
    if endpoint.has_certificates:
        if not common_name:
            raise ValueError("The endpoint has mutual authentication: a profile needs a common name")
        pair = authority.client(common_name)
        lines += ["<cert>", pair.certificate_pem.decode().strip(), "</cert>"]
        lines += ["<key>", pair.key_pem.decode().strip(), "</key>"]
    return "\n".join([*lines, ""])
