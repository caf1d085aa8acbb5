"""JSON Schema of the policy document, for editors.

What is valid, the function's own reader decides (``connect_handler``); a test holds this to it.
"""

from __future__ import annotations

from typing import Any

from connect_handler.contract.response import MAX_CHARACTERS
from connect_handler.policy.messages import PLACEHOLDERS
from connect_handler.policy.model import ALLOW, DENY

from .conditions import CONDITION_KEYS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


_MESSAGE = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": MAX_CHARACTERS,
    "pattern": rf"^(?:[^{{]|\{{(?:{'|'.join(PLACEHOLDERS)})\}}|\{{(?![^{{}}]*\}}))*$",
}


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema of the policy document."""
    conditions = {key: condition.schema for key, condition in CONDITION_KEYS.items()}
    of_posture_rules = {key: schema for key, schema in conditions.items() if key not in ("posture", "sessions")}
    return {
        "$schema": DIALECT,
        "title": "Policy of the AWS Client VPN connect handler",
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": _properties(),
        "$defs": {
            "rule": _rule("conditions"),
            "posture_rule": {
                "type": "object",
                "required": ["status"],
                "additionalProperties": False,
                "properties": {
                    "status": {
                        "type": "string",
                        "description": "Posture compliance status that is assigned.",
                        "minLength": 1,
                        "maxLength": MAX_CHARACTERS,
                    },
                    **_blocks("posture_conditions"),
                },
            },
            "conditions": _conditions(conditions),
            "posture_conditions": _conditions(of_posture_rules),
        },
    }


def tfvars_schema() -> dict[str, Any]:
    """Return the JSON Schema of variable definitions in JSON, which may define other variables too."""
    return policy_schema() | {
        "title": "Variable definitions with a policy of the AWS Client VPN connect handler",
        "additionalProperties": True,
    }


def _properties() -> dict[str, Any]:
    return {
        "rules": {
            "type": "array",
            "description": "Access rules, in the order in which they are looked through.",
            "minItems": 1,
            "items": {"$ref": "#/$defs/rule"},
            "contains": {
                "properties": {"effect": {"const": ALLOW}, "shadow": {"not": {"const": True}}},
                "required": ["effect"],
            },
        },
        "posture_rules": {
            "type": ["array", "null"],
            "description": "Rules that assign posture compliance statuses.",
            "items": {"$ref": "#/$defs/posture_rule"},
        },
        "default_posture_status": {
            "type": ["string", "null"],
            "description": "Status of a connection to which no posture rule applies.",
            "maxLength": MAX_CHARACTERS,
        },
        "default_deny_message": {
            "description": "What a user is shown whom no rule with a message denies.",
            **_MESSAGE,
        },
        "shadow_mode": {
            "type": ["boolean", "null"],
            "description": "Allow every connection, and record what the policy would have done.",
            "default": False,
        },
    }


def _rule(conditions: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "effect"],
        "additionalProperties": False,
        "properties": {
            "name": {
                "type": "string",
                "description": "Unique name, for the decision log and messages.",
                "minLength": 1,
                "maxLength": MAX_CHARACTERS,
            },
            "effect": {
                "description": "A deny rule that applies beats every allow rule.",
                "enum": [ALLOW, DENY],
            },
            **_blocks(conditions),
            "message": {
                "description": "What the user is shown whom this rule denies. Placeholders: "
                + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
                **_MESSAGE,
            },
            "shadow": {
                "type": ["boolean", "null"],
                "description": "Leave the rule out of the decision, and record what it would have changed.",
                "default": False,
            },
            "end_oldest": {
                "type": ["boolean", "null"],
                "description": "Of a rule with a sessions condition: end the oldest other connections instead.",
                "default": False,
            },
        },
        "if": {"properties": {"effect": {"const": ALLOW}}, "required": ["effect"]},
        "then": {"properties": {"message": {"type": "null"}, "end_oldest": {"not": {"const": True}}}},
        "else": {
            "if": {"properties": {"end_oldest": {"const": True}}, "required": ["end_oldest"]},
            "then": {"properties": {"when": {"required": ["sessions"]}}, "required": ["when"]},
        },
    }


def _blocks(conditions: str) -> dict[str, Any]:
    return {
        "when": {"description": "Conditions that must all hold.", "$ref": f"#/$defs/{conditions}"},
        "unless": {"description": "Conditions of which not all may hold.", "$ref": f"#/$defs/{conditions}"},
    }


def _conditions(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": properties}
