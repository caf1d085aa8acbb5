"""The result of a replay as one page of HTML that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape

from connect_handler.facts.times import timestamp
from cvpn.output.console import printable

from .comparison import ALLOW_TO_DENY, CHANGES, DENY_TO_ALLOW, POSTURE, RULE, Outcome
from .tally import HOUR, KINDS, NOT_REPLAYABLE, SAME, Tally

MAX_ROWS = 500
MAX_COLUMNS = 48
MAX_RULES = 12

_NAMES = {
    SAME: "same",
    ALLOW_TO_DENY: "allow → deny",
    DENY_TO_ALLOW: "deny → allow",
    RULE: "other rule",
    POSTURE: "other posture",
    NOT_REPLAYABLE: "not replayable",
}
_CLASSES = {
    SAME: "same",
    ALLOW_TO_DENY: "denied",
    DENY_TO_ALLOW: "allowed",
    RULE: "rule",
    POSTURE: "posture",
    NOT_REPLAYABLE: "unknown",
}
_HOURS_PER_COLUMN = (1, 2, 3, 6, 12, 24, 48, 7 * 24, 14 * 24, 28 * 24)

_WIDTH, _HEIGHT = 720, 160

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f3f4f6; --line: #d5d9de; --dim: #59636e;
  --same: #b6bdc6; --denied: #c62f2d; --allowed: #1f7a3d; --rule: #2f6fd0; --posture: #8a4fc4; --unknown: #b98300; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --soft: #1f242a; --line: #363d46;
  --dim: #9aa4af; --same: #59636e; --denied: #f06a66; --allowed: #4cc274; --rule: #6ea6f5; --posture: #bb8cf0;
  --unknown: #e0ab34; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .dim { color: var(--dim); } code { font-size: .9em; overflow-wrap: anywhere; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; margin: 1rem 0;
  padding: 0; list-style: none; }
.numbers li { background: var(--soft); border-left: .3rem solid var(--line); padding: .5rem .75rem; }
.numbers b { display: block; font-size: 1.5rem; line-height: 1.2; }
svg { width: 100%; height: auto; display: block; }
.axis { display: flex; justify-content: space-between; color: var(--dim); font-size: .85rem; }
.same { fill: var(--same); border-left-color: var(--same) !important; }
.denied { fill: var(--denied); border-left-color: var(--denied) !important; }
.allowed { fill: var(--allowed); border-left-color: var(--allowed) !important; }
.rule { fill: var(--rule); border-left-color: var(--rule) !important; }
.posture { fill: var(--posture); border-left-color: var(--posture) !important; }
.unknown { fill: var(--unknown); border-left-color: var(--unknown) !important; }
.bar { display: grid; grid-template-columns: minmax(6rem, 14rem) 1fr 11rem; gap: 0 .75rem; align-items: center; }
.bar svg { height: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; vertical-align: top; }
th { border-bottom: 2px solid var(--line); white-space: nowrap; } td { border-bottom: 1px solid var(--line); }
td:first-child { border-left: .3rem solid var(--line); white-space: nowrap; } .number { text-align: right; }
@media (max-width: 40rem) {
  thead { display: none; } table, tbody, tr, td { display: block; width: 100%; }
  tr { margin-bottom: .75rem; background: var(--soft); } td { border: 0; padding: .25rem .6rem; text-align: left; }
  td::before { content: attr(data-label) " "; color: var(--dim); font-size: .85em; }
  td:first-child { border-left: .3rem solid; } .number { text-align: left; }
  .bar { grid-template-columns: 1fr auto; margin-bottom: .5rem; } .bar svg { grid-column: 1 / -1; order: 1; }
}
"""


@dataclass(frozen=True)
class ReplayResult:
    """What a page is about.

    Attributes
    ----------
    policy, policy_digest
        Name and digest of the policy that was tried.
    logs
        Names of the logs that were replayed.
    tally
        What came of it.
    footer
        The same in one line.
    """

    policy: str
    policy_digest: str
    logs: tuple[str, ...]
    tally: Tally
    footer: str


def render_page(result: ReplayResult) -> str:
    """Return the page."""
    tally = result.tally
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Replay of {tally.decisions:,} decisions</title><style>{_STYLE}</style></head><body>",
        "<header><h1>What this policy would have changed</h1>",
        f"<p><strong>{_text(result.footer)}</strong></p>",
        f'<p class="dim">Policy {_text(result.policy)}, digest <code>{_text(result.policy_digest)}</code></p>',
        f'<p class="dim">Log {_text(", ".join(result.logs))}{_period(tally)}</p></header><main>',
        _numbers(tally),
        _timeline(tally),
        _by_rule(tally),
        _table(tally),
        _not_replayable(tally),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _text(text: str) -> str:
    return escape(printable(text))


def _period(tally: Tally) -> str:
    if tally.first is None or tally.last is None:
        return ""
    return f", from {timestamp(tally.first)} to {timestamp(tally.last)}"


def _numbers(tally: Tally) -> str:
    items = [
        f'<li class="{_CLASSES[kind]}"><b>{tally.counts[kind]:,}</b>{_NAMES[kind]}</li>'
        for kind in KINDS
        if tally.counts[kind] or kind in (SAME, ALLOW_TO_DENY, DENY_TO_ALLOW)
    ]
    return f'<ul class="numbers">{"".join(items)}</ul>'


