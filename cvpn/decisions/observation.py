"""What a condition looked at, and why it is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connect_handler.facts.device import UNKNOWN, Device
from connect_handler.facts.evidence import DEVICE, SESSIONS
from connect_handler.facts.facts import Facts


def observe(key: str, wanted: Any, facts: Facts) -> tuple[Any, str]:
    """Return what a condition looked at, and why it would be unknown."""
    request = facts.request
    if key == "time":
        zone = wanted.get("timezone", "UTC")
        local = datetime.fromtimestamp(facts.now, UTC if zone == "UTC" else ZoneInfo(zone))
        return f"{local.strftime('%a').lower()} {local.isoformat(timespec='seconds')}", ""
    if key == "endpoint":
        return [name for name in (request.alias, request.endpoint_id) if name], ""
    if key == "posture":
        possible = sorted(facts.possible_posture)
        why = f"the posture rules for {', '.join(possible)} are unknown" if possible else ""
        return sorted(facts.posture), why
    if key == DEVICE:
        return _device_seen(wanted, facts)
    if key == SESSIONS:
        return _sessions_seen(wanted["by"], facts)
    field = "groups" if key == "all_groups" else key
    value = getattr(request, field)
    if value is None:
        return None, f"the request (schema {request.schema_version}) has no {field.replace('_', '-')}"
    if key.endswith("_version"):
        return value, "it does not begin with a number" if value else "it is empty"
    if key == "public_ip":
        return value, "it is no IP address" if value else "it is empty"
    return list(value) if isinstance(value, tuple) else value, ""


def _device_seen(wanted: dict[str, Any], facts: Facts) -> tuple[Any, str]:
    if facts.request.common_name is None:
        return None, f"the request (schema {facts.request.schema_version}) has no common-name"
    device = facts.device
    if device is UNKNOWN:
        return None, _not_known(facts, DEVICE)
    if device is None:
        return "not registered", ""
    return device.document(), _why_unknown(wanted, device, facts)


def _why_unknown(wanted: dict[str, Any], device: Device, facts: Facts) -> str:
    """Return what of a record keeps a condition from being true or false."""
    if "max_age_hours" in wanted:
        if device.updated_at is None:
            return "the record does not say when it was updated"
        age = (facts.now - device.updated_at) / 3600
        if age > wanted["max_age_hours"]:
            return f"the record is {age:,.0f} hours old"
    lacking = [name for name in ("status", "owner") if getattr(device, name) is None]
    asked = {"status": "status", "owner_is_user": "owner"}
    missing = [asked[key] for key in asked if key in wanted and asked[key] in lacking]
    missing += [f"attributes.{name}" for name in wanted.get("attributes", {}) if name not in device.attributes]
    if missing:
        return f"the record has no {' and no '.join(missing)}"
    return f"the request (schema {facts.request.schema_version}) has no username"


def _sessions_seen(by: str, facts: Facts) -> tuple[Any, str]:
    if getattr(facts.request, by) is None:
        return None, f"the request (schema {facts.request.schema_version}) has no {by.replace('_', '-')}"
    others = None if facts.evidence is None else facts.evidence.sessions.get(by)
    return (None, _not_known(facts, SESSIONS)) if others is None else (len(others), "")


def _not_known(facts: Facts, kind: str) -> str:
    failures = {} if facts.evidence is None else facts.evidence.failures
    return failures.get(kind, "no evidence was given")
