"""Rules that can never decide anything: what is valid, and hardly meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connect_handler.policy.model import ALLOW, DENY
from connect_handler.policy.problems import describe, one_of
from cvpn.failures import Finding
from cvpn.files.source_map import Path

from .coverage import CoverageIndex
from .implication import Block, block_implies, has_ended, is_contradictory

PLATFORMS = ("android", "ios", "linux", "mac", "uwp", "win")
"""What OpenVPN clients, and AWS's, say of their platform (IV_PLAT).
https://github.com/OpenVPN/openvpn/blob/master/doc/man-sections/client-options.rst"""

ALWAYS_KNOWN = ("endpoint", "time")
"""Conditions that are never unknown, whatever the request lacks."""

ENDPOINT_ID_PREFIX = "cvpn-endpoint-"


@dataclass(frozen=True)
class _Rule:
    """A rule of a valid policy."""

    path: Path
    name: str
    effect: str | None
    shadow: bool
    ends_others: bool
    when: Block
    unless: Block

    @classmethod
    def of(cls, path: Path, element: dict[str, Any]) -> _Rule:
        return cls(
            path,
            str(element.get("name", "")),
            element.get("effect"),
            bool(element.get("shadow")),
            bool(element.get("end_oldest")),
            element.get("when", {}),
            element.get("unless", {}),
        )

    @property
    def is_unconditional(self) -> bool:
        return not self.when and not self.unless

    def covers(self, other: _Rule) -> bool:
        """Tell whether this rule applies wherever the other one does."""
        if not block_implies(other.when, self.when):
            return False
        # Where what this rule excludes is the case, the other one must be excluded as well.
        return not self.unless or (bool(other.unless) and block_implies(self.unless, other.unless))


def warnings(
    document: dict[str, Any], endpoints: frozenset[str] | None, now: float, finding: Callable[..., Finding]
) -> list[Finding]:
    """Return what deserves a second look in a valid policy.

    Parameters
    ----------
    document
        The policy document.
    endpoints
        Keys of the endpoints; None where they are not known.
    now
        Seconds since 1970-01-01 UTC, to tell which periods are over.
    finding
        Makes a finding of a path and a text.
    """
    rules = [_Rule.of(("rules", i), element) for i, element in enumerate(document["rules"])]
    posture_rules = [
        _Rule.of(("posture_rules", i), element) for i, element in enumerate(document.get("posture_rules") or [])
    ]
    said: list[tuple[Path, str]] = []
    for rule in [*posture_rules, *rules]:
        said += _never_applies(rule, now)
        said += _values(rule, endpoints)
    # What ends other connections does not deny, but where it is unknown.
    said += _never_decides([rule for rule in rules if not rule.shadow and not rule.ends_others])
    return [finding(path, text, warning=True) for path, text in said]


def _never_applies(rule: _Rule, now: float) -> Iterator[tuple[Path, str]]:
    for name, block in (("when", rule.when), ("unless", rule.unless)):
        key = is_contradictory(block)
        if key is None and name == "when" and has_ended(block, now):
            yield (
                (*rule.path, name, "time", "not_after"),
                f"{_called(rule)} never applies any more: its period is over; remove it, or write another not_after",
            )
        if key is not None and name == "unless":
            yield (*rule.path, name, key), f"{_called(rule)}: {name}.{key} never holds, so {name} excludes nobody"
        elif key is not None:
            yield (
                (*rule.path, name, key),
                f"{_called(rule)} never applies{_but(rule, (key,))}: {name}.{key} contradicts itself",
            )
    if rule.unless and block_implies(rule.when, rule.unless):
        yield (
            (*rule.path, "unless"),
            f"{_called(rule)} never applies{_but(rule, rule.unless)}: unless excludes everything that when asks for",
        )


def _but(rule: _Rule, keys: Any) -> str:
    """Say what is left for a deny rule, which applies where it is unknown."""
    unknown = [key for key in keys if key not in ALWAYS_KNOWN]
    return f" except where {' or '.join(unknown)} is unknown" if rule.effect == DENY and unknown else ""


def _values(rule: _Rule, endpoints: frozenset[str] | None) -> Iterator[tuple[Path, str]]:
    for name, block in (("when", rule.when), ("unless", rule.unless)):
        for position, key in enumerate(block.get("endpoint", [])):
            if endpoints is not None and key not in endpoints and not key.startswith(ENDPOINT_ID_PREFIX):
                yield (
                    (*rule.path, name, "endpoint", position),
                    (
                        f"{_called(rule)} names the endpoint {describe(key)}, which does not exist; "
                        f"{one_of(key, endpoints)}"
                    ),
                )
        for position, platform in enumerate(block.get("platform", [])):
            if platform and not set("*?") & set(platform) and platform.lower() not in PLATFORMS:
                yield (
                    (*rule.path, name, "platform", position),
                    f"{_called(rule)} names the platform {describe(platform)}, which no client is known to have; "
                    + one_of(platform, PLATFORMS),
                )


def _never_decides(rules: list[_Rule]) -> Iterator[tuple[Path, str]]:
    for rule in rules:
        if rule.effect == DENY and rule.is_unconditional:
            what = f"{_called(rule)} has no conditions, so it denies every connection, and no rule can allow one"
            yield rule.path, f"{what}; write a when, or shadow = true"
            return
    index = CoverageIndex([rule.when for rule in rules])
    for position, rule in enumerate(rules):
        for number in index.candidates(rule.when):
            other = rules[number]
            if rule.effect == DENY and number >= position:
                break
            if _can_decide_before(number, other, position, rule) and other.covers(rule):
                yield rule.path, f"{_called(rule)} never decides: {_why(rule, other)}"
                break


def _can_decide_before(number: int, other: _Rule, position: int, rule: _Rule) -> bool:
    """Tell whether the other rule decides if both apply: a deny rule beats allow rules, else the first one counts."""
    if other.effect == DENY and rule.effect == ALLOW:
        return True
    return other.effect == rule.effect and number < position


def _why(rule: _Rule, other: _Rule) -> str:
    if rule.effect == DENY:
        return f"the deny rule {describe(other.name)} before it applies wherever it does"
    if other.effect == DENY:
        return f"the deny rule {describe(other.name)} applies wherever it does"
    return f"the allow rule {describe(other.name)} before it applies wherever it does"


def _called(rule: _Rule) -> str:
    return f"rule {describe(rule.name)}" if rule.name else f"{rule.path[0]}[{rule.path[1]}]"
