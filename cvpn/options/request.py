"""Options that make or change requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from connect_handler.contract.request import FIELDS
from connect_handler.facts.evidence import BY, DEVICE, SESSIONS, Evidence
from connect_handler.policy_tests import complete_event
from cvpn.requests.log_record import LogRecord
from cvpn.requests.sourced_request import SourcedRequest, evidence_over

from .common import INSTANT_TYPE, Function

_FIELD_HELP = {
    "schema-version": "v1, v2, v3 or later.",
    "connection-id": "Id of the connection.",
    "endpoint-id": "Id of the endpoint.",
    "common-name": "Common name of the client certificate.",
    "username": "Name of the user.",
    "platform": "win, mac, linux, ios, android or uwp.",
    "platform-version": "Version of the operating system.",
    "public-ip": "IPv4 or IPv6 address of the client.",
    "client-openvpn-version": "Version of OpenVPN.",
    "aws-client-version": "Version of the AWS provided client.",
}


@dataclass(frozen=True)
class RequestOptions:
    """What the options say of the requests.

    Attributes
    ----------
    fields
        Fields of the request.
    alias
        The endpoint's key; None where it is not said.
    at
        When, in seconds since 1970-01-01 UTC; None where it is not said.
    evidence
        What is known beside the request; None where it is not said.
    """

    fields: dict[str, Any]
    alias: str | None
    at: float | None
    evidence: Evidence | None

    @classmethod
    def of(cls, options: dict[str, Any]) -> RequestOptions:
        """Take the options that :func:`request_options` adds out of ``options``."""
        fields = {field: options.pop(field.replace("-", "_")) for field in FIELDS}
        given = {field: value for field, value in fields.items() if value is not None and value != ()}
        if "groups" in given:
            given["groups"] = list(given["groups"])
        return cls(given, options.pop("endpoint"), options.pop("at"), _evidence(options))

    def request(self) -> SourcedRequest:
        """Return the request that the options alone make: what they leave out is there, and empty."""
        return SourcedRequest("the command line", _entry(self, complete_event(self.fields)))


def _evidence(options: dict[str, Any]) -> Evidence | None:
    """Take the options on evidence; those on the device, or on sessions, over what ``--evidence`` says of it."""
    evidence: Evidence | None = options.pop("evidence")
    device = options.pop("device")
    texts = {name: options.pop(f"device_{name}") for name in ("status", "owner")}
    sessions = options.pop("sessions")
    said: dict[str, Any] = {}
    if device is not None:
        said[DEVICE] = device.value
    given = {name: text for name, text in texts.items() if text is not None}
    if given:
        if said.get(DEVICE, {}) is None:
            raise click.UsageError("A device that is not registered has no status and no owner.")
        said[DEVICE] = {**said.get(DEVICE, {}), **given}
    if sessions is not None:
        said[SESSIONS] = dict.fromkeys(BY, sessions)
    if not said:
        return evidence
    try:
        more = Evidence.from_document(said)
    except ValueError as error:
        raise click.UsageError(f"The evidence {error}.") from None
    return more if evidence is None else evidence_over(evidence, more)


def _entry(options: RequestOptions, event: dict[str, Any]) -> LogRecord:
    return LogRecord("request", event, options.alias, options.at, evidence=options.evidence)


def _json(text: str) -> Any:
    """Read JSON, or ``@FILE``."""
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"cannot be read: {error}; write JSON, or @ and the name of a file") from None


class EvidenceType(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """What is known beside the request: JSON, as the decision log has it, or the name of a file with it."""

    name = "evidence"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Evidence:
        """Read JSON, or ``@FILE``."""
        if isinstance(value, Evidence):
            return value
        document = _json(str(value))
        if not isinstance(document, dict):
            self.fail('is no object; write one such as {"device": {"status": "compliant"}}', param, ctx)
        try:
            return Evidence.from_document(document)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True)
class GivenDevice:
    """A record of the device inventory; its value is None for a device that has none."""

    value: dict[str, Any] | None


class DeviceType(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A record of the device inventory: JSON, as the decision log has it, the name of a file with it, or ``none``."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> GivenDevice:
        """Read JSON, ``@FILE`` or ``none``."""
        if isinstance(value, GivenDevice):
            return value
        document = None if str(value) == "none" else _json(str(value))
        if document is not None and not isinstance(document, dict):
            self.fail('is no object; write one such as {"status": "compliant"}, or none', param, ctx)
        try:
            Evidence.from_document({DEVICE: document})
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return GivenDevice(document)


def request_options(function: Function) -> Function:
    """Add an option for each field of a request, ``--endpoint``, ``--at`` and those on evidence: :class:`Asking`."""
    function = click.option(
        "--sessions",
        type=click.IntRange(0),
        metavar="N",
        help="Other active connections of the same user, and of the same certificate.",
    )(function)
    function = click.option("--device-owner", metavar="TEXT", help="Owner of the device in the inventory.")(function)
    function = click.option("--device-status", metavar="TEXT", help="Status of the device in the inventory.")(function)
    function = click.option(
        "--device",
        type=DeviceType(),
        metavar="JSON",
        help='Record of the device in the inventory, such as {"status": "compliant", "updated_at": '
        '"2026-11-25T09:00:00Z"}; @ and the name of a file that has it; or none, for one that is not registered.',
    )(function)
    function = click.option(
        "--evidence",
        type=EvidenceType(),
        metavar="JSON",
        help="What is known beside the request, such as "
        '{"device": {"status": "compliant"}, "sessions": {"username": 1}}; or @ and the name of a file that has it.',
    )(function)
    function = click.option(
        "--at", type=INSTANT_TYPE, metavar="TIME", help="Set the clock: RFC 3339, such as 2026-12-24T18:00:00Z."
    )(function)
    function = click.option("--endpoint", metavar="KEY", help="Key of the endpoint: the alias that it calls.")(function)
    for field in reversed(FIELDS):
        if field == "groups":
            function = click.option(
                "--group", "groups", multiple=True, metavar="NAME", help="A group of the user; may be repeated."
            )(function)
        else:
            function = click.option(f"--{field}", metavar="TEXT", help=_FIELD_HELP[field])(function)
    return function
