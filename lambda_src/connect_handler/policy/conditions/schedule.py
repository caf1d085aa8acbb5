"""The condition ``time``."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from connect_handler.facts.facts import Facts
from connect_handler.facts.times import parse_instant
from connect_handler.policy.problems import Path, Problems, describe

from .base import Condition, read_object, read_strings

UTC = "UTC"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIME_KEYS = ("days", "end", "not_after", "not_before", "start", "timezone")
_DAY_MINUTES = 24 * 60
_ZONE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"

LocalTime = Callable[[float], tuple[int, int]]
"""Tells weekday (0 is Monday) and minute of the day of a time, in seconds since 1970-01-01 UTC."""


def read_time(key: str, value: Any, path: Path, problems: Problems) -> Condition | None:
    """Read ``time``: now lies inside the days, the hours and the period."""
    before = len(problems)
    if not read_object(value, path, problems, TIME_KEYS, '{ days = ["mon"], start = "07:00", end = "20:00" }'):
        return None
    days = _read_days(value["days"], (*path, "days"), problems) if "days" in value else None
    hours = _read_hours(value, path, problems)
    zone = value.get("timezone", UTC)
    if "timezone" in value:
        _check_zone(zone, (*path, "timezone"), problems)
    not_before = not_after = None
    if "not_before" in value:
        not_before = read_instant(value["not_before"], (*path, "not_before"), problems)
    if "not_after" in value:
        not_after = read_instant(value["not_after"], (*path, "not_after"), problems)
    if not value.keys() - {"timezone"}:
        problems.add(path, "names no time", "write days, start and end, not_before or not_after")
    if len(problems) > before:
        return None

    def test(facts: Facts) -> bool:
        if not_before is not None and facts.now < not_before:
            return False
        if not_after is not None and facts.now >= not_after:
            return False
        if days is None and hours is None:
            return True
        return _is_within(days, hours or (0, _DAY_MINUTES), local_time_in(zone)(facts.now))

    return Condition(key, test)


def _is_within(days: frozenset[int] | None, hours: tuple[int, int], moment: tuple[int, int]) -> bool:
    """Tell whether weekday and minute lie inside days and hours.

    Hours that span midnight belong to the day of their start::

        mon 22:00 ────────── tue 06:00     days = ["mon"], start = "22:00", end = "06:00"
    """
    (start, end), (weekday, minute) = hours, moment
    if start > end and minute < end:
        weekday = (weekday - 1) % 7
    elif not start <= minute < (end if start < end else _DAY_MINUTES):
        return False
    return days is None or weekday in days


def _read_days(value: Any, path: Path, problems: Problems) -> frozenset[int] | None:
    advice = "write one of " + ", ".join(DAYS)
    names = read_strings(value, path, problems, lambda day: None if day in DAYS else advice)
    return None if names is None else frozenset(map(DAYS.index, names))


def _read_hours(value: dict[str, Any], path: Path, problems: Problems) -> tuple[int, int] | None:
    """Return the minutes of the day of ``start`` and ``end``; None without hours, or with a problem."""
    for name, other in (("start", "end"), ("end", "start")):
        if name in value and other not in value:
            problems.add(path, f"has {name} without {other}", "write both or neither")
    minutes = []
    for name in ("start", "end"):
        if name in value:
            minute = _minute(value[name], is_end=name == "end")
            if minute is None:
                advice = 'write HH:MM, such as "07:00" (end may be "24:00")'
                problems.add((*path, name), f"is {describe(value[name])}", advice)
            else:
                minutes.append(minute)
    if len(minutes) < 2:
        return None
    start, end = minutes
    if start == end:
        advice = 'for the whole day write start = "00:00", end = "24:00"'
        problems.add(path, f"has equal start and end, {describe(value['end'])}", advice)
    return start, end


def _minute(text: Any, is_end: bool) -> int | None:
    """Return the minute of the day of ``HH:MM``, or None for another text; only an end may be ``24:00``."""
    if is_end and text == "24:00":
        return _DAY_MINUTES
    if isinstance(text, str) and len(text) == 5 and text[2] == ":" and text.isascii():
        hour, minute = text[:2], text[3:]
        if hour.isdigit() and minute.isdigit() and hour < "24" and minute < "60":
            return int(hour) * 60 + int(minute)
    return None


def read_instant(value: Any, path: Path, problems: Problems) -> float | None:
    """Return seconds since 1970-01-01 UTC of a timestamp of RFC 3339."""
    try:
        return parse_instant(value)
    except ValueError:
        advice = 'write RFC 3339 with an offset, such as "2026-12-24T18:00:00Z"'
        problems.add(path, f"is {describe(value)}", advice)
        return None


def _check_zone(name: Any, path: Path, problems: Problems) -> None:
    if not _could_be_zone(name):
        problems.add(path, f"is {describe(name)}", 'write an IANA name such as "Europe/Berlin"')
    elif name != UTC and not is_time_zone(name):
        what = f"is {describe(name)}, which the IANA time zone database does not have"
        problems.add(path, what, 'write a name such as "Europe/Berlin"')


def _could_be_zone(name: Any) -> bool:
    """Tell whether a value has the form of a time zone's name. The name becomes part of a file's path."""
    return (
        isinstance(name, str)
        and name[:1].isalpha()
        and all(part and not part.strip(_ZONE_CHARACTERS) for part in name.split("/"))
    )


def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database has a zone, without loading zoneinfo, which takes time."""
    return _zone_file(name) is not None


def _zone_file(name: str) -> str | None:
    """Return the path of the file of a time zone; None for no zone."""
    bundled = __file__.rpartition("connect_handler")[0] + "tzdata"
    for folder in (bundled, None):
        if folder is None:  # outside the bundle, tzdata is installed
            import tzdata  # type: ignore[import-untyped, unused-ignore]

            folder = tzdata.__path__[0]
        path = f"{folder}/zoneinfo/{name}"
        if os.path.isfile(path):  # noqa: PTH113 - pathlib takes longer to import
            with open(path, "rb") as file:  # noqa: PTH123
                if file.read(4) == b"TZif":  # https://www.rfc-editor.org/rfc/rfc9636
                    return path
    return None


@lru_cache
def local_time_in(zone: str) -> LocalTime:
    """Return the local time of a zone that :func:`is_time_zone` knows, or of UTC."""
    if zone == UTC:
        return _utc
    from datetime import datetime  # late: only policies with local time need it
    from zoneinfo import ZoneInfo

    # ZoneInfo alone would prefer the system's database to ours.
    with open(_zone_file(zone) or "", "rb") as file:  # noqa: PTH123
        zone_info = ZoneInfo.from_file(file, zone)

    @lru_cache(maxsize=64)
    def of_minute(minute: int) -> tuple[int, int]:
        local = datetime.fromtimestamp(60 * minute, zone_info)
        return local.weekday(), local.hour * 60 + local.minute

    return lambda now: of_minute(int(now // 60))  # in a storm, many connections come in one minute


def _utc(now: float) -> tuple[int, int]:
    days, seconds = divmod(int(now // 1), 86_400)
    return (days + 3) % 7, seconds // 60  # 1970-01-01 was a Thursday
