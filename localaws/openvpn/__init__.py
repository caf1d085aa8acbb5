"""A Client VPN endpoint on this machine that stock OpenVPN clients connect to."""

from localaws.openvpn.directory import Directory, InvalidDirectory, User
from localaws.openvpn.profiles import ProfileNotWritten, written_profiles
from localaws.openvpn.server import ClientEvent, OpenVpnServer, OpenVpnUnavailable, unavailable_because

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
