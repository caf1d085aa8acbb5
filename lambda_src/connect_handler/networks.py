"""IP addresses and networks as numbers, and sets of networks as sorted ranges."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

BITS = {4: 32, 6: 128}
"""Bits of an address, by IP version."""

_OCTETS = {str(octet): octet for octet in range(256)}
"""The numbers of an IPv4 address as written. They are added up, as Python is quicker at that than at "|". inet_pton is
as strict and quicker still, and costs 0.4 ms to import."""

_LENGTHS = {str(length): length for length in range(33)}
"""The lengths of an IPv4 prefix as written."""

_MAPPED = 0xFFFF
"""The first 96 bits of an IPv4-mapped IPv6 address, https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2"""


def parse_address(text: str) -> tuple[int, int]:
    """Return the IP version and the number of an address; an IPv4-mapped IPv6 address is its IPv4 address.

    Raises
    ------
    ValueError
        It is not an address. Leading zeros and zone indices are not taken.
    """
    if ":" not in text:
        try:
            first, second, third, fourth = text.split(".")
            return 4, (_OCTETS[first] << 24) + (_OCTETS[second] << 16) + (_OCTETS[third] << 8) + _OCTETS[fourth]
        except (KeyError, ValueError):
            raise ValueError(f"{text!r} is not an IP address") from None
    try:  # the part of socket that is written in C: socket itself costs 2.5 ms of a cold start
        from _socket import AF_INET6, inet_pton
    except ImportError:
        from socket import AF_INET6, inet_pton
    try:
        number = int.from_bytes(inet_pton(AF_INET6, text), "big")
    except (OSError, ValueError):  # ValueError: a null character, or half of a surrogate pair
        raise ValueError(f"{text!r} is not an IP address") from None
    if number >> 32 == _MAPPED:
        return 4, number & 0xFFFFFFFF
    return 6, number


def _is_number(text: str) -> bool:
    """Tell whether it is a number of up to three digits, without leading zeros."""
    return text.isdigit() and text.isascii() and len(text) <= 3 and (text[0] != "0" or text == "0")


def parse_network(text: str) -> tuple[int, int, int]:
    """Return IP version, prefix length and first address of a CIDR block or a single address.

    Raises
    ------
    ValueError
        It is neither, or it has bits behind its prefix.
    """
    try:  # first as what nearly all are, IPv4: a policy can have 100,000 of them
        address, slash, suffix = text.partition("/")
        first, second, third, fourth = address.split(".")
        number = (_OCTETS[first] << 24) + (_OCTETS[second] << 16) + (_OCTETS[third] << 8) + _OCTETS[fourth]
        length = _LENGTHS[suffix] if slash else 32
        if not number << length & 0xFFFFFFFF:
            return 4, length, number
    except (KeyError, ValueError):
        pass
    version, length, number = _parse(text)
    if number & ((1 << BITS[version] - length) - 1):
        raise ValueError(f"{text!r} has bits behind its prefix")
    return version, length, number


def surrounding_network(text: str) -> str | None:
    """Return the network of a CIDR block that has bits behind its prefix, or None where the text is something else."""
    import ipaddress

    try:
        version, length, number = _parse(text)
    except ValueError:
        return None
    first = number & ~((1 << BITS[version] - length) - 1)
    if version == 6:
        return str(ipaddress.IPv6Network((first, length)))
    return None if ":" in text else str(ipaddress.IPv4Network((first, length)))


def _parse(text: str) -> tuple[int, int, int]:
    address, slash, suffix = text.partition("/")
    version, number = parse_address(address)
    bits = BITS[version]
    if not slash:
        return version, bits, number
    if not _is_number(suffix):
        raise ValueError(f"{suffix!r} is not a prefix length")
    length = int(suffix)
    if version == 4 and ":" in address:
        length -= BITS[6] - BITS[4]
    if not 0 <= length <= bits:
        raise ValueError(f"/{suffix} is not a prefix length of IPv{version}")
    return version, length, number


class NetworkSet:
    """Networks of both IP versions, merged: one bisection tells whether an address lies in any of them."""

    __slots__ = ("_bisect", "_bounds", "_networks")

    _bisect: Callable[[Sequence[int], int], int]

    def __init__(self, networks: Collection[tuple[int, int, int]]) -> None:
        """Take networks as :func:`parse_network` returns them. They are merged where the set is first asked."""
        self._networks = networks
        self._bounds: dict[int, list[int]] | None = None

    def merge(self) -> dict[int, list[int]]:
        """Merge the networks; return the bounds of what they cover, by IP version."""
        from bisect import bisect_right  # late: it costs 0.4 ms of a cold start, and the index needs no such set

        self._bisect = bisect_right
        ranges: dict[int, list[tuple[int, int]]] = {}
        for version, length, first in self._networks:
            ranges.setdefault(version, []).append((first, first + (1 << (BITS[version] - length))))
        self._bounds = {version: _merge(found) for version, found in ranges.items()}
        return self._bounds

    def __contains__(self, address: tuple[int, int]) -> bool:
        """Tell whether an address, as :func:`parse_address` returns it, lies in one of the networks."""
        bounds = (self.merge() if self._bounds is None else self._bounds).get(address[0])
        # Bounds alternate between the first address of a range and the first one behind it.
        return bounds is not None and self._bisect(bounds, address[1]) & 1 == 1


def _merge(ranges: list[tuple[int, int]]) -> list[int]:
    bounds: list[int] = []
    for start, stop in sorted(ranges):
        if bounds and start <= bounds[-1]:
            bounds[-1] = max(bounds[-1], stop)
        else:
            bounds += (start, stop)
    return bounds
