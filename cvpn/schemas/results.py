"""JSON Schemas of what ``-o json`` prints, which other programs may rely on."""

from __future__ import annotations

from typing import Any

from .decision_log import FIELDS_OF_A_LINE, decision_log_schema
from .policy import DIALECT, policy_schema, tfvars_schema

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NAME = {"type": ["string", "null"]}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_EFFECT = {"enum": ["allow", "deny"]}
_MAYBE = {"type": ["boolean", "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has all of the properties and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _perhaps(schema: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that may have more properties."""
    return schema | {"properties": {**schema["properties"], **properties}}


def _titled(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **schema}


def _list(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": element}


_OUTCOME = {"effect": _EFFECT, "reason": _TEXT, "rule": _NAME}

_DECISION = {
    "time": {"type": "string", "format": "date-time"},
    **_OUTCOME,
    "applied": _TEXTS,
    "unknown": _list(_object(rule=_TEXT, conditions=_TEXTS)),
    "shadow": {"anyOf": [{"type": "null"}, _object(**_OUTCOME, applied=_TEXTS)]},
    "posture": _TEXTS,
    "message": _TEXT,
    "shadow_mode": _FLAG,
    "problems": _TEXTS,
    "request": True,
    "answer": {"type": "object"},
    "policy_digest": _TEXT,
    "alias": _NAME,
}

_OF_EVIDENCE = {name: FIELDS_OF_A_LINE[name][0] for name in ("evidence", "ends")}
"""Only where evidence was given."""

_CONDITION = _object(block={"enum": ["when", "unless"]}, key=_TEXT, wanted=True, value=_MAYBE, saw=True, why=_TEXT)
_RULE = _object(
    rule=_TEXT,
    effect={"enum": ["allow", "deny", None]},
    status=_NAME,
    shadow=_FLAG,
    value=_MAYBE,
    applies=_FLAG,
    conditions=_list(_CONDITION),
)
_FLIP = _object(rule=_TEXT, condition=_TEXT, value=_FLAG, reason=_TEXT, decided_by=_NAME)

_DEVICE = {"type": "object"} | {
    key: value
    for key, value in FIELDS_OF_A_LINE["evidence"][0]["anyOf"][0]["properties"]["device"].items()
    if key != "type"
}
_CHANGES = _list(_object(field=_TEXT, before=_NAME, after=_NAME))

_DIFFERENCE = _object(key=_TEXT, expected=True, came=True)

_BEFORE_AFTER = _object(**_OUTCOME, posture=_TEXTS)

_VALIDATE = _titled(
    "cvpn validate -o json",
    _object(
        valid=_FLAG,
        findings=_list(
            _object(
                severity={"enum": ["error", "warning"]},
                where=_TEXT,
                file=_TEXT,
                line={"type": ["integer", "null"], "minimum": 1},
                column={"type": ["integer", "null"], "minimum": 1},
                text=_TEXT,
            )
        ),
        policy_digest=_NAME,
        size={
            "anyOf": [
                {"type": "null"},
                _object(bytes=_COUNT, of=_COUNT, packed=_FLAG, stored=_FLAG, exact=_FLAG),
            ]
        },
    ),
)

_SIMULATE = _titled("A line of cvpn simulate -o json", _perhaps(_object(**_DECISION), **_OF_EVIDENCE))

_EXPLAIN = _titled(
    "A line of cvpn explain -o json",
    _perhaps(
        _object(
            **_DECISION,
            explanation={
                "anyOf": [
                    {"type": "null"},
                    _object(posture_rules=_list(_RULE), rules=_list(_RULE), flips=_list(_FLIP)),
                ]
            },
        ),
        **_OF_EVIDENCE,
    ),
)

_TEST = _titled(
    "cvpn test -o json",
    _object(
        passed=_COUNT,
        failed=_COUNT,
        policy_digest=_TEXT,
        tests=_list(
            _object(
                name=_TEXT,
                passed=_FLAG,
                differences=_list(_DIFFERENCE),
                **_OUTCOME,
                posture=_TEXTS,
                message=_TEXT,
            )
        ),
    ),
)

_SIZE = _titled(
    "cvpn size -o json",
    {
        "anyOf": [
            _object(
                bytes=_COUNT,
                of=_COUNT,
                fits=_MAYBE,
                packed=_FLAG,
                stored=_FLAG,
                exact=_FLAG,
                document=_COUNT,
                policy_digest=_TEXT,
                rules=_list(_object(rule=_TEXT, bytes=_COUNT)),
            ),
            _object(
                users=_COUNT,
                window_seconds={"type": "number"},
                connections_per_second={"type": "number"},
                provisioned_concurrency=_COUNT,
                without_provisioned=_COUNT,
                reserved_concurrent_executions=_COUNT,
                fits_account=_FLAG,
            ),
        ]
    },
)

_DEVICES_IMPORT = _titled(
    "cvpn devices import -o json",
    _object(
        table=_TEXT,
        dry_run=_FLAG,
        refused=_FLAG,
        written=_COUNT,
        added=_list(_object(common_name=_TEXT, device=_DEVICE)),
        changed=_list(_object(common_name=_TEXT, changes=_CHANGES)),
        removed=_list(_object(common_name=_TEXT, device=_DEVICE)),
        renewed=_COUNT,
        unchanged=_COUNT,
        bad=_list(_object(where=_TEXT, problem=_TEXT)),
        conflicts=_TEXTS,
    ),
)

_DEVICES_SHOW = _titled(
    "cvpn devices show -o json",
    _object(common_name=_TEXT, registered=_FLAG, device={"anyOf": [{"type": "null"}, _DEVICE]}),
)

_DEVICES_SET = _titled("cvpn devices set -o json", _object(common_name=_TEXT, created=_FLAG, changes=_CHANGES))

_DEVICES_REMOVE = _titled(
    "A line of cvpn devices remove -o json",
    _object(common_name=_TEXT, removed=_FLAG, device={"anyOf": [{"type": "null"}, _DEVICE]}),
)

_DEVICES_EXPORT = _titled(
    "A line of cvpn devices export --format jsonl",
    _perhaps(_object(common_name=_TEXT), **_DEVICE["properties"]),
)

_CONNECTIONS = _titled(
    "A line of cvpn connections -o json",
    _object(
        connection_id=_TEXT,
        endpoint_id=_TEXT,
        alias=_NAME,
        username=_TEXT,
        common_name=_TEXT,
        client_ip=_TEXT,
        since={"type": ["string", "null"], "format": "date-time"},
        recorded=_FLAG,
        rule=_NAME,
        posture=_TEXTS,
        policy_digest=_NAME,
        request=True,
    ),
)

_REAUTHORIZE = _titled(
    "A line of cvpn reauthorize -o json: what the re-authorization function answers",
    _object(
        **dict.fromkeys(
            ("connections", "evaluated", "allowed", "denied", "shadowed", "unrecorded", "terminated", "failed"),
            _COUNT,
        ),
        braked=_FLAG,
        complete=_FLAG,
        dry_run=_FLAG,
        denials=_list(
            _object(
                connection_id=_TEXT,
                endpoint_id=_TEXT,
                username=_NAME,
                common_name=_NAME,
                reason=_TEXT,
                rule=_NAME,
                posture=_TEXTS,
                unknown=_list(_object(rule=_TEXT, conditions=_TEXTS)),
                message=_TEXT,
                evidence=FIELDS_OF_A_LINE["evidence"][0],
                policy_digest=_TEXT,
                function_version=_TEXT,
            )
        ),
        problems=_TEXTS,
    ),
)

_REPLAY = _titled(
    "cvpn replay -o json",
    _object(
        decisions=_COUNT,
        same=_COUNT,
        changed=_object(
            **dict.fromkeys(("allow->deny", "deny->allow", "rule", "posture"), _COUNT),
        ),
        not_replayable={"type": "object", "additionalProperties": _COUNT},
        unreadable_lines=_COUNT,
        first={"type": ["string", "null"], "format": "date-time"},
        last={"type": ["string", "null"], "format": "date-time"},
        policy_digest=_TEXT,
        groups=_list(
            _object(
                change={"enum": ["allow->deny", "deny->allow", "rule", "posture"]},
                user=_TEXT,
                before=_BEFORE_AFTER,
                after=_BEFORE_AFTER,
                connections=_COUNT,
                first={"type": "string", "format": "date-time"},
                last={"type": "string", "format": "date-time"},
                example=_TEXT,
            )
        ),
        not_listed=_COUNT,
    ),
)


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its name: a document's, or the verb's whose lines of JSON it describes."""
    return {
        "policy": policy_schema(),
        "tfvars": tfvars_schema(),
        "decision-log": decision_log_schema(),
        "validate": _VALIDATE,
        "simulate": _SIMULATE,
        "explain": _EXPLAIN,
        "test": _TEST,
        "size": _SIZE,
        "devices-import": _DEVICES_IMPORT,
        "devices-show": _DEVICES_SHOW,
        "devices-set": _DEVICES_SET,
        "devices-remove": _DEVICES_REMOVE,
        "devices-export": _DEVICES_EXPORT,
        "connections": _CONNECTIONS,
        "reauthorize": _REAUTHORIZE,
        "replay": _REPLAY,
    }
