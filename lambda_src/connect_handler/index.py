"""How a rule becomes an entry of an index, so that a decision looks at few rules even where there are many.

A rule's conditions must all hold, so one of them is enough to tell that the rule cannot matter for a request. Each
rule is filed under the values of one condition of its ``when``: the one in :data:`ORDER` that is expected to leave the
fewest requests. A request then finds its candidates by looking up its own values: its user name, each of its groups,
the beginnings of both for patterns such as ``ops-*``, its address under the prefix lengths in use there. Rules without
such a condition (with times alone, say) are candidates always.

Most rules of a long policy are plain: they name values of one field, and ask for nothing else. A value finds the
position of such a rule, and the rule itself is made where a request first finds it.

Rules that ask for nothing but the device, :data:`DEVICE`, are an exception: a fleet has few kinds of devices, so what
comes of these rules is kept for each kind that was seen.

Three things can come of it for a rule, and this is how each is filed, with :data:`Candidate`:

- ``{ groups = ["staff"] }`` for a request with that group: the look-up has found the condition true, so only what else
  the rule asks for is left to test, which may be nothing at all.
- ``{ username = ["a*z"] }`` for a request that begins with ``a``: the look-up only tells that it may be true, and the
  whole rule is tested.
- Either for a request whose value is unknown: all rules filed under that field are candidates, to be tested.

So what the index leaves out is false for certain, and what it finds is what the rule itself would say.
"""

from __future__ import annotations

from operator import attrgetter

from .conditions import MAX_FILED, PLAIN_VALUES, is_pattern
from .networks import IPV4_BITS, IPV6, IPV6_BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
    from typing import Any

    from .conditions import Condition, Facts
    from .networks import Network
    from .policy import Rule
    from .truth import Test

    Candidate = tuple[int, Any, Test | None]
    """Position of a rule, the rule, and what tells whether it applies; None where it applies for certain."""

    PlainRules = dict[str, tuple[list[str], list[int]]]
    """By condition key: values, and for each the position of the rule that names it and asks for nothing else."""

    _ByValue = dict[Hashable, list[Candidate] | int]
    _ByBeginning = list[tuple[int, dict[str, list[Candidate]]]]
    _LookUp = Callable[[Facts], Collection[str | None] | None]

DEVICE = ("platform", "platform_version", "client_openvpn_version", "aws_client_version")
"""Condition keys, and attributes of a request, that many clients have in common."""

MAX_DEVICES = 500
"""Kinds of devices that are kept. A client can call itself anything; then they are forgotten, and found anew."""

ORDER = ("username", "common_name", "groups", "all_groups", "public_ip", "endpoint", "posture", "platform")
"""Condition keys that rules are filed under, the most selective first."""

IPV4_OCTET = IPV4_BITS - 8
"""By how many bits to shift an IPv4 address for its first octet."""

IPV6_OCTET = IPV6_BITS - 8
"""The same of an IPv6 address."""

_LOOK_UPS: dict[str, _LookUp] = {
    "groups": attrgetter("groups"),
    "all_groups": attrgetter("groups"),
    "endpoint": lambda facts: (facts.request.alias, facts.request.endpoint_id),
    "platform": lambda facts: None if facts.platform is None else (facts.platform,),
    "posture": lambda facts: facts.posture | facts.possible_posture,
}
"""The values of a request, for keys that look at several; None where they are unknown."""


