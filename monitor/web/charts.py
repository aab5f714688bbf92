"""Draw counts as SVG: sizes stand in attributes, colours are classes, and each chart has a text that says the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from markupsafe import Markup

from monitor.text import neutralise, plural

_HEIGHT = 40  # of the bars of a day, in pixels, as all lengths here
_DAY = 8  # from one day to the next
_SPARK, _SPARK_HEIGHT = 4, 33
_MONTH_WIDTH = 220
_GAP = "·"  # stands for no count

_Bar = tuple[int, int, int]  # its left edge, width and height


class Day(NamedTuple):
    """What happened in a day."""

    day: date
    events: int
    notified: int = 0  # of these, those that somebody was notified of


def day_bars(days: Sequence[Day], link: Callable[[date], str], *, current: date | None = None) -> Markup:
    """Return a bar for each day, with those notified below the others; a day with events leads to `link(day)`.

    current: the day that is shown alone; None: none is.
    """
    most = max((day.events for day in days), default=0) or 1
    links = Markup("").join(
        _day_link(day, number * _DAY, link(day.day), is_current=day.day == current)
        for number, day in enumerate(days)
        if day.events
    )
    every = _path("bar-2", [_day_bar(n, day.events, most) for n, day in enumerate(days)], _HEIGHT)
    notified = _path("bar", [_day_bar(n, day.notified, most) for n, day in enumerate(days)], _HEIGHT)
    total, told = sum(day.events for day in days), sum(day.notified for day in days)
    text = f"{plural(total, 'event')} in {plural(len(days), 'day')}, {told:,} notified"
    return _svg(links + every + notified, width=len(days) * _DAY, height=_HEIGHT, text=text, role="group")


def sparkline(counts: Sequence[int], text: str = "") -> Markup:
    """Return a thin bar for each count, oldest first. text: what it says; "": the sum of the counts."""
    most = max(counts, default=0) or 1
    found = [(n * _SPARK, _SPARK - 1, _scaled(count, most, _SPARK_HEIGHT - 1)) for n, count in enumerate(counts)]
    said = text or f"{sum(counts):,} in {plural(len(counts), 'day')}"
    return _svg(_path("bar", found, _SPARK_HEIGHT), width=len(counts) * _SPARK, height=_SPARK_HEIGHT, text=said)


def bars(values: Sequence[float | None], text: str, *, names: Sequence[str] = (), width: int = 6) -> Markup:
    """Return a small bar for each value, such as a latency; None leaves a gap. names: the class of each, else bar."""
    most = max((value for value in values if value), default=0) or 1
    drawn = Markup("").join(
        _path(name, [(n * width, width - 2, _scaled(value, most, _SPARK_HEIGHT - 1))], _SPARK_HEIGHT)
        for n, (value, name) in enumerate(zip(values, names or ["bar"] * len(values), strict=True))
    )
    return _svg(drawn, width=len(values) * width, height=_SPARK_HEIGHT, text=text)


def month_bars(
    counts: Mapping[str, Sequence[int]],
    names: Sequence[str] = ("bar-3",),
    *,
    link: Callable[[str], str] | None = None,
    number: Callable[[Sequence[int]], str] = lambda segments: f"{sum(segments):,}",
) -> Markup:
    """Return a row for each month from the first to the last: its name, one bar of segments, and their sum.

    counts: month (2026-11) → the length of each segment; months without one are drawn as gaps. names: the class of
    each segment. link: the address of a month; None: a month is no link. number: what stands behind a bar.
    """
    most = max((sum(segments) for segments in counts.values()), default=0) or 1
    rows = Markup("\n").join(
        Markup('<li><span class="number">{}</span>{}<span class="number">{}</span></li>').format(
            Markup('<a href="{}">{}</a>').format(link(month), month) if link and sum(segments) else month,
            _segments(segments, names, most),
            number(segments) if sum(segments) else _GAP,
        )
        for month in _months(counts)
        for segments in [counts.get(month, ())]
    )
    return Markup('<ol class="months">\n{}\n</ol>').format(rows)


def change_bars(counts: Mapping[str, tuple[int, int, int]]) -> Markup:
    """Return a row for each month: what a rule matches there, as kept and gained, and behind that what it loses."""
    return month_bars(counts, ("bar-3", "bar-gained", "bar-lost"), number=_changes)


def _changes(segments: Sequence[int]) -> str:
    kept, gained, lost = segments
    if not (gained or lost):
        return f"{kept:,}"
    return Markup('{}<span class="hidden"> matched, {} gained, {} lost</span>').format(
        f"{kept + gained:,}", f"{gained:,}", f"{lost:,}"
    )


def _day_bar(number: int, count: int, most: int) -> _Bar:
    return number * _DAY, _DAY - 2, _scaled(count, most, _HEIGHT - 1)


def _day_link(day: Day, left: int, address: str, *, is_current: bool) -> Markup:
    """Return a link over the whole height of the day, below its bars."""
    text = f"{day.day.day} {day.day:%b}: {plural(day.events, 'event')}, {day.notified:,} notified"
    current = Markup(' aria-current="true"') if is_current else ""
    place = Markup("M{} 0h{}v{}h-{}z").format(left, _DAY, _HEIGHT, _DAY)
    return Markup('<a href="{}"{}><title>{}</title><path class="target" d="{}"/></a>').format(
        address, current, text, place
    )


def _path(name: str, found: Sequence[_Bar], height: int) -> Markup:
    """Return one path for bars that stand on the ground of a chart so high."""
    path = "".join(f"M{x} {height - 1}v-{tall}h{width}v{tall}z" for x, width, tall in found if tall)
    return Markup('<path class="{}" d="{}"/>').format(name, path) if path else Markup("")


def _segments(segments: Sequence[int], names: Sequence[str], most: int) -> Markup:
    drawn, left = Markup(""), 0
    for name, count in zip(names, segments, strict=False):
        width = _scaled(count, most, _MONTH_WIDTH)
        drawn += Markup('<rect class="{}" x="{}" width="{}" height="12"/>').format(name, left, width) if width else ""
        left += width
    size = Markup('viewBox="0 0 {} 12" preserveAspectRatio="none"').format(_MONTH_WIDTH)
    return Markup('<svg class="month" {} height="12" aria-hidden="true">{}</svg>').format(size, drawn)


def _svg(drawn: Markup, *, width: int, height: int, text: str, role: str = "img") -> Markup:
    ground = Markup('<path class="axis" d="M0 {}.5h{}"/>').format(height - 1, width)
    return Markup(
        '<svg class="chart" role="{}" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}{}</svg>'
    ).format(role, neutralise(text), width, height, width, height, ground, drawn)


def _scaled(count: float | None, most: float, length: int) -> int:
    """Return the length of a bar; a count that is not zero is never invisible."""
    return max(round((count or 0) / most * length), 2) if count else 0


def _months(counts: Mapping[str, object]) -> list[str]:
    """Return all months from the first to the last."""
    if not counts:
        return []
    day, last = date.fromisoformat(f"{min(counts)}-01"), max(counts)
    found = []
    while (month := f"{day:%Y-%m}") <= last:
        found.append(month)
        day = (day + timedelta(days=32)).replace(day=1)
    return found
