"""The configuration and the store → how things stand; the same facts for `status`, `channels` and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from monitor.control import lock
from monitor.control.commands import Request
from monitor.control.server import NoAnswer, ask
from monitor.errors import ConfigError, MonitorError, NotFound
from monitor.health import daemon_state
from monitor.health.liveness import unwatched_source
from monitor.inspect.pending import open_read_only, undelivered
from monitor.inspect.rows import channel_row, outbox_row, releases_row, source_row
from monitor.model import ChannelState, Kind
from monitor.notify.retry import is_open
from monitor.ports import Row
from monitor.records import SourceTotals, Summary
from monitor.store.open import store_file
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.config import Config

DAYS = 30  # that are counted one by one, today among them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the store knows at one moment; the defaults are a store that is not there yet."""

    now: datetime
    summary: Summary = field(default_factory=Summary)
    days: Mapping[Kind, Sequence[int]] = field(default_factory=dict)
    states: Mapping[str, ChannelState] = field(default_factory=dict)
    mutes: Mapping[str, datetime] = field(default_factory=dict)
    silences: Mapping[str, datetime] = field(default_factory=dict)


def standing_of(file: Path, *, now: datetime, patience: float = daemon_state.STALE_AFTER) -> tuple[ZoneInfo, Row]:
    """How things stand by the configuration in this file, as `status`, and its time zone.

    Where the file cannot be used any more, the daemon is asked for all of it. patience: seconds that the daemon gets to
    answer; one that does not is taken to hang. Raises ConfigError where there is no daemon to ask.
    """
    from monitor.config import load, state_of
    from monitor.config.checks import check_rules

    try:
        config = load(file, checks=(check_rules,))
    except ConfigError as error:
        told = _told(state_of(file), file, patience)
        if told is None:
            raise
        zone, channel_state = told
        channel_state["config"]["refusal"] = f"{error.where}: {error.message}"  # the daemon may know an older one
        return zone, channel_state
    return config.timezone, status(config, _word(config.state, patience), now=now)


def _word(state: Path, patience: float) -> Mapping[str, Any]:
    """Return what the daemon says of itself, or wrote down last where it takes no questions; empty: there is none."""
    try:
        answer: Mapping[str, Any] = ask(state, Request(verb="state"), patience=patience)
        word: Mapping[str, Any] = answer["state"]
    except NoAnswer as error:
        return {"silence": error.message}
    except MonitorError:
        holder = lock.holder(state)
        return daemon_state.last_change(state, pid=holder.pid, since=holder.since) if holder else {}
    return word


def _told(state: Path, file: Path, patience: float) -> tuple[ZoneInfo, dict[str, Any]] | None:
    """What the daemon on a state folder says that runs on this file; None: there is none, or it says nothing."""
    try:
        answer: Mapping[str, Any] = ask(state, Request(verb="status"), patience=patience)
    except MonitorError:
        return None
    channel_state = answer["standing"]
    return (
        (ZoneInfo(answer["zone"]), channel_state) if channel_state["config"]["file"] == str(file.absolute()) else None
    )


def status(config: Config, word: Mapping[str, Any], *, now: datetime) -> Row:
    """One object: ok, daemon, sources, releases, outbox, channels, config, store.

    `ok`: a daemon runs and can store, every source is known to be watched or polled, and the channels take what they
    are sent. word: what the daemon says of itself, as its vitals.
    """
    holder = lock.holder(config.state)
    facts = _facts(config, now)
    is_running = holder is not None and holder.verb == lock.DAEMON
    word = word if is_running else {"silence": "no daemon runs"}
    daemon = asdict(holder) | {"paused": word.get("paused") or None} if holder and is_running else None
    watches = {name: daemon_state.reported_watch(word, name) for name in config.sources}
    sources, channels = _sources(config, facts, watches), _channels(config, facts)
    return {
        "ok": daemon is not None and not daemon["paused"] and _is_well(sources, channels),
        "daemon": daemon,
        "sources": sources,
        "releases": _releases(config, facts),
        "outbox": outbox_row(facts.summary),
        "channels": channels,
        "config": {
            "file": str(config.file),
            "warnings": len(config.warnings),
            "refusal": word.get("refusal") or None,
        },
        "store": _store(config.state),
    }


def channel_rows(config: Config, *, now: datetime) -> Sequence[Row]:
    """One row for each channel: how it stands and what waits on it."""
    return _channels(config, _facts(config, now))


def _facts(config: Config, now: datetime) -> _Facts:
    try:
        with open_read_only(config) as store:
            summary = store.archive.summary()
            names = {*config.channels, *undelivered(summary)}
            return _Facts(
                now=now,
                summary=summary,
                days=store.archive.days(midnights(now, config.timezone)),
                states={name: store.channel_states.get(name) for name in names},
                mutes=store.channel_states.mutes(now=now),
                silences=store.source_states.silences(),
            )
    except NotFound:
        return _Facts(now=now)


def midnights(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """At which each of the last days began, and the last of them ends; a day may have 23 hours."""
    today = now.astimezone(zone).date()
    return [_midnight(today + timedelta(days=days), zone) for days in range(1 - DAYS, 2)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _is_well(sources: Sequence[Mapping[str, Any]], channels: Sequence[Row]) -> bool:
    is_deaf = unwatched_source({source["name"]: source["watch"]["state"] for source in sources})
    return not is_deaf and all(channel["state"] not in ("open", "refused") for channel in channels)


def _sources(config: Config, facts: _Facts, watches: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    return [
        source_row(
            name,
            escape(str(source.path)),
            facts.summary.sources.get(name, SourceTotals()),
            is_there=source.path.is_dir(),
            watch=watches[name],
            silent_since=facts.silences.get(name) if source.expect_every else None,
        )
        for name, source in config.sources.items()
    ]


def _releases(config: Config, facts: _Facts) -> Row:
    muted = {name: until for name, until in facts.mutes.items() if name in config.watchlists}
    stored = facts.summary.sources
    total = sum(stored[name].releases for name in config.sources if name in stored)
    return releases_row(total, facts.summary, days=facts.days, muted=muted)


def _store(state: Path) -> Row:
    file = store_file(state)
    return {
        "file": str(file.path),
        "exists": file.path.is_file(),
        "size": file.size,
        "last_backup": file.last_backup,
    }


def _channels(config: Config, facts: _Facts) -> list[Row]:
    """Configured channels, then those that only what still waits names: it waits until it grows too old."""
    waiting, now = undelivered(facts.summary), facts.now
    states = {name: facts.states.get(name, ChannelState()) for name in dict.fromkeys([*config.channels, *waiting])}
    return [
        channel_row(
            name,
            channel_state,
            state=_state(channel_state, now) if name in config.channels else "unconfigured",
            is_muted=_is_muted(channel_state, now),
            pending=waiting.get(name, 0),
        )
        for name, channel_state in states.items()
    ]


def _state(channel_state: ChannelState, now: datetime) -> str:
    """The first that fits, the worst first."""
    if channel_state.is_refused:
        return "refused"
    if is_open(channel_state):
        return "open"
    if _is_muted(channel_state, now):
        return "muted"
    return "failing" if channel_state.failures else "ok"


def _is_muted(channel_state: ChannelState, now: datetime) -> bool:
    return channel_state.muted_until is not None and channel_state.muted_until > now
