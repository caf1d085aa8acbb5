"""Three-valued logic: true, false and unknown (``None``), https://en.wikipedia.org/wiki/Three-valued_logic (Kleene).

The functions here make one test of several, once per policy, so that a decision only calls what there is to ask.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Test = Callable[[Any], bool | None]


def all_of(tests: Sequence[Test]) -> Test | None:
    """Return what is true if all tests are, and false if one is; None for no tests, which is always true."""
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]

    def test(facts: Any) -> bool | None:
        value: bool | None = True
        for holds in tests:
            one = holds(facts)
            if not one:
                if one is not None:
                    return False
                value = None
        return value

    return test


def unless(when: Test | None, exception: Test | None) -> Test | None:
    """Return what is true if ``when`` is and ``exception`` is not; None as a test is always true, or never there."""
    if exception is None:
        return when

    def test(facts: Any) -> bool | None:
        value = True if when is None else when(facts)
        if value is False:
            return False
        excepted = exception(facts)
        if excepted:
            return False
        return value if excepted is False else None

    return test
