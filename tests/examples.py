"""How many examples Hypothesis tries: the loaded profile's number, times a weight of the test's own."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

PROFILES: dict[str, dict[str, Any]] = {
    "quick": {"max_examples": 10, "derandomize": True},
    "thorough": {"max_examples": 100},
    "fuzz": {"max_examples": 2000},
}
"""The first is the default. `pytest --hypothesis-profile NAME` loads another."""


def register_profiles() -> None:
    """Register the profiles with Hypothesis, and load the default."""
    for name, values in PROFILES.items():
        settings.register_profile(name, deadline=None, suppress_health_check=[HealthCheck.too_slow], **values)
    settings.load_profile(next(iter(PROFILES)))


def examples(weight: float, **more: Any) -> settings:
    """Return the settings of a test that deserves `weight` times as many examples as others; `more` go to settings."""
    return settings(max_examples=max(1, round(weight * settings().max_examples)), **more)