def _timeline(tally: Tally) -> str:
    if not tally.changed:
        return ""
    first, last = min(tally.hours), max(tally.hours)
    step = next((step for step in _HOURS_PER_COLUMN if (last - first) // step < MAX_COLUMNS), None)
    step = step or (last - first) // MAX_COLUMNS + 1
    first -= first % step
    columns: dict[int, Counter[str]] = {}
    for hour, counts in tally.hours.items():
        columns.setdefault((hour - first) // step, Counter()).update(counts)
    highest = max(sum(counts[change] for change in CHANGES) for counts in columns.values())
    number = (last - first) // step + 1
    width = _WIDTH / number
    bars = []
    for column, counts in sorted(columns.items()):
        top = float(_HEIGHT)
        begin = timestamp((first + column * step) * HOUR)[:16].replace("T", " ")
        for change in CHANGES:
            if counts[change]:
                height = counts[change] / highest * (_HEIGHT - 16)
                top -= height
                bars.append(
                    f'<rect class="{_CLASSES[change]}" x="{column * width:.1f}" y="{top:.1f}" '
                    f'width="{max(width - 1, 1):.1f}" height="{height:.1f}">'
                    f"<title>{begin}: {counts[change]:,} {_NAMES[change]}</title></rect>"
                )
    begin, end = (timestamp(hour * HOUR)[:16].replace("T", " ") for hour in (first, last + 1))
    return (
        f"<h2>When</h2><p class='dim'>Decisions that would be others, per {_span(step)}; {highest:,} at most.</p>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" role="img" aria-label="Changed decisions over time">'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}" stroke="currentColor" stroke-opacity=".4"/>'
        f'{"".join(bars)}</svg><p class="axis"><span>{begin}</span><span>{end} UTC</span></p>'
    )


def _span(hours: int) -> str:
    if hours % 24 == 0:
        return "day" if hours == 24 else f"{hours // 24} days"
    return "hour" if hours == 1 else f"{hours} hours"


def _by_rule(tally: Tally) -> str:
    counts: dict[tuple[str, str], int] = Counter()
    for key, group in tally.groups.items():
        counts[_decider(key.after), key.change] += group.connections
    if not counts:
        return ""
    rows = sorted(counts.items(), key=lambda item: -item[1])
    highest = rows[0][1]
    bars = [
        f'<div class="bar"><span>{_text(rule)}</span>'
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="presentation">'
        f'<rect class="{_CLASSES[change]}" width="{max(number / highest * 100, 0.5):.2f}" height="10"/></svg>'
        f"<span>{number:,} {_NAMES[change]}</span></div>"
        for (rule, change), number in rows[:MAX_RULES]
    ]
    more = f'<p class="dim">and {len(rows) - MAX_RULES} more</p>' if len(rows) > MAX_RULES else ""
    return f"<h2>Which rule would decide</h2>{''.join(bars)}{more}"


def _decider(outcome: Outcome) -> str:
    return outcome.rule if outcome.rule is not None else outcome.reason


def _table(tally: Tally) -> str:
    if not tally.changed:
        return "<h2>Connections</h2><p>Every decision that could be replayed would be the same.</p>"
    rows = []
    groups = tally.sorted_groups()
    for key, group in groups[:MAX_ROWS]:
        cells = [
            ("change", _NAMES[key.change]),
            ("user", _text(key.user)),
            ("was", _text(describe(key.before, key.after))),
            ("would be", _text(describe(key.after, key.before))),
            ("connections", f"{group.connections:,}"),
            ("last", f"{timestamp(group.last)[:16].replace('T', ' ')} <code>{_text(group.example)}</code>"),
        ]
        rows.append(
            "<tr>"
            + "".join(f'<td data-label="{label}"{_class(label, key.change)}>{cell}</td>' for label, cell in cells)
            + "</tr>"
        )
    heads = "".join(
        f"<th{' class=number' if head == 'connections' else ''}>{head}</th>"
        for head in ("change", "user", "was", "would be", "connections", "last")
    )
    left = sum(group.connections for _, group in groups[MAX_ROWS:]) + tally.not_listed
    more = f'<p class="dim">and {left:,} more connections that are not listed</p>' if left else ""
    return f"<h2>Connections</h2><table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"


def _class(label: str, change: str) -> str:
    if label == "change":
        return f' class="{_CLASSES[change]}"'
    return ' class="number"' if label == "connections" else ""


def describe(outcome: Outcome, other: Outcome) -> str:
    """Say an outcome: reason and rule, and the posture where the other one has a different one."""
    words = outcome.reason if outcome.rule is None else f"{outcome.reason} {outcome.rule}"
    if outcome.posture != other.posture:
        words += f" [{', '.join(outcome.posture)}]"
    return words


def _not_replayable(tally: Tally) -> str:
    parts = []
    if tally.reasons:
        items = "".join(f"<li>{number:,}: {_text(reason)}</li>" for reason, number in tally.reasons.most_common())
        parts.append(f"<h2>Not replayable</h2><ul>{items}</ul>")
    if tally.unreadable:
        items = "".join(f"<li>{_text(message)}</li>" for message in tally.messages)
        parts.append(f"<h2>Unreadable lines</h2><p>{tally.unreadable:,}, such as</p><ul>{items}</ul>")
    return "".join(parts)
