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
        socket = c_socket()
        number = _number(socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):  # ValueError: a null character, or half of a surrogate pair, too
        raise ValueError(f"{text!r} is not an IP address") from None
    if number >> IPV4_BITS == _MAPPED:
        return IPV4 + (number & 0xFFFFFFFF)
    return IPV6 + number


def c_socket() -> Any:
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
        _inet_pton = c_socket().inet_pton
    return _packed_by_hand(family, text)


_inet_pton: Callable[[int, str], bytes] = _first_inet_pton
_by_hand = BY_HAND


def parse_networks(texts: Sequence[str]) -> list[Network]:
    """Return the networks of CIDR blocks or single addresses.

    Raises
    ------
    ValueError
        One of them is neither, or has bits behind its prefix.
    """
    if len(texts) < MANY:
        try:
            return _ipv4_networks([text if "/" in text else f"{text}/{IPV4_BITS}" for text in texts])
        except ValueError:
            pass
    from .single_networks import parse_each  # late: most lists are short, and of IPv4 alone

    return parse_each(texts)


def _ipv4_networks(texts: Sequence[str]) -> list[Network]:
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
