"""The policy: read from its document, checked, and made ready to decide on."""

from __future__ import annotations

import json

from .conditions import POSTURE_CONDITIONS, conditions, rule_conditions
from .index import Index
from .messages import PLACEHOLDERS, Message, parts
from .problems import Problems, found, one_of
from .response import MAX_CHARACTERS, MAX_STATUSES
from .truth import all_of, unless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .conditions import Condition, Facts, Makers
    from .problems import Path
    from .truth import Test

ALLOW = "allow"
DENY = "deny"

POLICY_KEYS = ("default_deny_message", "default_posture_status", "posture_rules", "rules", "shadow_mode")
RULE_KEYS = frozenset({"effect", "message", "name", "shadow", "unless", "when"})
POSTURE_RULE_KEYS = frozenset({"status", "unless", "when"})

STORED = "s3://"
"""What a text begins with that is no document, but says where it is: see :mod:`connect_handler.stored_policy`."""

DEFAULT_DENY_MESSAGE = "Access denied. Contact your administrator and quote {connection_id}."


class PolicyError(Exception):
    """The document is no policy.

    Attributes
    ----------
    problems
        Everything that is wrong with it, a sentence each: where, what was found, what to write instead. They are
        :class:`~connect_handler.problems.Problem` and know their place in the document.
    digest
        Of the document, as a policy has it; None where not even the document could be read.
    """

    def __init__(self, problems: Problems, digest: str | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.digest = digest


class Rule:
    """What rules and posture rules have in common: when they apply.

    Attributes
    ----------
    label
        The rule's name; ``posture_rules[2]`` for a posture rule, which has none.
    when, unless
        Conditions of which all must hold; and of which not all may.
    """

    __slots__ = ("label", "unless", "when")

    def __init__(self, label: str, when: tuple[Condition, ...], unless: tuple[Condition, ...]) -> None:
        self.label = label
        self.when = when
        self.unless = unless

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

    def __init__(
        self,
        label: str,
        when: tuple[Condition, ...],
        unless: tuple[Condition, ...],
        denies: bool,
        shadow: bool,
        message: Message | None,
    ) -> None:
        self.label = label
        self.when = when
        self.unless = unless
        self.denies = denies
        self.shadow = shadow
        self.message = message


class PostureRule(Rule):
    """A rule that assigns a posture compliance status."""

    __slots__ = ("status",)

    status: str


class Policy:
    """A policy that was found valid.

    Attributes
    ----------
    rules, posture_rules
        In document order.
    default_posture_status
        Assigned where no posture rule applies; None for none.
    default_deny_message
        For those whom no rule with a message of its own denies.
    shadow_mode
        Allow every connection, and record what would have been.
    digest
        SHA-256 of the document, in hexadecimal.
    """

    __slots__ = (
        "assigns_posture",
        "default_deny_message",
        "default_posture_status",
        "digest",
        "has_shadows",
        "index",
        "posture_index",
        "posture_rules",
        "rules",
        "shadow_mode",
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
        text = document_text(text)
        self.digest = _sha256(text)
        document = _decoded(text, self.digest)
        problems = Problems(document)
        for key in document:
            if key not in POLICY_KEYS:
                problems.add_unknown_key((), key, POLICY_KEYS)
        self.posture_rules = _posture_rules(document.get("posture_rules"), problems)
        self.default_posture_status = _default_status(document.get("default_posture_status"), problems)
        statuses = {rule.status for rule in self.posture_rules} | {self.default_posture_status or ""}
        statuses.discard("")  # of a rule whose status is missing
        self.rules = _rules(document.get("rules"), statuses, problems)
        self.default_deny_message = _message(
            document.get("default_deny_message"), ("default_deny_message",), problems
        ) or Message(DEFAULT_DENY_MESSAGE)
        self.shadow_mode = _flag(document.get("shadow_mode"), ("shadow_mode",), problems)
        if problems:
            raise PolicyError(problems, self.digest)
        self.has_shadows = any(rule.shadow for rule in self.rules)
        self.index = Index(self.rules)
        self.posture_index = Index(self.posture_rules)
        self.assigns_posture = bool(self.posture_rules) or self.default_posture_status is not None


# --- the document ----------------------------------------------------------------------------------------------------


def document_text(text: str) -> str:
    """Return the policy document that an environment variable holds, as it is or packed.

    Raises
    ------
    PolicyError
        It holds neither.
    """
    text = text.strip()
    if not text:
        raise unreadable("is missing", "set the environment variable POLICY to a policy document")
    if text.startswith("{"):
        return text
    import binascii

    try:
        packed = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise unreadable(f"is neither a JSON object nor base64 of gzip of one ({error})", "render it again") from None
    return unpacked_text(packed)


def unpacked_text(packed: bytes) -> str:
    """Return the policy document that was packed with gzip.

    Raises
    ------
    PolicyError
        It was not.
    """
    import zlib

    try:
        unpacking = zlib.decompressobj(wbits=31)  # gzip, with its header and its checksum
        unpacked = unpacking.decompress(packed)
        if not unpacking.eof or unpacking.unused_data:
            raise unreadable("is cut off, or has something behind its end", "render it again with base64gzip")
        return unpacked.decode()
    except (ValueError, zlib.error) as error:
        raise unreadable(f"is no gzip of a JSON object ({error})", "render it again") from None


def check_digest(text: str, digest: str) -> None:
    """Compare a document with the digest that it is to have.

    Raises
    ------
    PolicyError
        It has another.
    """
    found_digest = _sha256(text)
    if found_digest != digest:
        raise unreadable(f"has the digest {found_digest} and is to have {digest}", "apply again", found_digest)


def unreadable(what: str, instead: str, digest: str | None = None) -> PolicyError:
    """Return the error of a document that there is nothing more to say about than what is wrong with it as a whole."""
    problems = Problems(None)
    problems.add((), what, instead)
    return PolicyError(problems, digest)


def _decoded(text: str, digest: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"is not JSON: {error}", "render it again", digest) from None
    if not isinstance(document, dict):
        raise unreadable(f"is {found(document)}", "write an object with rules", digest)
    return document


def _sha256(text: str) -> str:
    # hashlib loads OpenSSL, which costs more of a cold start than the whole policy; random does as this does.
    try:
        from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from hashlib import sha256
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


# --- rules -----------------------------------------------------------------------------------------------------------


def _rules(value: Any, statuses: set[str], problems: Problems) -> tuple[AccessRule, ...]:
    if not isinstance(value, list):
        problems.add(("rules",), f"is {found(value)}", "write a list of rules")
        return ()
    rules = []
    names: dict[str, int] = {}
    makers = rule_conditions(statuses)
    allows = False
    for position, element in enumerate(value):
        path: Path = ("rules", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {found(element)}", 'write an object such as { name = "staff", effect = "allow" }')
            allows = True  # for all that is known
            continue
        name: Any = element.get("name")
        effect = element.get("effect")
        is_name = isinstance(name, str) and 0 < len(name) <= MAX_CHARACTERS
        if not is_name or names.setdefault(name, position) != position:
            name = _wrong_name(name, names, element, path, problems)
        when, exceptions = _blocks(element, RULE_KEYS, makers, path, problems)
        if effect != ALLOW and effect != DENY:
            problems.add((*path, "effect"), _wrong(element, "effect"), 'write "allow" or "deny"')
        shadow, message = False, None
        if "shadow" in element or "message" in element:
            shadow = _flag(element.get("shadow"), (*path, "shadow"), problems)
            message = _message(element.get("message"), (*path, "message"), problems)
            if message is not None and effect == ALLOW:
                problems.add((*path, "message"), "is on a rule that allows", 'remove it, or write effect = "deny"')
        if effect != DENY and not shadow:
            allows = True
        rules.append(AccessRule(name, when, exceptions, effect != ALLOW, shadow, message))
    if not allows:
        problems.add(
            ("rules",),
            "have none that allows: nobody could connect",
            'write at least one with effect = "allow" and without shadow = true',
        )
    return tuple(rules)


def _wrong_name(name: Any, names: dict[str, int], element: dict[str, Any], path: Path, problems: Problems) -> str:
    """Tell what is wrong with the name of a rule, given those of the rules before it with their positions."""
    if not isinstance(name, str) or not name:
        problems.add((*path, "name"), _wrong(element, "name"), 'write one that no other rule has: name = "staff"')
        return ""
    before = names.setdefault(name, path[1])  # type: ignore[arg-type]
    if before != path[1]:
        what = f"is {found(name)}, as that of rules[{before}]"
        problems.add((*path, "name"), what, "write one that no other rule has")
    if len(name) > MAX_CHARACTERS:
        problems.add((*path, "name"), f"has {len(name)} characters", f"write at most {MAX_CHARACTERS}")
    return name


def _posture_rules(value: Any, problems: Problems) -> tuple[PostureRule, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.add(("posture_rules",), f"is {found(value)}", "write a list of posture rules")
        return ()
    rules = []
    for position, element in enumerate(value):
        path: Path = ("posture_rules", position)
        if not isinstance(element, dict):
            problems.add(path, f"is {found(element)}", 'write an object such as { status = "compliant" }')
            continue
        rule = PostureRule(
            problems.where(path), *_blocks(element, POSTURE_RULE_KEYS, POSTURE_CONDITIONS, path, problems)
        )
        rule.status = _status(element.get("status"), (*path, "status"), _wrong(element, "status"), problems)
        rules.append(rule)
    distinct = {rule.status for rule in rules if rule.status}
    if len(distinct) > MAX_STATUSES:
        problems.add(
            ("posture_rules",),
            f"have {len(distinct)} distinct statuses",
            f"AWS takes at most {MAX_STATUSES} in an answer: write fewer",
        )
    return tuple(rules)


def _blocks(
    element: dict[str, Any],
    keys: frozenset[str],
    condition_keys: Makers,
    path: Path,
    problems: Problems,
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Check the keys of a rule, and return the conditions of its ``when`` and its ``unless``."""
    if not element.keys() <= keys:
        for key in element:
            if key not in keys:
                problems.add_unknown_key(path, key, keys)
    when = conditions(element["when"], condition_keys, (*path, "when"), problems) if "when" in element else ()
    unless = conditions(element["unless"], condition_keys, (*path, "unless"), problems) if "unless" in element else ()
    return when, unless


# --- single values ---------------------------------------------------------------------------------------------------


def _wrong(element: dict[str, Any], key: str) -> str:
    return f"is {found(element[key])}" if key in element else "is missing"


def _flag(value: Any, path: Path, problems: Problems) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        problems.add(path, f"is {found(value)}", "write true or false")
    return value is True


def _message(value: Any, path: Path, problems: Problems) -> Message | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        problems.add(path, f"is {found(value)}", "write a text, or leave it out")
        return None
    if len(value) > MAX_CHARACTERS:
        problems.add(path, f"has {len(value)} characters", f"write at most {MAX_CHARACTERS}")
    for name in parts(value)[1::2]:
        if name not in PLACEHOLDERS:
            problems.add(path, f"has the unknown placeholder {found(name)}", one_of(name, PLACEHOLDERS))
    return Message(value)


def _default_status(value: Any, problems: Problems) -> str | None:
    if value is None or value == "":
        return None
    return _status(value, ("default_posture_status",), f"is {found(value)}", problems)


def _status(value: Any, path: Path, wrong: str, problems: Problems) -> str:
    if not isinstance(value, str) or not value:
        problems.add(path, wrong, 'write one such as "compliant"')
        return ""
    if len(value) > MAX_CHARACTERS:
        problems.add(path, f"has {len(value)} characters", f"write at most {MAX_CHARACTERS}")
    return value
