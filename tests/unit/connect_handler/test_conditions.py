"""Each condition key: when it is true, false and unknown."""

from __future__ import annotations

import ipaddress
import itertools
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connect_handler.contract.request import Request
from connect_handler.decision.evaluate import evaluate
from connect_handler.facts.addresses import parse_address
from connect_handler.policy.conditions.networks import NetworkSet, parse_network
from connect_handler.policy.document import read_policy
from connect_handler.policy_tests import complete_event

T, F, U = True, False, None


def truth(key: str, value: Any, request: dict[str, Any], alias: str | None = None, now: float = 0) -> bool | None:
    """Read a condition's truth off decisions: a deny rule applies unless it is false, an allow rule if it is true."""
    when = {key: value}
    rules = [{"name": "d", "effect": "deny", "when": when}, {"name": "a", "effect": "allow", "when": when}]
    rules.append({"name": "else", "effect": "allow", "when": {"endpoint": ["none"]}})
    event = {"connection-id": "cvpn-connection-1", "endpoint-id": "cvpn-endpoint-1"} | request
    policy = {"rules": rules, "default_posture_status": "unknown"}
    decision = evaluate(read_policy(json.dumps(policy)), Request(event, alias), now)
    by_rules = {("d", "a"): True, ("d",): None, (): False}[tuple(decision.applied)]
    assert (by_rules is None) == bool(decision.unknown)
    return by_rules


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("anna", "ANNA", T),
        ("Anna", "anna", T),
        ("anna", "anna2", F),
        ("straße", "STRASSE", T),
        ("jos\u00e9", "JOSE\u0301", T),
        ("jos\u00e9*", "jose\u0301@example.com", T),
        ("*", "", T),
        ("*", "anything", T),
        ("?*", "", F),
        ("?*", "x", T),
        ("", "", T),
        ("", "x", F),
        ("an*", "Anna", T),
        ("*@example.com", "anna@EXAMPLE.com", T),
        ("*@example.com", "anna@example.com.evil", F),
        ("a?na", "anna", T),
        ("a?na", "ana", F),
        ("*a*b*", "xxaxxbxx", T),
        ("*a*b*", "xxbxxaxx", F),
        ("a.c", "abc", F),
        ("[ab]", "a", F),
        ("[ab]*", "[ab]c", T),
        ("*[ab]", "x[AB]", T),
        ("*[ab]", "xa", F),
        ("CORP\\*", "corp\\anna", T),
        ("a*", "a\nb", T),
        ("*b", "a\nb", T),
        ("a*c", "a\nb\nc", T),
        ("$(x)", "$(x)", T),
    ],
)
@pytest.mark.parametrize("key", ["username", "common_name", "platform"])
def test_patterns_match_whole_texts_without_case(key: str, pattern: str, text: str, expected: bool) -> None:
    field = key.replace("_", "-")
    assert truth(key, [pattern], {field: text}) is expected
    assert truth(key, ["no-such-name", pattern], {field: text}) is expected
    # A request with all fields is read in another way.
    assert truth(key, [pattern], complete_event({field: text})) is expected


@pytest.mark.parametrize("key", ["username", "common_name", "platform", "groups", "all_groups", "public_ip"])
def test_a_field_that_the_request_lacks_is_unknown(key: str) -> None:
    value = ["192.0.2.1"] if key == "public_ip" else ["x"]
    assert truth(key, value, {}) is U


def test_a_pattern_that_invites_backtracking_is_quick() -> None:
    assert truth("username", ["*a*a*a*a*a*a*a*a*a*a*a*a*a*b?"], {"username": "a" * 5_000}) is F


