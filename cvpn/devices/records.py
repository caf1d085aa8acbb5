"""What is known of a device, flat: one key for each thing, ``attributes.department`` for an attribute."""

from __future__ import annotations

import difflib
import time

from connect_handler.facts.device import TEXTS, TIMES, Device
from connect_handler.facts.times import rfc3339
from cvpn.times import parse_time

COMMON_NAME = "common_name"
PREFIX = "attributes."
KEYS = (*TEXTS, *TIMES)
"""Keys of a record, besides those of attributes."""

NOW = "now"

Known = str | float
Record = dict[str, Known | None]
"""Texts, and times in seconds since 1970-01-01 UTC, by key; None for what a device is known not to have."""


def flatten(device: Device) -> dict[str, Known]:
    """Return what an item of the table says."""
    known: dict[str, Known] = {}
    for key in TEXTS:
        text = getattr(device, key)
        if text is not None:
            known[key] = text
    known.update({PREFIX + name: text for name, text in sorted(device.attributes.items())})
    for key in TIMES:
        seconds = getattr(device, key)
        if seconds is not None:
            known[key] = float(int(seconds))
    return known


def to_document(record: Record) -> dict[str, str | dict[str, str]]:
    """Return a record as JSON has it: times in RFC 3339, attributes in an object."""
    attributes = {
        key[len(PREFIX) :]: format_value(key, value) for key, value in record.items() if key.startswith(PREFIX)
    }
    known: dict[str, str | dict[str, str]] = {
        key: format_value(key, record[key]) for key in KEYS if record.get(key) is not None
    }
    if attributes:
        known["attributes"] = attributes
    return known


def format_value(key: str, value: Known | None) -> str:
    """Return a value as it is written: RFC 3339 for a time, nothing for none."""
    if value is None:
        return ""
    return rfc3339(float(value)) if key in TIMES else str(value)


def check_key(key: str) -> str:
    """Return a key of a record.

    Raises
    ------
    ValueError
        It is none; the text says what to write instead.
    """
    if key in KEYS or (key.startswith(PREFIX) and key != PREFIX):
        return key
    close = difflib.get_close_matches(key, KEYS, 1)
    instead = f"did you mean {close[0]}?" if close else f"write {', '.join(KEYS)} or {PREFIX}NAME"
    raise ValueError(f'"{key}" is nothing that a record has; {instead}')


def value_of(key: str, text: str) -> Known | None:
    """Read the value of a key; an empty text is none, a time is RFC 3339 or ``now``.

    Raises
    ------
    ValueError
        It is no time.
    """
    if not text:
        return None
    if key not in TIMES:
        return text
    seconds = time.time() if text == NOW else parse_time(text)
    if seconds is None:
        raise ValueError(f'{key} is "{text}"; write RFC 3339 with an offset, such as 2026-12-24T18:00:00Z, or {NOW}')
    return float(int(seconds))


def describe_record(record: Record) -> str:
    """Say a record in one line."""
    return ", ".join(f'{key} "{format_value(key, value)}"' for key, value in record.items() if value is not None)
