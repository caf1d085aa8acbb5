"""Sets of networks as sorted ranges.

It is apart from :mod:`~connect_handler.networks`, which every cold start loads: the index needs no such set.
"""

from __future__ import annotations

from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .networks import Network


class NetworkSet:
    """Networks of both IP versions, merged: one bisection tells whether an address lies in any of them."""

    __slots__ = ("_bounds",)

    def __init__(self, networks: Iterable[Network]) -> None:
        """Take networks as :func:`~connect_handler.single_networks.parse_network` returns them."""
        bounds: list[int] = []
        for start, stop in sorted((first, first + (1 << shift)) for shift, first in networks):
            if bounds and start <= bounds[-1]:
                bounds[-1] = max(bounds[-1], stop)
            else:
                bounds += (start, stop)
        self._bounds = bounds

    def __contains__(self, address: int) -> bool:
        """Tell whether an address, as :func:`~connect_handler.networks.parse_address` returns it, lies in one."""
        # Bounds alternate between the first address of a range and the first one behind it.
        return bisect_right(self._bounds, address) & 1 == 1