@pytest.mark.parametrize(
    ("wanted", "groups", "expected"),
    [
        (["eng"], ["ENG"], T),
        (["eng", "ops-*"], ["OPS-Berlin"], T),
        (["ops-*"], ["xops-", "eng"], F),
        (["eng"], [], F),
        (["*"], [], F),
        (["eng"], None, F),
        (["eng"], '["x", "eng"]', T),
        (["eng"], "eng", T),
        (["eng"], ["x\neng", "y"], F),
        (["x\neng"], ["y", "X\nENG"], T),
    ],
)
def test_groups_match_if_one_does(wanted: list[str], groups: Any, expected: bool) -> None:
    assert truth("groups", wanted, {"groups": groups}) is expected


@pytest.mark.parametrize(
    ("wanted", "groups", "expected"),
    [
        (["a", "B"], ["b", "A", "c"], T),
        (["a", "b"], ["a"], F),
        (["a*"], ["ab"], F),
        (["a*"], ["a*"], T),
        (["a"], [], F),
    ],
)
def test_all_groups_are_whole_names_of_which_each_is_needed(wanted: list[str], groups: Any, expected: bool) -> None:
    assert truth("all_groups", wanted, {"groups": groups}) is expected


@pytest.mark.parametrize(
    ("wanted", "alias", "expected"),
    [
        (["staff"], "staff", T),
        (["Staff"], "staff", F),
        (["staff"], None, F),
        (["cvpn-endpoint-1"], None, T),
        (["staff", "cvpn-endpoint-1"], "partners", T),
        (["cvpn-endpoint-2"], "live", F),
        (["st*"], "staff", F),
    ],
)
def test_an_endpoint_is_the_alias_or_the_id(wanted: list[str], alias: str | None, expected: bool) -> None:
    assert truth("endpoint", wanted, {}, alias) is expected


@pytest.mark.parametrize(
    ("constraint", "version", "expected"),
    [
        (">= 10.0.19045", "10.0.19045", T),
        (">= 10.0.19045", "10.0.22631", T),
        (">= 10.0.19045", "10.0.9999", F),
        (">= 10.0.19045, < 11", "11.0", F),
        ("10.0", "10.0.0", T),
        ("= 10.0.0", "10", T),
        ("10.0", "10.0.1", F),
        ("!= 2.5.1", "2.5.1", F),
        ("!= 2.5.1", "2.5.10", T),
        ("> 2.4", "2.4.0", F),
        ("> 2.4", "2.4.0.1", T),
        ("<= 2.4", "2.4.1", F),
        ("< 2.10", "2.9", T),
        ("~> 2.6", "2.6", T),
        ("~> 2.6", "2.99.1", T),
        ("~> 2.6", "3.0", F),
        ("~> 2.6", "2.5.9", F),
        ("~> 2.6.0", "2.6.12", T),
        ("~> 2.6.0", "2.7", F),
        ("~> 2.6.4", "2.6.3", F),
        (">= 3", "3.git:released:662eae9a", T),
        ("> 3", "3.git", F),
        (">= 2", "2.6.12-beta", T),
        (">= 0", "", U),
        (">= 0", None, U),
        (">= 0", "unknown", U),
        (">= 0", "v2.6", U),
        (">= 0", " 2.6", U),
        ("!= 1", "1" * 5_000, U),
        ("!= 1", "1." + "1" * 5_000, U),
        ("!= 1", "٣.٤", U),
    ],
)
@pytest.mark.parametrize("key", ["platform_version", "client_openvpn_version", "aws_client_version"])
def test_versions_compare_number_by_number(key: str, constraint: str, version: Any, expected: bool | None) -> None:
    assert truth(key, constraint, {key.replace("_", "-"): version}) is expected


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        (["198.51.100.0/24"], "198.51.100.0", T),
        (["198.51.100.0/24"], "198.51.100.255", T),
        (["198.51.100.0/24"], "198.51.101.0", F),
        (["198.51.100.7"], "198.51.100.7", T),
        (["198.51.100.7"], "198.51.100.8", F),
        (["198.51.100.0/24"], "::ffff:198.51.100.7", T),
        (["198.51.100.0/24"], "::ffff:c633:6407", T),
        (["::ffff:198.51.100.0/120"], "198.51.100.7", T),
        (["::/0"], "198.51.100.7", F),
        (["::/0"], "::ffff:198.51.100.7", F),
        (["0.0.0.0/0"], "2001:db8::1", F),
        (["2001:db8::/32"], "2001:DB8:FFFF::1", T),
        (["2001:db8::/32"], "2001:db9::", F),
        (["8.0.0.0/5"], "15.255.255.255", T),
        (["8.0.0.0/5"], "16.0.0.0", F),
        (["2000::/3"], "3fff::1", T),
        (["0.0.0.0/0"], "", U),
        (["0.0.0.0/0"], None, U),
        (["0.0.0.0/0"], "198.51.100", U),
        (["0.0.0.0/0"], "198.51.100.256", U),
        (["0.0.0.0/0"], "198.51.100.07", U),
        (["0.0.0.0/0"], "198.51.100.7 ", U),
        (["::/0"], "fe80::1%eth0", U),
        (["0.0.0.0/0"], "١.1.1.1", U),
    ],
)
def test_an_address_lies_in_a_network_of_its_own_version(
    networks: list[str], address: Any, expected: bool | None
) -> None:
    assert truth("public_ip", networks, {"public-ip": address}) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("15.0.0.1", T),
        ("198.51.100.200", T),
        ("203.0.113.7", T),
        ("203.0.113.8", F),
        ("2001:db8:1::", T),
        ("2001:db9::1", T),
        ("2001:db9::2", F),
    ],
)
def test_an_address_is_found_in_networks_of_several_sizes(address: str, expected: bool) -> None:
    networks = ["8.0.0.0/5", "198.51.100.0/24", "203.0.113.7", "2001:db8::/32", "2001:db9::1"]
    assert truth("public_ip", networks, {"public-ip": address}) is expected


