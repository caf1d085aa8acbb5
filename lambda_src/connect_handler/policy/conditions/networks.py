"""The condition ``public_ip``."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from connect_handler.facts.addresses import IPV4, IPV4_BITS, IPV6, IPV6_BITS, parse_address
from connect_handler.facts.facts import Facts
from connect_handler.policy.problems import Path, Problems

from .base import Condition, read_strings

Network = tuple[int, int]
"""Number of bits behind the network's prefix, and the first address."""

_NO_NETWORK = 'write an address or a CIDR block, such as "198.51.100.7", "198.51.100.0/24" or "2001:db8::/32"'


def read_public_ip(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``public_ip``: the client's address lies in one of the networks."""
    networks: list[Network] = []

    def advise(text: str) -> str | None:
        try:
            networks.append(parse_network(text))
        except ValueError:
            return _advice(text)
        return None

    if read_strings(value, path, problems, advise) is None:
        return None
    merged: NetworkSet | None = None

    def test(facts: Facts) -> bool | None:
        nonlocal merged
        if facts.address is None:
            return None
        if merged is None:  # late: the index answers for most conditions on addresses
            merged = NetworkSet(networks)
        return facts.address in merged

    return Condition(key, test, networks, match_suffices=True)


class NetworkSet:
    """Networks of both IP versions, merged: one bisection tells whether an address lies in any of them."""

    def __init__(self, networks: Iterable[Network]) -> None:
        # Bounds alternate: the first address of a range, the first one behind it.
        bounds: list[int] = []
        for start, stop in sorted((first, first + (1 << shift)) for shift, first in networks):
            if bounds and start <= bounds[-1]:
                bounds[-1] = max(bounds[-1], stop)
            else:
                bounds += (start, stop)
        self._bounds = bounds

    def __contains__(self, address: int) -> bool:
        """Tell whether an address of ``parse_address`` lies in a network."""
        return bisect_right(self._bounds, address) & 1 == 1


def parse_network(text: str) -> Network:
    """Return the network of a CIDR block or a single address.

    Raise ValueError for any other text, also for bits behind the prefix.
    """
    shift, address = _parse(text)
    if address & ((1 << shift) - 1):
        raise ValueError(f"{text!r} has bits behind its prefix")
    return shift, address


def _parse(text: str) -> Network:
    """Return a network, by any address in it."""
    written, slash, suffix = text.partition("/")
    address = parse_address(written)
    bits = IPV6_BITS if address >= IPV6 else IPV4_BITS
    if not slash:
        return 0, address
    if not (suffix.isascii() and suffix.isdigit() and len(suffix) <= 3 and (suffix[0] != "0" or suffix == "0")):
        raise ValueError(f"{suffix!r} is not a prefix length")
    length = int(suffix)
    if bits == IPV4_BITS and ":" in written:  # an IPv4-mapped network
        length -= IPV6_BITS - IPV4_BITS
    if not 0 <= length <= bits:
        raise ValueError(f"/{suffix} is not a prefix length of {text!r}")
    return bits - length, address


def _advice(text: str) -> str:
    """Return the correction of a text that is no network."""
    try:
        shift, address = _parse(text)
    except ValueError:
        return _NO_NETWORK
    written = text.partition("/")[0]
    first = address >> shift << shift
    import ipaddress  # late: only invalid policies need it

    if address >= IPV6:
        network = str(ipaddress.IPv6Network((first - IPV6, IPV6_BITS - shift)))
    elif ":" in written:
        return _NO_NETWORK  # the policy should name the IPv4 network instead of its IPv4-mapped one
    else:
        network = str(ipaddress.IPv4Network((first - IPV4, IPV4_BITS - shift)))
    return f'write "{network}" for the network or "{written}" for the one address'
