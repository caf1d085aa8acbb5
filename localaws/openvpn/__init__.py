"""A Client VPN endpoint on this machine that stock OpenVPN clients connect to."""

from localaws.openvpn.availability import OpenVpnUnavailable, unavailable_because
from localaws.openvpn.clients import ClientEvent
from localaws.openvpn.directory import Directory, InvalidDirectory, User
from localaws.openvpn.profiles import ProfileNotWritten, written_profiles
from localaws.openvpn.server import OpenVpnServer

__all__ = [
    "ClientEvent",
    "Directory",
    "InvalidDirectory",
    "OpenVpnServer",
    "OpenVpnUnavailable",
    "ProfileNotWritten",
    "User",
    "unavailable_because",
    "written_profiles",
]
