"""IP addresses and networks as numbers.

An address is one number, with a mark of its IP version before its bits, so that no two addresses are the same number,
and all addresses of IPv4 are less than those of IPv6.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Network = tuple[int, int]
    """How many bits an address has behind the network's prefix, and the first address."""

IPV4_BITS = 32
IPV6_BITS = 128
_IPV4_MARK = 0b10
IPV4 = _IPV4_MARK << IPV4_BITS
"""The mark of an IPv4 address, and so the least one."""
IPV6 = 0b11 << IPV6_BITS
"""The mark of an IPv6 address, and so the least one."""

_MAPPED = 0xFFFF
"""The first 96 bits of an IPv4-mapped IPv6 address, https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2"""

BY_HAND = 32
"""So many IPv4 addresses a process reads by hand. To import what reads one in less than half of the time takes what it
saves in some hundreds of them: too much for a cold start, and for a process that is to see but few connections."""

MANY = 500
"""So many networks that are read together are not read by hand."""

_SHAPE = b".../"
"""What is left of an IPv4 network without its digits."""

_DIGITS = b"\1" * 10 + b"\2" * 90 + b"\3" * 156
"""How many digits each octet has."""

_AF_INET = 2
"""``socket.AF_INET``, which has this value on every system."""

_number = int.from_bytes
"""Half of what calling it as a method takes."""


def parse_address(text: str) -> int:
    """Return an address; an IPv4-mapped IPv6 address is its IPv4 address.

    Raises
    ------
    ValueError
        It is not an address. Leading zeros and zone indices are not taken.
    """
    try:
        if ":" not in text:
            return IPV4 + _number(_inet_pton(_AF_INET, text))
        socket = _socket()
        number = _number(socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):  # ValueError: a null character, or half of a surrogate pair, too
        raise ValueError(f"{text!r} is not an IP address") from None
    if number >> IPV4_BITS == _MAPPED:
        return IPV4 + (number & 0xFFFFFFFF)
    return IPV6 + number


def _socket() -> Any:
    """Return the part of socket that is written in C: socket itself costs 2.5 ms of a cold start."""
    try:
        import _socket
    except ImportError:
        import socket

        return socket
    return _socket


def _packed_by_hand(_: int, text: str) -> bytes:
    """Read an IPv4 address as inet_pton does: four numbers up to 255, without leading zeros."""
    digits = text.replace(".", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError
    packed = bytes(map(int, text.split(".")))
    if len(packed) != 4 or sum(packed.translate(_DIGITS)) != len(digits):
        raise ValueError
    return packed


def _first_inet_pton(family: int, text: str) -> bytes:
    """Read an address by hand, until this process has read so many that to import inet_pton is worth while."""
    global _inet_pton, _by_hand
    _by_hand -= 1
    if _by_hand <= 0:
        _inet_pton = _socket().inet_pton
    return _packed_by_hand(family, text)


_inet_pton: Callable[[int, str], bytes] = _first_inet_pton
_by_hand = BY_HAND


def _is_number(text: str) -> bool:
    """Tell whether it is a number of up to three digits, without leading zeros."""
    return text.isdigit() and text.isascii() and len(text) <= 3 and (text[0] != "0" or text == "0")


def parse_networks(texts: Sequence[str]) -> list[Network]:
    """Return the networks of CIDR blocks or single addresses; errors are those of :func:`parse_network`."""
    of_ipv4 = [text if "/" in text else f"{text}/{IPV4_BITS}" for text in texts if ":" not in text]
    try:
        networks = _networks_by_hand(of_ipv4) if len(of_ipv4) < MANY else _networks_by_inet_pton(of_ipv4)
    except (KeyError, OSError, ValueError):
        return list(map(parse_network, texts))
    if len(of_ipv4) == len(texts):
        return networks
    rest = iter(networks)
    return [parse_network(text) if ":" in text else next(rest) for text in texts]


def _networks_by_hand(texts: Sequence[str]) -> list[Network]:
    """Read CIDR blocks of IPv4 together, which takes less than each by itself; a ValueError where one is none."""
    together = ",".join(texts)
    if together.encode().translate(None, b"0123456789") != b",".join([_SHAPE] * len(texts)):
        raise ValueError
    numbers = bytes(map(int, together.replace("/", ".").replace(",", ".").split(".")))
    if sum(numbers.translate(_DIGITS)) + len(numbers) - 1 != len(together):  # there are leading zeros
        raise ValueError
    networks = []
    one_by_one = iter(numbers)
    for octet, second, third, fourth, length in zip(*[one_by_one] * 5, strict=True):
        number = _number((_IPV4_MARK, octet, second, third, fourth))
        shift = IPV4_BITS - length
        if number & (1 << shift) - 1:
            raise ValueError
        networks.append((shift, number))
    return networks


def _networks_by_inet_pton(texts: Sequence[str]) -> list[Network]:
    """Read CIDR blocks of IPv4; some exception where one is none."""
    inet_pton = _socket().inet_pton
    lengths = {str(length): length for length in range(IPV4_BITS + 1)}
    networks = []
    for text in texts:
        address, _, suffix = text.partition("/")
        number = _number(inet_pton(_AF_INET, address))
        length = lengths[suffix]
        if number << length & 0xFFFFFFFF:
            raise ValueError
        networks.append((IPV4_BITS - length, IPV4 + number))
    return networks


def parse_network(text: str) -> Network:
    """Return the network of a CIDR block or a single address.

    Raises
    ------
    ValueError
        It is neither, or it has bits behind its prefix.
    """
    shift, address = _parse(text)
    if address & ((1 << shift) - 1):
        raise ValueError(f"{text!r} has bits behind its prefix")
    return shift, address


def surrounding_network(text: str) -> str | None:
    """Return the network of a CIDR block that has bits behind its prefix, or None where the text is something else."""
    import ipaddress

    try:
        shift, address = _parse(text)
    except ValueError:
        return None
    first = address >> shift << shift
    if address >= IPV6:
        return str(ipaddress.IPv6Network((first - IPV6, IPV6_BITS - shift)))
    return None if ":" in text else str(ipaddress.IPv4Network((first - IPV4, IPV4_BITS - shift)))


def _parse(text: str) -> Network:
    """Return a network, by any address in it."""
    written, slash, suffix = text.partition("/")
    address = parse_address(written)
    bits, version = (IPV6_BITS, 6) if address >= IPV6 else (IPV4_BITS, 4)
    if not slash:
        return 0, address
    if not _is_number(suffix):
        raise ValueError(f"{suffix!r} is not a prefix length")
    length = int(suffix)
    if version == 4 and ":" in written:
        length -= IPV6_BITS - IPV4_BITS
    if not 0 <= length <= bits:
        raise ValueError(f"/{suffix} is not a prefix length of IPv{version}")
    return bits - length, address