ADDRESSES = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded.upper()),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.lists(st.text("0123456789", max_size=4), min_size=3, max_size=5).map(".".join),
    st.text("0123456789abcdefABCDEF:.%/ \0\n+_\u0661\ud800x"),
)


def same_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address with Python's own library; None for a text that is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return None if address.scope_id is not None else address.ipv4_mapped or address


@given(text=ADDRESSES)
def test_an_address_is_read_as_pythons_own_library_reads_it(text: str) -> None:
    expected = same_address(text)
    if expected is None:
        with pytest.raises(ValueError, match="is not an IP address"):
            parse_address(text)
    else:
        assert parse_address(text) == parse_address(str(expected))
        assert parse_address(text) in NetworkSet([parse_network(f"{expected}/{expected.max_prefixlen}")])


BLOCKS = st.one_of(
    ADDRESSES,
    st.tuples(
        ADDRESSES, st.integers(0, 140).map(str) | st.sampled_from(["", "08", "-1", "1/1", " 8", "8,1.2.3.4/8"])
    ).map("/".join),
    st.ip_addresses().map(str),
    st.tuples(st.ip_addresses(), st.integers(0, 128)).map(lambda drawn: f"{drawn[0]}/{drawn[1]}"),
    st.integers(0, 2**32 - 1).flatmap(
        lambda number: st.integers(0, 32).map(
            lambda bits: str(ipaddress.ip_network((number >> bits << bits, 32 - bits)))
        )
    ),
)


def same_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read a network with Python's own library; None for a text that is none."""
    written, slash, length = text.partition("/")
    address = same_address(written)
    is_number = length.isascii() and length.isdigit() and str(int(length)) == length
    if address is None or (slash and not is_number):
        return None
    if not slash:
        return ipaddress.ip_network(address)
    mapped = 96 if address.version == 4 and ":" in written else 0
    try:
        return ipaddress.ip_network(f"{address}/{int(length) - mapped}")
    except ValueError:
        return None


