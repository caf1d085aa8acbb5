"""The policy: read from its document, and made ready to decide on.

Whatever is not as it should be ends in an exception, whichever comes first. Only then is the document looked through
for all that is wrong with it, by :mod:`~connect_handler.validation`: to say where something stands, for each value of
a policy in which nothing is wrong, would take as long as all else that loading it does.
"""

from __future__ import annotations

import json
import sys
from _frozen_importlib import ModuleSpec

from .conditions import MAX_FILED, PLAIN_VALUES, POSTURE_CONDITIONS, conditions, rule_conditions
from .index import Index
from .messages import Message
from .response import MAX_CHARACTERS
from .truth import all_of, unless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .conditions import Condition, Facts, Makers
    from .index import PlainRules
    from .posture import Posture, PostureRule
    from .truth import Test

ALLOW = "allow"
DENY = "deny"
_DENIES = {ALLOW: False, DENY: True}

POLICY_KEYS = ("default_deny_message", "default_posture_status", "posture_rules", "rules", "shadow_mode")
RULE_KEYS = frozenset({"effect", "end_oldest", "message", "name", "shadow", "unless", "when"})

_OF_EVIDENCE = frozenset({"device", "sessions"})
"""Condition keys that ask for evidence."""

STORED = "s3://"
"""What a text begins with that is no document, but says where it is: see :mod:`connect_handler.stored_policy`."""

DEFAULT_DENY_MESSAGE = "Access denied. Contact your administrator and quote {connection_id}."


class Rule:
    """What rules and posture rules have in common: when they apply.

    Attributes
    ----------
    label
        The rule's name; ``posture_rules[2]`` for a posture rule, which has none.
    when
        Conditions of which all must hold.
    unless
        Conditions of which not all may hold.
    """

    __slots__ = ("label", "unless", "when")

    label: str
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]

    def applies(self, facts: Facts) -> bool | None:
        """Tell whether the rule applies, in Kleene's logic; None is unknown."""
        value: bool | None = True
        for condition in self.when:
            one = condition.test(facts)
            if not one:
                if one is not None:
                    return False
                value = None
        if not self.unless:
            return value
        test = self.test_without(None)
        return True if test is None else test(facts)

    def test_without(self, condition: Condition | None) -> Test | None:
        """Return what tells whether the rule applies if a condition of its ``when`` is known to be true.

        None where it then applies for certain.
        """
        when, exceptions = self.when, self.unless
        if condition is not None and not exceptions and len(when) == 1:
            return None
        if condition is not None:
            when = tuple([other for other in when if other is not condition]) if len(when) > 1 else ()
        if not exceptions and len(when) < 2:
            return when[0].test if when else None
        return unless(all_of([one.test for one in when]), all_of([one.test for one in exceptions]))

    def unknown_conditions(self, facts: Facts) -> list[str]:
        """Name the conditions that make the rule unknown: ``when.groups``."""
        names = [f"when.{condition.key}" for condition in self.when if condition.test(facts) is None]
        values = [condition.test(facts) for condition in self.unless]
        if None in values and False not in values:
            names += [f"unless.{condition.key}" for condition in self.unless if condition.test(facts) is None]
        return names


class AccessRule(Rule):
    """A rule that allows or denies."""

    __slots__ = ("denies", "message", "shadow")

    def __init__(self, element: dict[str, Any], makers: Makers) -> None:
        """Read a rule of the document; an exception where anything but its name is not as it should be."""
        if not RULE_KEYS.issuperset(element):
            raise ValueError
        self.label = element["name"]
        self.denies = denies = _DENIES[element["effect"]]
        self.when = conditions(element["when"], makers) if "when" in element else ()
        self.unless = conditions(element["unless"], makers) if "unless" in element else ()
        self.shadow = _flag(element.get("shadow"))
        self.message = _message(element.get("message"))
        if self.message is not None and not denies:
            raise ValueError
        if _flag(element.get("end_oldest")) and not (denies and "sessions" in element["when"]):
            raise ValueError


