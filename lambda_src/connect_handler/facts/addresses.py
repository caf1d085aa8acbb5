"""IP addresses as numbers.

A mark of the IP version stands before an address's bits. So no two addresses are the same number, and every IPv4
address is less than every IPv6 address.
"""

from __future__ import annotations

try:
    from _socket import AF_INET, AF_INET6, inet_pton  # socket itself takes ten times as long to import
except ImportError:
    from socket import AF_INET, AF_INET6, inet_pton

IPV4_BITS = 32
IPV6_BITS = 128

IPV4 = 0b10 << IPV4_BITS
"""Mark of IPv4, and the least IPv4 address."""

IPV6 = 0b11 << IPV6_BITS
"""Mark of IPv6, and the least IPv6 address."""

_MAPPED = 0xFFFF
"""The first 96 bits of an IPv4-mapped IPv6 address, https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2"""


def parse_address(text: str) -> int:
    """Return an address as a number; an IPv4-mapped IPv6 address is its IPv4 address.

    Raise ValueError for any other text, also for leading zeros and zone indices.
    """
    try:
        if ":" not in text:
            return IPV4 + int.from_bytes(inet_pton(AF_INET, text))
        number = int.from_bytes(inet_pton(AF_INET6, text))
    except (OSError, ValueError):  # ValueError: a null character, or half of a surrogate pair, too
        raise ValueError(f"{text!r} is not an IP address") from None
    if number >> IPV4_BITS == _MAPPED:
        return IPV4 + (number & 0xFFFFFFFF)
    return IPV6 + number