@example(text="198.51.100.1/24")
@given(text=BLOCKS)
def test_a_network_is_read_as_pythons_own_library_reads_it(text: str) -> None:
    expected = same_network(text)
    if expected is None:
        with pytest.raises(ValueError, match=r"is not|bits behind"):
            parse_network(text)
    else:
        first = parse_address(str(expected.network_address))
        assert parse_network(text) == (expected.max_prefixlen - expected.prefixlen, first)


V4 = st.tuples(st.integers(8, 32), st.integers(0, 2**32 - 1)).map(
    lambda drawn: ipaddress.ip_network((drawn[1] >> (32 - drawn[0]) << (32 - drawn[0]), drawn[0]))
)


@given(networks=st.lists(V4, min_size=1), near=st.data())
def test_merged_networks_hold_what_the_networks_hold(
    networks: list[ipaddress.IPv4Network], near: st.DataObject
) -> None:
    merged = NetworkSet([parse_network(str(network)) for network in networks])
    network = near.draw(st.sampled_from(networks))
    edges = [int(network.network_address), int(network.broadcast_address)]
    for number in (edges[0] - 1, *edges, edges[1] + 1):
        if 0 <= number < 2**32:
            expected = any(ipaddress.IPv4Address(number) in other for other in networks)
            assert (parse_address(str(ipaddress.IPv4Address(number))) in merged) is expected


WORK_DAYS = ["mon", "tue", "wed", "thu", "fri"]
BERLIN = {"timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("time", "moment", "expected"),
    [
        # 2026-11-23 is a Monday
        ({"days": ["mon"]}, "2026-11-23T00:00:00Z", T),
        ({"days": ["mon"]}, "2026-11-22T23:59:59.999Z", F),
        ({"days": ["mon"]} | BERLIN, "2026-11-22T23:00:00Z", T),
        ({"start": "07:00", "end": "20:00"}, "2026-11-23T07:00:00Z", T),
        ({"start": "07:00", "end": "20:00"}, "2026-11-23T06:59:59.9Z", F),
        ({"start": "07:00", "end": "20:00"}, "2026-11-23T19:59:59.9Z", T),
        ({"start": "07:00", "end": "20:00"}, "2026-11-23T20:00:00Z", F),
        ({"start": "00:00", "end": "24:00"}, "2026-11-23T23:59:59Z", T),
        ({"start": "20:00", "end": "24:00"}, "2026-11-23T00:00:00Z", F),
        # hours that span midnight belong to the day they began on
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-11-27T22:00:00Z", T),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-11-28T05:59:59Z", T),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-11-28T06:00:00Z", F),
        ({"days": ["fri"], "start": "22:00", "end": "06:00"}, "2026-11-27T05:00:00Z", F),
        ({"days": ["sun"], "start": "22:00", "end": "06:00"}, "2026-11-23T03:00:00Z", T),
        ({"start": "22:00", "end": "00:00"}, "2026-11-23T00:00:00Z", F),
        ({"start": "22:00", "end": "00:00"}, "2026-11-23T23:59:59Z", T),
        # daylight saving time: Berlin is UTC+1 in winter, UTC+2 in summer
        ({"start": "07:00", "end": "20:00"} | BERLIN, "2026-03-28T06:00:00Z", T),
        ({"start": "07:00", "end": "20:00"} | BERLIN, "2026-03-29T05:00:00Z", T),
        ({"start": "07:00", "end": "20:00"} | BERLIN, "2026-03-28T05:00:00Z", F),
        # 02:00 to 03:00 does not happen on 2026-03-29, and happens twice on 2026-10-25
        ({"start": "02:00", "end": "03:00"} | BERLIN, "2026-03-29T00:59:59Z", F),
        ({"start": "02:00", "end": "03:00"} | BERLIN, "2026-03-29T01:00:00Z", F),
        ({"start": "02:00", "end": "03:00"} | BERLIN, "2026-10-25T00:00:00Z", T),
        ({"start": "02:00", "end": "03:00"} | BERLIN, "2026-10-25T01:59:59Z", T),
        ({"start": "02:00", "end": "03:00"} | BERLIN, "2026-10-25T02:00:00Z", F),
        ({"days": ["sun"], "start": "22:00", "end": "04:00"} | BERLIN, "2026-10-26T02:59:59Z", T),
        ({"start": "23:30", "end": "23:45", "timezone": "Asia/Kathmandu"}, "2026-11-23T17:45:00Z", T),
        # periods: from their beginning until before their end
        ({"not_before": "2026-12-24T18:00:00+01:00"}, "2026-12-24T17:00:00Z", T),
        ({"not_before": "2026-12-24T18:00:00+01:00"}, "2026-12-24T16:59:59.9Z", F),
        ({"not_after": "2026-12-24T18:00:00Z"}, "2026-12-24T17:59:59.9Z", T),
        ({"not_after": "2026-12-24T18:00:00Z"}, "2026-12-24T18:00:00Z", F),
        ({"not_after": "2026-12-24T18:00:00Z", "days": WORK_DAYS}, "2026-12-19T12:00:00Z", F),
        ({"days": ["thu"]}, "1970-01-01T00:00:00Z", T),
    ],
)
def test_times(time: dict[str, Any], moment: str, expected: bool) -> None:
    assert truth("time", time, {}, now=datetime.fromisoformat(moment).timestamp()) is expected


