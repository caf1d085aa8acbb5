"""Generated policies and requests, from small alphabets: so that rules and requests meet often."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from connect_handler.policy.conditions.names import read_pattern
from connect_handler.policy.conditions.registry import POSTURE_RULE_CONDITIONS
from connect_handler.policy.conditions.versions import read_version

NAMES = [
    "anna",
    "Anna",
    "bert",
    "",
    "straße",
    "STRASSE",
    "josé",
    "jose\u0301",
    "corp\\bert",
    "laptop-1",
    "laptop-22",
    "[x]",
    "a.b",
]
PATTERNS = [*NAMES, "*", "?*", "an*", "*rt", "lap*-?", "a?na", "[*", "*a*b*", "**", "CORP\\*", "a.*"]
GROUPS = ["caf\u00e9", "CAFE\u0301", "eng", "Eng", "ops-berlin", "ops-rome", "vpn users", "S-1-5-21"]
GROUP_PATTERNS = [*GROUPS, "ops-*", "*ng", "?ng", "s-1-*"]
PLATFORMS = ["win", "mac", "linux", "", "ios"]
VERSIONS = ["10.0.19045", "10.0", "10.0.0", "10", "2.6.12", "2.6", "3.git:released", "", "unknown", "v2", "11.0"]
CONSTRAINTS = [
    ">= 10.0.19045",
    "< 10.0.19045, >= 2",
    "~> 2.6",
    "~> 2.6.10",
    "!= 10.0",
    "= 10",
    "10.0.0",
    "> 3",
    "<= 2.6",
]
ADDRESSES = [
    "198.51.100.7",
    "198.51.101.0",
    "::ffff:198.51.100.7",
    "2001:db8::1",
    "2001:db9::1",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "",
    "unknown",
    "198.51.100",
]
NETWORKS = [
    "198.51.100.0/24",
    "198.51.100.7",
    "198.51.100.0/25",
    "198.51.100.128/25",
    "198.51.101.0/24",
    "0.0.0.0/0",
    "255.255.255.255",
    "2001:db8::/32",
    "2001:db8::1",
    "::/0",
]
ENDPOINTS = ["staff", "partners", "cvpn-endpoint-0123456789abcdef0"]
STATUSES = ["compliant", "quarantined", "unknown"]
MESSAGES = ["No.", "No, {username}: {rule}", "{public_ip}{platform}{connection_id}{{rule}", "{common_name} " * 18]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=4)


HOURS = st.sampled_from(
    [("07:00", "20:00"), ("22:00", "06:00"), ("00:00", "24:00"), ("23:59", "00:00"), ("02:30", "02:31")]
)


@st.composite
def times(draw: st.DrawFn) -> dict[str, Any]:
    time: dict[str, Any] = {}
    if draw(st.booleans()):
        time["days"] = draw(some(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
    if draw(st.booleans()):
        time["start"], time["end"] = draw(HOURS)
    if draw(st.booleans()):
        time["not_before"] = draw(st.sampled_from(["2026-03-29T01:00:00Z", "2026-01-01T00:00:00+14:00"]))
    if not time or draw(st.booleans()):
        time["not_after"] = draw(st.sampled_from(["2026-10-25T02:30:00+01:00", "2026-03-29T01:00:00.5Z"]))
    if draw(st.booleans()):
        time["timezone"] = draw(st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]))
    return time


CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    **{key: some(PATTERNS) for key, read in POSTURE_RULE_CONDITIONS.items() if read is read_pattern},
    **{key: st.sampled_from(CONSTRAINTS) for key, read in POSTURE_RULE_CONDITIONS.items() if read is read_version},
    "endpoint": some(ENDPOINTS),
    "platform": some(PLATFORMS),
    "groups": some(GROUP_PATTERNS),
    "all_groups": some(GROUPS),
    "public_ip": some(NETWORKS),
    "time": times(),
    "posture": some(STATUSES),
}

PLAIN_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "username": some(NAMES) | some(PATTERNS),
    "common_name": some(NAMES) | some(PATTERNS),
    "groups": some(GROUPS) | some(GROUP_PATTERNS),
    "public_ip": some(NETWORKS),
}
"""What most rules of a long policy ask for, and nothing else."""

INSTANTS = ["2026-01-01T00:00:00Z", "2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z", "2026-12-31T00:00:00Z"]
DEVICE_STATUSES = ["compliant", "Compliant", "quarantined", "straße"]
DEVICE_STATUS_PATTERNS = [*DEVICE_STATUSES, "*", "comp*", "*ined", "STRASSE"]
ATTRIBUTES = ["department", "ring"]


@st.composite
def device_conditions(draw: st.DrawFn) -> dict[str, Any]:
    if not draw(st.integers(0, 3)):
        return {"registered": False}
    asked: dict[str, st.SearchStrategy[Any]] = {
        "registered": st.just(True),
        "status": some(DEVICE_STATUS_PATTERNS),
        "owner_is_user": st.booleans(),
        "max_age_hours": st.sampled_from([0.5, 24, 87600]),
        "attributes": st.dictionaries(st.sampled_from(ATTRIBUTES), some(PATTERNS), min_size=1),
    }
    keys = draw(st.lists(st.sampled_from(list(asked)), min_size=1, max_size=3, unique=True))
    return {key: draw(asked[key]) for key in keys}


EVIDENCE_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "device": device_conditions(),
    "sessions": st.fixed_dictionaries(
        {"by": st.sampled_from(["username", "common_name"]), "at_least": st.integers(1, 3)}
    ),
}
"""What asks for more than the request."""

DEVICES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(DEVICE_STATUSES),
        "owner": st.sampled_from([name for name in NAMES if name]),
        "attributes": st.dictionaries(
            st.sampled_from(ATTRIBUTES), st.sampled_from([name for name in NAMES if name]), min_size=1
        ),
        "updated_at": st.sampled_from(INSTANTS),
        "expires_at": st.sampled_from(INSTANTS),
    },
)
OTHERS = st.lists(st.sampled_from(["one", "two", "three", "four"]), unique=True, max_size=4)
EVIDENCE = st.fixed_dictionaries(
    {"device": DEVICES, "sessions": st.fixed_dictionaries({"username": OTHERS, "common_name": OTHERS})}
)
"""All evidence there can be, as the decision log has it."""


@st.composite
def blocks(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
    return {key: draw((CONDITIONS | EVIDENCE_CONDITIONS)[key]) for key in chosen}


@st.composite
def rule_bodies(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if draw(st.integers(0, 7)):
        rule["when"] = draw(blocks(keys))
    if not draw(st.integers(0, 2)):
        rule["unless"] = draw(blocks(keys))
    return rule


@st.composite
def plain_rules(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the effect and the one condition of a rule that has nothing more to it."""
    key = draw(st.sampled_from(list(PLAIN_CONDITIONS)))
    return {"effect": draw(st.sampled_from(["allow", "deny"])), "when": {key: draw(PLAIN_CONDITIONS[key])}}


