"""Render the status, as `status --json` prints it, as the lines of one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from monitor.cli.fit import cut, fold
from monitor.inspect.waiting import later_count, waiting_facts
from monitor.text import escape, plural

BARS = "·▁▂▃▄▅▆▇█"  # nothing, then an eighth of the highest count, and so on
PLAIN_BARS = ".:-=+*%#@"  # where the terminal's encoding has no such characters
_LABEL_WIDTH = 11  # cells
_FOLDED = 3  # lines that one fact takes at most
_DAYS = 30
_BESIDE_DAYS = _LABEL_WIDTH + 21 + 3 + 9  # cells of a line with bars: label, kind and total, gap, sum
_BAD, _GOOD, _WARNING = "red", "green", "yellow"


def bars_for(encoding: str | None) -> str:
    """Return the bars that a stream of this encoding can show."""
    try:
        BARS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN_BARS
    return BARS


def sparkline(counts: list[int], *, peak: int, bars: str) -> str:
    """Return one character a day; a single event shows beside a thousand."""
    return "".join(bars[-(-count * (len(bars) - 1) // peak)] if count else bars[0] for count in counts)


def screen(
    status: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, bars: str = BARS, width: int | None = None
) -> Iterator[str]:
    """Yield the lines of the screen; zone: the configuration's; width: cells that a line may take, None for any."""
    if daemon := status["daemon"]:  # every time in the status is by the clock of the store
        now -= timedelta(seconds=daemon.get("clock_ahead", 0))  # a daemon of an earlier version does not say it
    for line in _lines(status, now, zone, bars, width):
        if width is None:
            yield line
            continue
        rest = max(width - _LABEL_WIDTH, 1)
        for number, part in enumerate(fold(line, first=width, rest=rest, lines=_FOLDED)):
            yield part if number == 0 else cut(" " * _LABEL_WIDTH + part, width)


def _lines(status: Mapping[str, Any], now: datetime, zone: ZoneInfo, bars: str, width: int | None) -> Iterator[str]:
    yield _daemon(status["daemon"], zone)
    is_known = not status["store"].get("fault")  # a daemon of an earlier version does not say it
    for source in status["sources"]:
        yield from _source(source, now, zone, is_running=status["daemon"] is not None, is_known=is_known)
    if is_known:
        yield from _releases(status["releases"], zone, bars, width)
        yield _line("outbox", _outbox(status))
        for channel in status["channels"]:
            yield _line("channel", _channel(channel, now, zone))
    for name, until in status["releases"]["muted_watchlists"].items():
        yield _line("muted", f"watchlist {escape(name)} until {_local_time(until, zone)}")
    yield from _config(status["config"], is_running=status["daemon"] is not None)
    for node in status.get("nodes", ()):  # a daemon of an earlier version does not say it
        yield _line("node", _node(node, zone))
    yield _line("store", _store(status["store"], now))
    page = status.get("page")  # absent in the answer of an older daemon
    if page and page["state"] != "off":
        yield _line("page", _page(page))