class Index:
    """Finds the rules that can be true or unknown for a request.

    ``_shifts`` has, by the first octet of an address with the mark before it, the numbers of bits behind a prefix that
    are in use there. So an address is looked up under few prefix lengths, often under none.
    """

    __slots__ = (
        "_always",
        "_by_device",
        "_common_names",
        "_made_of",
        "_networks",
        "_of_devices",
        "_of_several",
        "_rows",
        "_shifts",
        "_tables",
        "_usernames",
    )

    def __init__(
        self,
        rows: list[Any],
        special: Iterable[tuple[int, Rule]],
        plain: PlainRules | None = None,
        made_of: Callable[[Any], Rule] | None = None,
    ) -> None:
        """File rules.

        Parameters
        ----------
        rows
            The rules in document order; in the place of each plain one, what it is made of.
        special
            Those among them that are not plain, with their positions.
        plain
            What the plain rules ask for; None where there are none.
        made_of
            Makes a plain rule.
        """
        self._rows = rows
        self._made_of: Any = made_of
        self._always: list[Candidate] = []
        self._tables: dict[str, _Table] = {}
        self._common_names: _Table | None = None
        self._networks: _Table | None = None
        self._shifts: dict[int, tuple[int, ...]] = {}
        self._usernames: _Table | None = None
        self._of_several: list[tuple[_LookUp, _Table, _ByValue, _ByBeginning]] = []
        self._of_devices: Index | None = None
        self._by_device: dict[tuple[str | None, ...], list[Candidate]] = {}
        for position, rule in special:
            self._file(position, rule)
        if plain is not None:
            for key, (values, positions) in plain.items():
                if values:
                    self._file_plain(key, values, positions)

    def rules(self) -> list[Any]:
        """Return all rules, in document order."""
        return [self._rule(position) for position in range(len(self._rows))]

    def _rule(self, position: int) -> Any:
        """Return a rule, which is made where it was not yet."""
        row = self._rows[position]
        if type(row) is dict:
            row = self._rows[position] = self._made_of(row)
        return row

    def _file_plain(self, key: str, written: list[str], positions: list[int]) -> None:
        """File rules that name values of one field and ask for nothing else: all together, as if one rule had them."""
        values: Any = PLAIN_VALUES[key](written)
        if values is None:
            # Among them are patterns. Rules that have any are filed each by itself.
            pairs = list(zip(written, positions, strict=True))
            with_patterns = {position for text, position in pairs if is_pattern(text)}
            for position in with_patterns:
                self._file(position, self._rule(position))
            pairs = [pair for pair in pairs if pair[1] not in with_patterns]
            if not pairs:
                return
            positions = [position for _, position in pairs]
            values = PLAIN_VALUES[key]([text for text, _ in pairs])
        self._table(key).file_plain(self._prefixes(values) if key == "public_ip" else values, positions)

    def _file(self, position: int, rule: Rule) -> None:
        """File a rule under one of its conditions."""
        condition = _filed_under(rule.when)
        if (condition is None or condition.key in DEVICE) and _asks_for_device(rule):
            if self._of_devices is None:
                self._of_devices = Index([], ())
            self._of_devices._file_under(condition, position, rule)
        else:
            self._file_under(condition, position, rule)

    def _file_under(self, condition: Condition | None, position: int, rule: Rule) -> None:
        """File a rule under a condition of its own; None for none, so that it is a candidate always."""
        if condition is None:
            self._always.append((position, rule, rule.test_without(None)))
            return
        test = rule.test_without(condition if condition.is_found_true else None)
        values = condition.values or ()
        if condition.key == "public_ip":
            values = self._prefixes(values)
        self._table(condition.key).file(values, condition.beginnings, (position, rule, test))

    def _table(self, key: str) -> _Table:
        """Return the table of a condition key, which is made where there is none."""
        if key in self._tables:
            return self._tables[key]
        table = self._tables[key] = _Table(self._rule)
        if key == "public_ip":
            self._networks = table
        elif key == "username":
            self._usernames = table
        elif key == "common_name":
            self._common_names = table
        else:
            self._of_several.append((_LOOK_UPS[key], table, table.by_value, table.by_beginning))
        return table

    def _prefixes(self, networks: Collection[Network]) -> list[int]:
        """Return the prefixes of networks, and see to their being looked up.

        As an address has a mark of its version before it, each prefix is a number that no other prefix has, of
        whatever length and version.
        """
        kinds = {(shift, first >> (IPV4_OCTET if first < IPV6 else IPV6_OCTET)) for shift, first in networks}
        for shift, octet in kinds:
            behind = IPV4_OCTET if octet < IPV6 >> IPV6_OCTET else IPV6_OCTET
            for covered in (octet,) if shift <= behind else range(octet, octet + (1 << shift - behind)):
                known = self._shifts.get(covered, ())
                if shift not in known:
                    self._shifts[covered] = (*known, shift)
        return [first >> shift for shift, first in networks]

    def candidates(self, facts: Facts) -> list[Candidate]:
        """Return the rules that are not false for certain, in document order.

        A rule that was found by two values is there twice, the same candidate one after the other.
        """
        if self._of_devices is None:
            found = self._always.copy()
        else:
            request = facts.request
            device = (  # its DEVICE; attrgetter takes twice as long
                request.platform,
                request.platform_version,
                request.client_openvpn_version,
                request.aws_client_version,
            )
            kept = self._by_device.get(device)
            found = self._keep(device, self._of_devices, facts) if kept is None else kept.copy()
        # These two are written out: a loop over fields takes longer than to look their values up.
        table = self._usernames
        if table is not None:
            text = facts.username
            if text in table.by_value:
                filed = table.by_value[text]
                found += filed if type(filed) is list else table.made(text)
            if text is None or table.by_beginning:
                table.add_further(text, found)
        table = self._common_names
        if table is not None:
            text = facts.common_name
            if text in table.by_value:
                filed = table.by_value[text]
                found += filed if type(filed) is list else table.made(text)
            if text is None or table.by_beginning:
                table.add_further(text, found)
        for look_up, table, by_value, by_beginnings in self._of_several:
            texts = look_up(facts)
            if texts is None:
                found += table.all()
                continue
            for text in texts:
                if text in by_value:
                    filed = by_value[text]
                    found += filed if type(filed) is list else table.made(text)
            if by_beginnings:
                for length, by_beginning in by_beginnings:
                    for beginning in by_beginning.keys() & {text[:length] for text in texts if text is not None}:
                        found += by_beginning[beginning]
        networks = self._networks
        if networks is not None:
            address = facts.address
            if address is None:
                found += networks.all()
            else:
                octet = address >> (IPV4_OCTET if address < IPV6 else IPV6_OCTET)
                if octet in self._shifts:
                    by_value = networks.by_value
                    for shift in self._shifts[octet]:
                        prefix = address >> shift
                        if prefix in by_value:
                            filed = by_value[prefix]
                            found += filed if type(filed) is list else networks.made(prefix)
        if len(found) > 1:
            found.sort()
        return found

    def _keep(self, device: tuple[str | None, ...], of_devices: Index, facts: Facts) -> list[Candidate]:
        """Return what comes of the rules that ask for nothing but the device, with those that are candidates always.

        It is kept for the next such device.
        """
        kept = self._always.copy()
        for position, rule, test in of_devices.candidates(facts):
            value = True if test is None else test(facts)
            if value is not False:
                kept.append((position, rule, None if value else _unknown))
        if len(self._by_device) >= MAX_DEVICES:
            self._by_device.clear()
        self._by_device[device] = kept
        return kept.copy()