@st.composite
def policies(draw: st.DrawFn, with_evidence: bool = False) -> dict[str, Any]:
    keys = list(CONDITIONS)
    if with_evidence:  # often, so that rules that ask for it meet
        keys += [*EVIDENCE_CONDITIONS] * 4
    rules = []
    for number, body in enumerate(draw(st.lists(rule_bodies(keys), max_size=8))):
        rule = {"name": f"rule-{number}", "effect": draw(st.sampled_from(["allow", "deny"])), **body}
        if rule["effect"] == "deny" and draw(st.booleans()):
            rule["message"] = draw(st.sampled_from(MESSAGES))
        if not draw(st.integers(0, 4)):
            rule["shadow"] = True
        if rule["effect"] == "deny" and "sessions" in rule.get("when", {}) and draw(st.booleans()):
            rule["end_oldest"] = True
        rules.append(rule)
    if draw(st.booleans()):
        plain = draw(st.lists(plain_rules(), min_size=1, max_size=8))
        rules += [{"name": f"plain-{number}", **rule} for number, rule in enumerate(plain)]
        rules = draw(st.permutations(rules))
    rules.append({"name": "last", "effect": "allow", **draw(rule_bodies(keys))})
    posture_keys = [key for key in keys if key not in ("posture", "sessions")]
    posture_rules = [{"status": status, **draw(rule_bodies(posture_keys))} for status in STATUSES]
    policy: dict[str, Any] = {
        "rules": rules,
        "posture_rules": posture_rules,
        "default_deny_message": draw(st.sampled_from(MESSAGES)),
    }
    if draw(st.booleans()):
        policy["default_posture_status"] = draw(st.sampled_from(STATUSES))
    return policy


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    event: dict[str, Any] = {
        "connection-id": "cvpn-connection-0a1b2c3d4e5f67890",
        "endpoint-id": draw(st.sampled_from(["cvpn-endpoint-0123456789abcdef0", "cvpn-endpoint-00000000000000000"])),
    }
    fields: dict[str, st.SearchStrategy[Any]] = {
        "common-name": st.sampled_from(NAMES),
        "username": st.sampled_from([*NAMES, "{rule} {username}", "new\nline"]),
        "platform": st.sampled_from(PLATFORMS),
        "platform-version": st.sampled_from(VERSIONS),
        "public-ip": st.sampled_from(ADDRESSES),
        "client-openvpn-version": st.sampled_from(VERSIONS),
        "aws-client-version": st.sampled_from(VERSIONS),
        "groups": st.lists(st.sampled_from(GROUPS), max_size=4),
    }
    for field, values in fields.items():
        if draw(st.integers(0, 9)):
            event[field] = draw(values)
    return event