def _daemon(daemon: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    running = f"running since {_local_time(daemon['since'], zone)} (pid {daemon['pid']})" if daemon else "not running"
    paused = f"  paused: {escape(daemon['paused'])}" if daemon and daemon["paused"] else ""
    ahead = daemon.get("clock_ahead", 0) if daemon else 0
    by = f"{timedelta(seconds=abs(ahead))} {'ahead' if ahead > 0 else 'behind'}"
    clock = click.style(f"  the machine's clock is {by}", fg=_WARNING) if ahead else ""
    return _line("monitor", click.style(running + paused, fg=_GOOD if daemon and not paused else _BAD) + clock)


def _source(
    source: Mapping[str, Any], now: datetime, zone: ZoneInfo, *, is_running: bool, is_known: bool
) -> Iterator[str]:
    missing = "" if source["is_there"] else click.style("  the folder is missing", fg=_BAD)
    yield _line("source", f"{click.style(escape(source['name']), bold=True)}  {escape(source['path'])}{missing}")
    if is_running:
        yield _line("", _watch(source["watch"], zone))
    if fetch := source.get("fetch"):  # a daemon of an earlier version does not say it
        yield _line("", _fetch(fetch, now, zone))
    if is_known:
        yield _line("", _dumps(source, now, zone))
    if source["watch"].get("ignored"):
        yield _line("", _passed_over(source["watch"]))
    if late := source.get("late_dump"):  # a daemon of an earlier version does not say it
        views = f"{late['stale']:,} stale, as of {_local_time(late['as_of'], zone)}"
        how = f" by its {late['evidence'].replace('_', ' ')}" if late["evidence"] else ""
        yield _line(
            "", f"late dump {escape(late['dump'])} {_age(late['at'], now)}: {views}{how}; {escape(late['reason'])}"
        )


def _dumps(source: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """Return how many dumps a source had and what is wrong with them, as the store knows it."""
    last = f"last dump {_age(source['last_dump'], now)}" if source["last_dump"] else "no dump yet"
    counts = {"dump": source["dumps"], "reject": source["rejected"]}
    totals = [plural(count, name) for name, count in counts.items() if count or name == "dump"]
    totals[1:] = [click.style(f"{each} (monitor dumps --rejects)", fg=_WARNING) for each in totals[1:]]
    held = [f"{source['held']} held until completed"] if source["held"] else []
    since = source["silent_since"]
    silent = click.style(f"  silent since {_local_time(since, zone)}", fg=_BAD) if since else ""
    return ", ".join([last, *totals, *held]) + silent


def _fetch(fetch: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    last = f"fetched {_age(fetch['fetched'], now)}" if fetch["fetched"] else "not fetched yet"
    if not fetch["failing_since"]:
        return last
    since = f"failing since {_local_time(fetch['failing_since'], zone)}, {plural(fetch['failures'], 'time')}"
    return last + click.style(f"  {since}: {escape(fetch['reason'])}", fg=_BAD)


def _watch(watch: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return `watching since …  unreadable: 3, unsettled: 1 (since …)`; what is wrong stands first and in red."""
    since = f" since {_local_time(watch['since'], zone)}" if watch["since"] else ""
    reason = f": {escape(watch['reason'])}" if watch["reason"] else ""
    color = {"watching": _GOOD, "polling": _WARNING}.get(watch["state"], _BAD)
    oldest = f" (since {_local_time(watch['oldest_unsettled'], zone)})" if watch["oldest_unsettled"] else ""
    counts = {
        "failed": _counted(watch, "failed"),
        "unreadable": _counted(watch, "unreadable"),
        "unsettled": _counted(watch, "unsettled", oldest),
        "missed by events": str(watch["missed_by_events"]),
    }
    summary = ", ".join(f"{name}: {text}" for name, text in counts.items() if text != "0")
    return click.style(f"{watch['state']}{since}{reason}", fg=color) + (f"  {summary}" if summary else "")


def _passed_over(watch: Mapping[str, Any]) -> str:
    """Return the files whose names no source takes, the first of them by name."""
    count, names = watch["ignored"], watch.get("ignored_names", ())
    more = [f"{count - len(names):,} more"] if names and count > len(names) else []
    shown = f": {', '.join([*(escape(name) for name in names), *more])}" if names else ""
    by = "its name" if count == 1 else "their names"
    return f"passed over {plural(count, 'file')} that no source takes by {by}{shown}"


def _counted(watch: Mapping[str, Any], kind: str, note: str = "") -> str:
    """Return how many files of a kind there are, with the first names; a daemon of an earlier version counts fewer."""
    names = watch.get(f"{kind}_names", ())
    return f"{watch.get(kind, 0)}{note}" + (f" ({escape(', '.join(names))})" if names else "")


def _releases(releases: Mapping[str, Any], zone: ZoneInfo, bars: str, width: int | None) -> Iterator[str]:
    """Yield each kind with its days; all share one scale, so that bars of equal height are equal counts.

    A narrow screen shows the last days of them.
    """
    room = _DAYS if width is None else min(max(width - _BESIDE_DAYS, 1), _DAYS)
    days = {kind: counts[-room:] for kind, counts in releases["days"].items()}
    peak = max((max(counts) for counts in days.values()), default=0)
    legend = f"   last {plural(room, 'day')}, {zone.key}, up to {peak:,} a day" if peak else ""
    yield _line("releases", f"{releases['total']:,}{legend}")
    for kind, total in sorted(releases["events"].items(), key=lambda each: -each[1]):
        text = f"{kind:<12}{total:>9,}"
        if any(days.get(kind, ())):
            text += f"   {click.style(sparkline(days[kind], peak=peak, bars=bars), fg='cyan')}  {sum(days[kind]):,}"
        yield _line("", text)


def _outbox(status: Mapping[str, Any]) -> str:
    later = later_count(status["channels"])
    notes = {"pending": f" ({later:,} for later)"} if later else {}
    counts = ", ".join(_count(state, n, hint=True) + notes.get(state, "") for state, n in status["outbox"].items() if n)
    lost = sum(channel["pending"] for channel in status["channels"] if channel["state"] == "unconfigured")
    note = f"  ({lost:,} for unconfigured channels)" if lost else ""
    return (counts or "no messages yet") + click.style(note, fg=_BAD)


def _count(state: str, count: int, *, hint: bool = False) -> str:
    """Return how many messages are in a state; what waits for a person has a color and, on request, its command."""
    color = {"dead": _BAD, "held": _WARNING}.get(state)
    command = f" (monitor alerts --state {state})" if hint and color else ""
    return click.style(f"{count:,} {state}{command}", fg=color) if color else f"{count:,} {state}"


def _channel(channel: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """Return the state of a channel, what waits on it and for what; one that lost messages is not green.

    A daemon of an earlier version does not say what is lost and what it waits for.
    """
    lost = [_count(state, channel[state]) for state in ("dead", "held") if channel.get(state)]
    color = {"ok": _WARNING if lost else _GOOD, "muted": _WARNING, "failing": _WARNING}.get(channel["state"], _BAD)
    opened = f" until {_local_time(channel['opened_until'], zone)}" if channel["opened_until"] else ""
    muted = f"muted until {_local_time(channel['muted_until'], zone)}" if channel["muted_until"] else ""
    state = muted if channel["state"] == "muted" and muted else f"{channel['state']}{opened}"
    facts = [click.style(state, fg=color), *lost, *waiting_facts(channel, now=now, zone=zone)]
    facts += [muted] if muted and state != muted else []
    reason = f"  {escape(channel['last_reason'])}" if channel["last_reason"] else ""
    return f"{click.style(escape(channel['name']), bold=True)}  {', '.join(facts)}{reason}"


def _config(config: Mapping[str, Any], *, is_running: bool) -> Iterator[str]:
    warnings = f"  {plural(config['warnings'], 'warning')}: see monitor check" if config["warnings"] else ""
    yield _line("config", f"{escape(config['file'])}{click.style(warnings, fg=_WARNING)}")
    if config["refusal"]:
        what = "changed and refused, the one before is in force" if is_running else "cannot be used"
        refused = f"{what}: {escape(config['refusal'])}"
        yield _line("", click.style(refused, fg=_BAD))


def _node(node: Mapping[str, Any], zone: ZoneInfo) -> str:
    mine = " (this one)" if node["is_me"] else ""
    age = f" for {node['age']:,.0f} s" if node["state"] == "silent" else ""
    color = {"ok": _GOOD, "paused": _WARNING}.get(node["state"], _BAD)
    state = click.style(f"{node['state']}{age}", fg=color)
    owns = f"delivers on {escape(', '.join(node['owns']))}" if node["owns"] else "delivers on no channel"
    facts = [f"since {_local_time(node['since'], zone)}", plural(len(node["sources"]), "source"), owns]
    others = f"  not as on other nodes: {escape(', '.join(node['config']))}" if node["config"] else ""
    name = click.style(escape(node["name"]), bold=True)
    return f"{name}{mine}  {state}, {node['version']}, {', '.join(facts)}{click.style(others, fg=_WARNING)}"


def _store(store: Mapping[str, Any], now: datetime) -> str:
    last = store["last_backup"]
    backup = f"last backup {_age(last['at'], now)}: {last['path']}" if last else "no backup yet"
    if store.get("fault"):  # a daemon of an earlier version does not say it
        what = f"cannot be read, so dumps, releases and messages are not known: {escape(store['fault'])}"
        return f"{escape(store.get('url') or store['file'])}  {click.style(what, fg=_BAD)}"
    if store.get("url"):
        replication = {"none": "no standby"}.get(store["replication"], f"{store['replication']} standby")
        size = f"{store['size'] / 1e6:,.1f} MB"
        return f"{escape(store['url'])}  PostgreSQL {store['server']}, {replication}, {size}, {backup}"
    if not store["exists"]:
        return f"{escape(store['file'])}  not created yet"
    return f"{escape(store['file'])}  {store['size'] / 1e6:,.1f} MB, {backup}"


def _page(page: Mapping[str, Any]) -> str:
    if page["state"] == "serving":
        restarts = f"  restarted {page['restarts']:,} times" if page["restarts"] > 1 else ""
        return escape(page["address"]) + click.style(restarts, fg=_WARNING)
    reason = f": {escape(page['reason'])}" if page["reason"] else ""
    return click.style(f"{page['state']}{reason}", fg=_WARNING)


def _line(label: str, text: str) -> str:
    return f"{click.style(f'{label:<{_LABEL_WIDTH}}', bold=True)}{text}"


def _local_time(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}"


def _age(text: str, now: datetime) -> str:
    """Return the age in the largest unit that it has two of; a clock that was set back gives `just now`."""
    age = now - datetime.fromisoformat(text)
    units = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}
    found = next((f"{age // unit} {name} ago" for name, unit in units.items() if age >= 2 * unit), None)
    return found or "just now"