@pytest.mark.parametrize(
    ("version", "allowed"), [("10.0.22631", True), ("10.0.17763", False), ("", False), (None, False)]
)
@pytest.mark.parametrize(
    "rules",
    [
        [
            {"name": "outdated", "effect": "deny", "when": {"posture": ["outdated"]}},
            {"name": "all", "effect": "allow"},
        ],
        [{"name": "all", "effect": "allow", "unless": {"posture": ["outdated"]}}],
        [{"name": "all", "effect": "allow", "when": {"posture": ["current"]}}],
    ],
    ids=["deny", "unless", "allow"],
)
def test_who_withholds_what_a_status_hangs_on_is_not_let_in_for_it(
    rules: list[dict[str, Any]], version: Any, allowed: bool
) -> None:
    posture_rules = [
        {"status": "outdated", "when": {"platform_version": "< 10.0.19045"}},
        {"status": "current", "when": {"platform_version": ">= 10.0.19045"}},
    ]
    event = {"connection-id": "c", "endpoint-id": "e", "platform-version": version}
    policy = read_policy(json.dumps({"rules": rules, "posture_rules": posture_rules}))
    assert evaluate(policy, Request(event), 0).allow is allowed


def test_a_default_status_is_one_that_was_assigned() -> None:
    assert truth("posture", ["unknown"], {}) is T


def test_values_of_one_condition_are_alternatives_and_conditions_must_all_hold() -> None:
    policy = {
        "rules": [
            {
                "name": "a",
                "effect": "allow",
                "when": {"platform": ["win", "mac"], "username": ["anna", "bert"]},
                "unless": {"platform": ["mac"], "username": ["bert"]},
            }
        ]
    }
    allowed = set()
    for platform in ("win", "mac", "linux"):
        for username in ("anna", "bert", "carla"):
            event = {"connection-id": "c", "endpoint-id": "e", "platform": platform, "username": username}
            if evaluate(read_policy(json.dumps(policy)), Request(event), 0).allow:
                allowed.add((platform, username))
    assert allowed == {("win", "anna"), ("win", "bert"), ("mac", "anna")}


def test_a_false_condition_makes_a_rule_false_also_behind_an_unknown_one() -> None:
    when = {"client_openvpn_version": "< 2.6", "username": ["bert"]}
    rules = [{"name": "old", "effect": "deny", "when": when}, {"name": "all", "effect": "allow"}]
    policy = read_policy(json.dumps({"rules": rules, "posture_rules": [{"status": "old", "unless": when}]}))
    decision = evaluate(policy, Request(complete_event({"username": "anna"})), 0)
    assert (decision.allow, decision.posture, decision.unknown) == (True, ["old"], [])


