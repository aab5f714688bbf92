"""How things stand, as `status --json` prints it → the lines of one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from monitor.text import escape

BARS = "·▁▂▃▄▅▆▇█"  # nothing, then an eighth of the most, and so on
PLAIN_BARS = ".:-=+*%#@"  # where the terminal's encoding has no such characters
_WIDTH = 11  # columns of what a line is about
_BAD, _GOOD, _SOSO = "red", "green", "yellow"


def bars_for(encoding: str | None) -> str:
    """What a stream of this encoding can show."""
    try:
        BARS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN_BARS
    return BARS


def sparkline(counts: list[int], *, most: int, bars: str) -> str:
    """One character a day; a single event shows beside a thousand."""
    return "".join(bars[-(-count * (len(bars) - 1) // most)] if count else bars[0] for count in counts)


def screen(channel_state: Mapping[str, Any], *, now: datetime, zone: ZoneInfo, bars: str = BARS) -> Iterator[str]:
    """Line by line; the zone is the configuration's."""
    yield from _monitor(channel_state["daemon"], zone)
    for source in channel_state["sources"]:
        yield from _source(source, now, zone, is_running=channel_state["daemon"] is not None)
    yield from _releases(channel_state["releases"], zone, bars)
    yield _row("outbox", _outbox(channel_state))
    for channel in channel_state["channels"]:
        yield _row("channel", _channel(channel, zone))
    for name, until in channel_state["releases"]["muted_watchlists"].items():
        yield _row("muted", f"watchlist {escape(name)} until {_moment(until, zone)}")
    yield from _config(channel_state["config"])
    yield _row("store", _store(channel_state["store"], now))


def _monitor(daemon: Mapping[str, Any] | None, zone: ZoneInfo) -> Iterator[str]:
    running = f"running since {_moment(daemon['since'], zone)} (pid {daemon['pid']})" if daemon else "not running"
    paused = f"  paused: {escape(daemon['paused'])}" if daemon and daemon["paused"] else ""
    yield _row("monitor", click.style(running + paused, fg=_GOOD if daemon and not paused else _BAD))


def _source(source: Mapping[str, Any], now: datetime, zone: ZoneInfo, *, is_running: bool) -> Iterator[str]:
    missing = "" if source["is_there"] else click.style("  the folder is missing", fg=_BAD)
    yield _row("source", f"{click.style(escape(source['name']), bold=True)}  {escape(source['path'])}{missing}")
    if is_running:
        yield _row("", _watch(source["watch"], zone))
    last = f"last dump {_ago(source['last_dump'], now)}" if source["last_dump"] else "no dump yet"
    counts = {"dump": source["dumps"], "reject": source["rejected"]}
    told = [_counted(count, name) for name, count in counts.items() if count or name == "dump"]
    held = [f"{source['held']} held until completed"] if source["held"] else []
    since = source["silent_since"]
    silent = click.style(f"  silent since {_moment(since, zone)}", fg=_BAD) if since else ""
    yield _row("", ", ".join([last, *told, *held]) + silent)


def _watch(watch: Mapping[str, Any], zone: ZoneInfo) -> str:
    """`watching since …  ignored: 3, unsettled: 1 (since …)`; what is wrong stands first and in red."""
    since = f" since {_moment(watch['since'], zone)}" if watch["since"] else ""
    reason = f": {escape(watch['reason'])}" if watch["reason"] else ""
    color = {"watching": _GOOD, "polling": _SOSO}.get(watch["state"], _BAD)
    oldest = f" (since {_moment(watch['oldest_unsettled'], zone)})" if watch["oldest_unsettled"] else ""
    names = f" ({escape(', '.join(watch['ignored_names']))})" if watch["ignored_names"] else ""
    counts = {
        "ignored": f"{watch['ignored']}{names}",
        "unsettled": f"{watch['unsettled']}{oldest}",
        "missed by events": str(watch["missed_by_events"]),
    }
    told = ", ".join(f"{name}: {text}" for name, text in counts.items() if text != "0")
    return click.style(f"{watch['state']}{since}{reason}", fg=color) + (f"  {told}" if told else "")


def _releases(releases: Mapping[str, Any], zone: ZoneInfo, bars: str) -> Iterator[str]:
    """Each kind with its days; all share one scale, so that a long bar is many of whatever it is."""
    days = releases["days"]
    most = max((max(counts) for counts in days.values()), default=0)
    shown = f"   last 30 days, {zone.key}, up to {most:,} a day" if most else ""
    yield _row("releases", f"{releases['total']:,}{shown}")
    for kind, total in sorted(releases["events"].items(), key=lambda each: -each[1]):
        line = f"{kind:<12}{total:>9,}"
        if kind in days:
            line += f"   {click.style(sparkline(days[kind], most=most, bars=bars), fg='cyan')}  {sum(days[kind]):,}"
        yield _row("", line)


def _outbox(channel_state: Mapping[str, Any]) -> str:
    told = ", ".join(f"{n:,} {state}" for state, n in channel_state["outbox"].items() if n)
    lost = sum(channel["pending"] for channel in channel_state["channels"] if channel["state"] == "unconfigured")
    note = f"  ({lost:,} for no channel that is configured)" if lost else ""
    return (told or "no messages yet") + click.style(note, fg=_BAD)


def _channel(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    color = {"ok": _GOOD, "muted": _SOSO, "failing": _SOSO}.get(row["state"], _BAD)
    opened = f" until {_moment(row['opened_until'], zone)}" if row["opened_until"] else ""
    muted = f", muted until {_moment(row['muted_until'], zone)}" if row["muted_until"] else ""
    reason = f"  {escape(row['last_reason'])}" if row["last_reason"] else ""
    state = click.style(f"{row['state']}{opened}", fg=color)
    return f"{click.style(escape(row['name']), bold=True)}  {state}, {row['pending']:,} pending{muted}{reason}"


def _config(config: Mapping[str, Any]) -> Iterator[str]:
    warnings = f"  {_counted(config['warnings'], 'warning')}: see monitor check" if config["warnings"] else ""
    yield _row("config", f"{escape(config['file'])}{click.style(warnings, fg=_SOSO)}")
    if config["refusal"]:
        refused = f"changed and refused, the one before is in force: {escape(config['refusal'])}"
        yield _row("", click.style(refused, fg=_BAD))


def _store(store: Mapping[str, Any], now: datetime) -> str:
    if not store["exists"]:
        return f"{escape(store['file'])}  not made yet"
    last = store["last_backup"]
    backup = f"last backup {_ago(last['at'], now)}: {last['path']}" if last else "no backup yet"
    return f"{escape(store['file'])}  {store['size'] / 1e6:,.1f} MB, {backup}"


def _row(name: str, text: str) -> str:
    return f"{click.style(f'{name:<{_WIDTH}}', bold=True)}{text}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _moment(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}"


def _ago(text: str, now: datetime) -> str:
    """How long ago, in the largest unit that there is more than one of; a clock that was set back says `just now`."""
    age = now - datetime.fromisoformat(text)
    units = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1)}
    found = next((f"{age // unit} {name} ago" for name, unit in units.items() if age >= 2 * unit), None)
    return found or "just now"