class Policy:
    """A policy that was found valid.

    Attributes
    ----------
    posture
        What assigns posture compliance statuses; None where nothing does.
    index
        Of the rules.
    special_rules
        Rules that say more than an effect and one thing that they ask for.
    has_shadows
        Whether any of them is a shadow rule.
    default_deny_message
        For those whom no rule with a message of its own denies.
    shadow_mode
        Allow every connection, and record what would have been.
    evidence
        What of it the rules ask for: ``device``, and ``username`` or ``common_name`` for sessions counted by them.
    ending
        Names of the rules that end the oldest connections instead of denying, if they are true.
    digest
        SHA-256 of the document, in hexadecimal.
    """

    __slots__ = (
        "default_deny_message",
        "digest",
        "ending",
        "evidence",
        "has_shadows",
        "index",
        "posture",
        "shadow_mode",
        "special_rules",
    )

    def __init__(self, text: str) -> None:
        """Read a policy document.

        Parameters
        ----------
        text
            The document, JSON; or gzip of it in base64, as Terraform's ``base64gzip`` makes it.

        Raises
        ------
        PolicyError
            With everything that is wrong, not only the first.
        """
        text = text.strip()
        if not text.startswith("{"):
            from .policy_document import document_text  # late: what most functions have is the document itself

            text = document_text(text)
        self.digest = sha256_of(text)
        document = _decoded(text, self.digest)
        try:
            self._read(document)
        except Exception:  # whatever it is that something which should not be there has led to
            from .errors import PolicyError
            from .validation import problems_of

            problems = problems_of(document)
            if not problems:  # a bug of ours
                raise
            raise PolicyError(problems, self.digest) from None

    @property
    def rules(self) -> Sequence[AccessRule]:
        """The rules, in document order."""
        return self.index.rules()

    @property
    def posture_rules(self) -> Sequence[PostureRule]:
        """The rules that assign posture compliance statuses, in document order."""
        return () if self.posture is None else self.posture.rules

    def _read(self, document: dict[str, Any]) -> None:
        """Read a document; an exception where anything in it is not as it should be."""
        if not document.keys() <= set(POLICY_KEYS):
            raise ValueError
        self.posture: Posture | None = None
        posture_rules, default_status = document.get("posture_rules"), document.get("default_posture_status")
        if posture_rules not in (None, []) or default_status not in (None, ""):
            from .posture import Posture  # late: not every policy assigns statuses

            self.posture = Posture(posture_rules, default_status)
        statuses = () if self.posture is None else self.posture.statuses
        rows, special, plain = _rows(document["rules"], rule_conditions(statuses))
        self.special_rules = [rule for _, rule in special]
        self.default_deny_message = _message(document.get("default_deny_message")) or Message(DEFAULT_DENY_MESSAGE)
        self.shadow_mode = _flag(document.get("shadow_mode"))
        self.has_shadows = any(rule.shadow for rule in self.special_rules)
        self.index = Index(rows, special, plain, _plain_rule)
        self.evidence: frozenset[str] = frozenset()
        self.ending: frozenset[str] = frozenset()
        asking = (*self.posture_rules, *self.special_rules)
        asked = [condition.key for rule in asking for condition in (*rule.when, *rule.unless)]
        if not _OF_EVIDENCE.isdisjoint(asked):
            from .evidence import asked_for, ending  # late: few policies ask for any

            self.evidence = asked_for(self)
            self.ending = ending(document["rules"])


# --- the document ----------------------------------------------------------------------------------------------------


def _decoded(text: str, digest: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        from .policy_document import unreadable

        raise unreadable(f"is not JSON: {error}", "render it again", digest) from None
    if not isinstance(document, dict):
        from .policy_document import unreadable
        from .problems import found

        raise unreadable(f"is {found(document)}", "write an object with rules", digest)
    return document


def sha256_of(text: str) -> str:
    """Return the digest of a document, in hexadecimal."""
    digest: str = _sha2().sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


def _sha2() -> Any:
    """Return the module with SHA-256: hashlib loads OpenSSL, which costs more of a cold start than the whole policy.

    It is loaded from beside _json: to look for it takes as long as to load it.
    """
    if "_sha2" in sys.modules:
        return sys.modules["_sha2"]
    try:
        beside: Any = sys.modules["_json"]
        folder, slash, file = beside.__file__.rpartition("/")
        path = folder + slash + file.replace("_json", "_sha2")
        loader = type(beside.__loader__)("_sha2", path)
        module = loader.create_module(ModuleSpec("_sha2", loader, origin=path))
        loader.exec_module(module)
    except (AttributeError, ImportError, KeyError):  # this Python is built in another way
        import hashlib

        return hashlib
    sys.modules["_sha2"] = module
    return module


# --- rules -----------------------------------------------------------------------------------------------------------


def _rows(elements: Any, makers: Makers) -> tuple[list[Any], list[tuple[int, AccessRule]], PlainRules]:
    """Return the rules, those among them that are special with their positions, and what the plain ones ask for.

    Plain is a rule with an effect and one condition of :data:`~connect_handler.conditions.PLAIN_VALUES`, as most rules
    of a long policy are. What they have is checked for all of them together, here and in the index, and they are left
    as they are in the document: to make a rule of each takes five times as long, and few of them are ever asked for.
    """
    if type(elements) is not list:
        raise ValueError
    names = [element["name"] for element in elements]
    "".join(names)  # the quickest way to ask whether they are texts
    distinct = set(names)
    if "" in distinct or len(distinct) < len(names) or max(map(len, names)) > MAX_CHARACTERS:
        raise ValueError
    effects = [element["effect"] for element in elements]
    if not _DENIES.keys() >= set(effects):
        raise ValueError
    rows = elements.copy()
    special: list[tuple[int, AccessRule]] = []
    plain: PlainRules = {key: ([], []) for key in PLAIN_VALUES}
    for position, element in enumerate(elements):
        block = element.get("when")
        if len(element) == 3 and type(block) is dict and len(block) == 1:
            for key in block:  # the only one; to take it in another way takes longer
                values = block[key]
            if key in plain and type(values) is list:
                found, positions = plain[key]
                if len(values) == 1:
                    found.append(values[0])
                    positions.append(position)
                    continue
                if 0 < len(values) <= MAX_FILED:
                    found += values
                    positions += [position] * len(values)
                    continue
        rows[position] = rule = AccessRule(element, makers)
        special.append((position, rule))
    if effects.count(ALLOW) <= sum([rule.shadow and not rule.denies for _, rule in special]):
        raise ValueError
    return rows, special, plain


def _plain_rule(element: dict[str, Any]) -> AccessRule:
    return AccessRule(element, POSTURE_CONDITIONS)


# --- single values ---------------------------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """Return a text of 1 to 255 characters."""
    if type(value) is not str or not 0 < len(value) <= MAX_CHARACTERS:
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if value is not None and type(value) is not bool:
        raise ValueError
    return value is True


def _message(value: Any) -> Message | None:
    return None if value is None else Message(text_of(value))