ALIASES = st.sampled_from([None, "staff", "partners", "live"])

MOMENTS = st.one_of(
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp(),  # Berlin: 02:00 becomes 03:00
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp(),  # Berlin: the first 02:30
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp(),  # Berlin: the second 02:30
            datetime(2026, 11, 23, 0, 0, tzinfo=UTC).timestamp(),
            datetime(2026, 11, 22, 23, 59, 59, 999_000, tzinfo=UTC).timestamp(),
            1798675199.9999998,  # 2026-12-30: the last moment before midnight that a float can tell
        ]
    ),
    st.floats(datetime(2026, 1, 1, tzinfo=UTC).timestamp(), datetime(2026, 12, 31, tzinfo=UTC).timestamp()),
)

UNKNOWN_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "device": st.sampled_from([{"status": ["compliant"]}, {"status": ["quarantined"]}, {"registered": False}]),
    "client_openvpn_version": st.just("< 2.6"),
    "aws_client_version": st.just(">= 5"),
    "platform": st.sampled_from([["win"], ["mac"]]),
    "posture": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=2),
    "sessions": st.fixed_dictionaries({"by": st.sampled_from(["username", "common_name"]), "at_least": st.just(1)}),
}
"""Conditions of which a client that tells no version knows none but the platform."""


@st.composite
def policies_with_many_unknowns(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a policy in whose rules several conditions are unknown at once, with posture rules for the same status."""

    def block(keys: list[str]) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
        return {key: draw(UNKNOWN_CONDITIONS[key]) for key in chosen}

    def body(keys: list[str]) -> dict[str, Any]:
        return {name: block(keys) for name in draw(st.sampled_from([(), ("when",), ("when",), ("when", "unless")]))}

    keys = list(UNKNOWN_CONDITIONS)
    statuses = [*draw(st.lists(st.sampled_from(STATUSES), max_size=3)), *STATUSES]
    effects = draw(st.lists(st.sampled_from(["allow", "deny", "deny"]), max_size=5))
    rules = [{"name": f"rule-{number}", "effect": effect, **body(keys)} for number, effect in enumerate(effects)]
    for rule in rules:
        rule["shadow"] = draw(st.integers(0, 3)) == 0
        if rule["effect"] == "deny" and "sessions" in rule.get("when", {}):
            rule["end_oldest"] = draw(st.booleans())
    return {
        "posture_rules": [{"status": status, **body(keys[:4])} for status in statuses],
        "default_posture_status": STATUSES[2],
        "rules": [*rules, {"name": "last", "effect": "allow", **body(keys)}],
    }