def _unknown(facts: Facts) -> None:
    """Test a rule that is known to be unknown."""


def _asks_for_device(rule: Rule) -> bool:
    for condition in rule.when:
        if condition.key not in DEVICE:
            return False
    for condition in rule.unless:
        if condition.key not in DEVICE:
            return False
    return bool(rule.when or rule.unless)


def _filed_under(when: Sequence[Condition]) -> Condition | None:
    if len(when) == 1:
        only = when[0]
        values = only.values
        return None if values is None or len(values) + len(only.beginnings) > MAX_FILED else only
    best = None
    for condition in when:
        values = condition.values
        if values is None or len(values) + len(condition.beginnings) > MAX_FILED:
            continue
        if best is None or ORDER.index(condition.key) < ORDER.index(best.key):
            best = condition
    return best


class _Table:
    """Rules by value of one field, and by its beginnings.

    Attributes
    ----------
    by_value
        Those that a value finds: candidates, or the position of the one plain rule.
    by_beginning
        Those that the beginning of a value finds, for each length in use.
    """

    __slots__ = ("_all", "_rule", "by_beginning", "by_value")

    def __init__(self, rule: Callable[[int], Any]) -> None:
        """Take what returns the rule at a position."""
        self.by_value: _ByValue = {}
        self.by_beginning: _ByBeginning = []
        self._rule = rule
        self._all: list[Candidate] | None = None

    def made(self, value: Hashable) -> list[Candidate]:
        """Return the candidate that a value finds, a plain rule of which there is the position yet."""
        position: Any = self.by_value[value]
        candidates: list[Candidate] = [(position, self._rule(position), None)]
        self.by_value[value] = candidates
        return candidates

    def all(self) -> list[Candidate]:
        """Return the candidates for a request whose value is unknown: every rule, to be tested as a whole."""
        if self._all is None:
            rules: dict[int, Any] = {}
            tables: list[dict[Any, Any]] = [self.by_value, *dict(self.by_beginning).values()]
            for table in tables:
                for filed in table.values():
                    if type(filed) is list:
                        rules |= {position: rule for position, rule, _ in filed}
                    else:
                        rules[filed] = self._rule(filed)
            self._all = [(position, rule, rule.applies) for position, rule in rules.items()]
        return self._all

    def file(self, values: Collection[Any], beginnings: tuple[str, ...], candidate: Candidate) -> None:
        """File a candidate under each of the values and beginnings of a condition."""
        for value in values:
            self._add(value, candidate)
        for beginning in beginnings:
            self._of_length(len(beginning)).setdefault(beginning, []).append(candidate)

    def file_plain(self, values: Collection[Any], positions: list[int]) -> None:
        """File plain rules, each under the value that stands in its place."""
        by_value = self.by_value
        filed = dict(zip(values, positions, strict=True))
        if len(filed) == len(positions) and by_value.keys().isdisjoint(filed):
            by_value.update(filed)
            return
        for value, position in zip(values, positions, strict=True):  # some values find several rules
            if value in by_value:
                self._add(value, (position, self._rule(position), None))
            else:
                by_value[value] = position

    def add_further(self, text: str | None, found: list[Candidate]) -> None:
        """Add what is a candidate for other reasons than the whole text: its beginning, or that it is unknown."""
        if text is None:
            found += self.all()
            return
        for length, by_beginning in self.by_beginning:
            if text[:length] in by_beginning:
                found += by_beginning[text[:length]]

    def _add(self, value: Hashable, candidate: Candidate) -> None:
        if value not in self.by_value:
            self.by_value[value] = [candidate]
            return
        filed = self.by_value[value]
        (filed if type(filed) is list else self.made(value)).append(candidate)

    def _of_length(self, length: int) -> dict[str, list[Candidate]]:
        for other, by_beginning in self.by_beginning:
            if other == length:
                return by_beginning
        self.by_beginning.append((length, {}))
        return self.by_beginning[-1][1]