OF_ANNA: list[dict[str, Any]] = [
    {"username": ["anna"]},
    {"groups": ["staff"]},
    {"public_ip": ["198.51.100.0/24"]},
    {"platform": ["win"]},
    {"time": {"not_after": "2030-01-01T00:00:00Z"}},
]
"""Conditions that the index finds in different ways, and that hold for one client."""


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.permutations(OF_ANNA, 2)), ids=lambda when: next(iter(when))
)
def test_of_two_deny_rules_the_first_one_decides_whatever_they_are_found_by(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    rules: list[dict[str, Any]] = [
        {"name": "first", "effect": "deny", "when": first},
        {"name": "second", "effect": "deny", "when": second},
        {"name": "all", "effect": "allow", "when": {"endpoint": ["none"]}},
    ]
    fields = {"username": "anna", "groups": ["staff"], "public-ip": "198.51.100.7", "platform": "win"}
    decision = evaluate(read_policy(json.dumps({"rules": rules})), Request(complete_event(fields)), 0)
    assert decision.rule == "first"
    assert decision.applied == ["first", "second"]


def test_a_deny_rule_beats_an_allow_rule_that_stands_before_it() -> None:
    rules = [{"name": "all", "effect": "allow"}, {"name": "nobody", "effect": "deny"}]
    decision = evaluate(read_policy(json.dumps({"rules": rules})), Request(complete_event({})), 0)
    assert (decision.allow, decision.rule) == (False, "nobody")


@pytest.mark.parametrize(
    ("when", "differing"),
    [
        ({"platform": ["win"], "platform_version": ">= 10"}, {"platform-version": "9"}),
        ({"platform": ["win"], "client_openvpn_version": ">= 2"}, {"client-openvpn-version": "1"}),
        ({"platform": ["win"], "aws_client_version": ">= 5"}, {"aws-client-version": "4"}),
        ({"platform": ["win"], "groups": ["staff"]}, {"groups": ["guests"]}),
    ],
    ids=["platform version", "OpenVPN version", "AWS client version", "groups"],
)
def test_what_is_kept_of_one_client_is_not_taken_for_another(when: dict[str, Any], differing: dict[str, Any]) -> None:
    """The index keeps the values of rules about the client, for each kind of client."""
    policy = read_policy(json.dumps({"rules": [{"name": "current", "effect": "allow", "when": when}]}))
    current = {
        "platform": "win",
        "platform-version": "10.0",
        "client-openvpn-version": "2.6",
        "aws-client-version": "5.0",
        "groups": ["staff"],
    }
    assert [
        evaluate(policy, Request(complete_event(fields)), 0).allow
        for fields in (current, current | differing, current, current | {"platform": "mac"})
    ] == [True, False, True, False]


def test_a_status_that_two_rules_assign_is_assigned_once() -> None:
    posture_rules = [
        {"status": "compliant", "when": {"platform": ["win"]}},
        {"status": "managed", "when": {"platform": ["win"]}},
        {"status": "compliant", "when": {"groups": ["staff"]}},
    ]
    policy = {"rules": [{"name": "all", "effect": "allow"}], "posture_rules": posture_rules}
    request = Request(complete_event({"platform": "win", "groups": ["staff"]}))
    assert evaluate(read_policy(json.dumps(policy)), request, 0).posture == ["compliant", "managed"]


def test_a_policy_may_have_ten_statuses() -> None:
    posture_rules = [{"status": f"status-{number}", "when": {"platform": ["win"]}} for number in range(10)]
    policy = {"rules": [{"name": "all", "effect": "allow"}], "posture_rules": posture_rules}
    request = Request(complete_event({"platform": "win"}))
    assert len(evaluate(read_policy(json.dumps(policy)), request, 0).posture) == 10
