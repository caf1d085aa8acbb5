"""Networks each by itself: of IPv6, in long lists, and to say what is wrong with one.

It is apart from :mod:`~connect_handler.networks`, which every cold start loads.
"""

from __future__ import annotations

from .networks import IPV4, IPV4_BITS, IPV6, IPV6_BITS, c_socket, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .networks import Network

_LENGTHS = {str(length): length for length in range(IPV4_BITS + 1)}
"""The lengths of an IPv4 prefix as written."""


def parse_each(texts: Iterable[str]) -> list[Network]:
    """Return the networks of many CIDR blocks or single addresses; errors are those of :func:`parse_network`."""
    socket = c_socket()
    inet_pton, of_ipv4 = socket.inet_pton, socket.AF_INET
    networks = []
    for text in texts:
        try:  # first as what nearly all are, IPv4: a policy can have 100,000 of them
            address, slash, suffix = text.partition("/")
            number = int.from_bytes(inet_pton(of_ipv4, address))
            length = _LENGTHS[suffix] if slash else IPV4_BITS
            if number << length & 0xFFFFFFFF:
                raise ValueError
            networks.append((IPV4_BITS - length, IPV4 + number))
        except (KeyError, OSError, ValueError):
            networks.append(parse_network(text))
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


def _is_number(text: str) -> bool:
    """Tell whether it is a number of up to three digits, without leading zeros."""
    return text.isdigit() and text.isascii() and len(text) <= 3 and (text[0] != "0" or text == "0")
