"""Index of blocks, so that a rule is compared only with rules that can cover it.

A block is covered if it implies every condition of another one. Each block is filed under terms of one of its
conditions, the one with the rarest terms; a covered block has one of these terms among its own. So what the index
leaves out does not cover; what it finds is still to be compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from heapq import merge
from typing import Any

from connect_handler.facts.text import fold

from .implication import Block, Network, collapse_networks, device_patterns

Term = tuple[Hashable, ...]

_PATTERNS = ("common_name", "groups", "platform", "username")
_NAMES = ("endpoint", "posture")
_WILDCARDS = "*?"


class CoverageIndex:
    """Blocks by what they ask for."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """File blocks; one is found by its position."""
        alternatives = [_alternatives(block) for block in blocks]
        counts = Counter(term for choices in alternatives for terms in choices for term in terms)
        self._filed: dict[Term, list[int]] = defaultdict(list)
        self._always: list[int] = []
        for position, choices in enumerate(alternatives):
            if not choices:
                self._always.append(position)
                continue
            for term in min(choices, key=lambda terms: sum(counts[term] for term in terms)):
                self._filed[term].append(position)
        self._lengths = _lengths(self._filed)

    def candidates(self, block: Block) -> Iterator[int]:
        """Return the positions of the blocks that the block may imply, in ascending order."""
        found = [self._filed[term] for term in self._terms(block) if term in self._filed]
        last = None
        for position in merge(self._always, *found):
            if position != last:
                yield position
            last = position

    def _terms(self, block: Block) -> Iterator[Term]:
        """Return the terms under which a block is filed that covers this one."""
        for key, value in block.items():
            yield (key,)
            if key in _PATTERNS:
                yield from self._terms_of_pattern(key, value[0])
            elif key in _NAMES:
                yield key, value[0]
            elif key == "all_groups":
                yield from ((key, fold(name)) for name in value)
                for name in value:  # who is in all of some groups is in each of them
                    yield from self._terms_of_pattern("groups", name)
            elif key == "public_ip":
                yield from self._terms_of_network(collapse_networks(tuple(value))[0])
            elif key == "device":
                for part, patterns in device_patterns(value).items():
                    yield from self._terms_of_pattern((key, *part), patterns[0])

    def _terms_of_pattern(self, key: Hashable, pattern: str) -> Iterator[Term]:
        beginning, end, text = _parts(pattern)
        yield key, "is", text
        for length in self._lengths.get((key, "begins"), ()):
            if length <= len(beginning):
                yield key, "begins", beginning[:length]
        for length in self._lengths.get((key, "ends"), ()):
            if length <= len(end):
                yield key, "ends", end[len(end) - length :]

    def _terms_of_network(self, network: Network) -> Iterator[Term]:
        for length in self._lengths.get(("public_ip", network.version), ()):
            if length <= network.prefixlen:
                yield _network_term(network.supernet(new_prefix=length))


def _alternatives(block: Block) -> list[list[Term]]:
    """Return lists of terms; a block that implies this one has one term of each list."""
    alternatives: list[list[Term]] = []
    for key, value in block.items():
        if key in _PATTERNS:
            alternatives.append([_pattern_term(key, pattern) for pattern in value])
        elif key in _NAMES:
            alternatives.append([(key, name) for name in value])
        elif key == "all_groups":
            alternatives += [[(key, fold(name))] for name in value]
        elif key == "public_ip":
            alternatives.append([_network_term(network) for network in collapse_networks(tuple(value))])
        else:
            alternatives.append([(key,)])
        if key == "device":
            alternatives += [
                [_pattern_term((key, *part), pattern) for pattern in patterns]
                for part, patterns in device_patterns(value).items()
            ]
    return alternatives


def _pattern_term(key: Hashable, pattern: str) -> Term:
    """Return the term of a pattern: itself, or the longer one of its beginning and its end before a wildcard."""
    beginning, end, text = _parts(pattern)
    if beginning == text:
        return key, "is", text
    return (key, "begins", beginning) if len(beginning) >= len(end) else (key, "ends", end)


def _parts(pattern: str) -> tuple[str, str, str]:
    """Return what stands before the first wildcard, what stands behind the last one, and all of the pattern."""
    text = fold(pattern)
    wildcards = [position for position, sign in enumerate(text) if sign in _WILDCARDS]
    return (text[: wildcards[0]], text[wildcards[-1] + 1 :], text) if wildcards else (text, text, text)


def _network_term(network: Network) -> Term:
    return "public_ip", network.version, network.prefixlen, int(network.network_address)


def _lengths(filed: dict[Term, list[int]]) -> dict[tuple[Hashable, Any], list[int]]:
    """Return the lengths in use: of beginnings and ends by key, of prefixes by version."""
    lengths: dict[tuple[Hashable, Any], set[int]] = defaultdict(set)
    for term in filed:
        if len(term) == 4:
            lengths[term[0], term[1]].add(int(str(term[2])))
        elif len(term) == 3 and term[1] != "is":
            lengths[term[0], term[1]].add(len(str(term[2])))
    return {key: sorted(values) for key, values in lengths.items()}
