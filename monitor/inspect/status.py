"""Collect the state of the monitor from the configuration, the store and the daemon, for `status` and `channels`."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from monitor.channel_health import ChannelState, is_open
from monitor.config import Config
from monitor.config.convert import policy_of, sources_of
from monitor.control import lock
from monitor.control.requests import Request
from monitor.control.server import NoAnswer, ask
from monitor.errors import ConfigError, MonitorError, NotFound, StoreError
from monitor.frozen import dataclass
from monitor.health import daemon_state
from monitor.health.liveness import unwatched_source
from monitor.inspect.pending import delays, open_read_only, pending_counts
from monitor.inspect.rows import channel_row, late_row, outbox_row, totals_row
from monitor.inspect.shared_store import node_rows, server_row
from monitor.model import Kind
from monitor.node_values import View
from monitor.page_records import SourceTotals, Summary
from monitor.ports import Row
from monitor.server_values import ServerFacts
from monitor.store.open import Stores, store_file
from monitor.text import escape
from monitor.times import rfc3339

DAYS = 30  # that are counted one by one, including today


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """What the store holds at one time; the defaults are those of a store that does not exist yet."""

    now: datetime
    summary: Summary = field(default_factory=Summary)
    days: Mapping[Kind, Sequence[int]] = field(default_factory=dict)
    states: Mapping[str, ChannelState] = field(default_factory=dict)
    mutes: Mapping[str, datetime] = field(default_factory=dict)
    silences: Mapping[str, datetime] = field(default_factory=dict)
    view: View | None = None  # of the nodes; None: nobody shares the store
    node: str = ""  # the NODE_ID of this state folder
    server: ServerFacts | None = None  # None: nobody shares the store
    fault: str = ""  # why it cannot be read: then nobody knows what it holds


def status_of(file: Path, *, now: datetime, timeout: float = daemon_state.STALE_AFTER) -> tuple[ZoneInfo, Row]:
    """Return the time zone of the configuration in this file, and what `status` returns for it.

    When the file has become invalid, the daemon is asked for both; without one, what is valid of it is used. timeout:
    seconds that the daemon gets to answer; a daemon that does not answer hangs. Raises ConfigError when neither can be
    used.
    """
    from monitor.config import load, load_what_is_valid, state_of
    from monitor.config.checks import check_rules

    try:
        config = load(file, checks=(check_rules,))
    except ConfigError as error:
        answer = _answer_of_daemon(state_of(file), file, timeout)
        if answer:
            found: dict[str, Any] = answer["standing"]
            if not _is_valid_elsewhere(file):  # the daemon may know an older reason
                found["config"]["refusal"] = f"{error.where}: {error.message}"
            return ZoneInfo(answer["zone"]), found
        config = load_what_is_valid(file, checks=(check_rules,))
        if lock.holder_verb(config.state) == lock.DAEMON:  # it hangs, or runs with another file
            raise
        found = dict(status(config, _daemon_state(config.state, timeout), now=now))
        found["config"]["refusal"] = f"{error.where}: {error.message}"
        return config.timezone, found
    return config.timezone, status(config, _daemon_state(config.state, timeout), now=now)


def _is_valid_elsewhere(file: Path) -> bool:
    """Return whether a configuration lacks nothing but secrets, which the daemon may have in its environment."""
    from monitor.config import load_without_secrets
    from monitor.config.checks import check_rules

    try:
        load_without_secrets(file, checks=(check_rules,))
    except ConfigError:
        return False
    return True


def running_config(file: Path, *, timeout: float = daemon_state.STALE_AFTER) -> Config | None:
    """Return where the store is and the time zone of the daemon that runs with an earlier version of this file.

    None: there is none to ask.
    """
    from monitor.config import location_of

    location = location_of(file)
    answer = _answer_of_daemon(location.folder, file, timeout) if location else None
    if location is None or answer is None:
        return None
    return Config.bare(file.absolute(), location=location, timezone=ZoneInfo(answer["zone"]))


def _answer_of_daemon(state: Path, file: Path, timeout: float) -> Mapping[str, Any] | None:
    with suppress(MonitorError):
        answer: Mapping[str, Any] = ask(state, Request(command="status"), timeout=timeout)
        if answer["standing"]["config"]["file"] == str(file.absolute()):
            return answer
    return None


def _daemon_state(state: Path, timeout: float) -> Mapping[str, Any]:
    """Return the state that the daemon reports, or wrote last when it cannot be asked; empty: there is none."""
    try:
        answer: Mapping[str, Any] = ask(state, Request(command="state"), timeout=timeout)
        found: Mapping[str, Any] = answer["state"]
    except NoAnswer as error:
        return {"silence": error.message}
    except MonitorError:
        holder = lock.holder(state)
        return daemon_state.last_change(state, pid=holder.pid, since=holder.since) if holder else {}
    return found


def current_status(config: Config, stores: Stores, *, now: datetime, timeout: float) -> Row:
    """Return what `status` returns, read from stores that are open already; timeout: as `status_of` has it."""
    return status(config, _daemon_state(config.state, timeout), now=now, stores=stores)


def status(config: Config, reported: Mapping[str, Any], *, now: datetime, stores: Stores | None = None) -> Row:
    """Return one object: ok, daemon, sources, releases, outbox, channels, config, nodes, store, page.

    `ok`: a daemon runs and can store, every source is watched or polled, and no channel is open or refused.
    A refused configuration on disk is no reason: a restart for it would turn a typing error into an outage.
    reported: the fields of the daemon's own DaemonState. stores: None opens them for this alone.
    """
    holder = lock.holder(config.state) or _reported_holder(reported)
    is_running = holder is not None and holder.verb == lock.DAEMON
    reported = reported if is_running else {"silence": "no daemon runs"}
    try:
        snapshot = _snapshot(config, now, stores)
    except StoreError as error:
        if not is_running:
            raise
        snapshot, reported = (
            _Snapshot(now=now, fault=error.message),
            {**reported, "paused": reported.get("paused") or error.message},
        )
    facts = {"paused": reported.get("paused") or None, "clock_ahead": reported.get("clock_ahead", 0)}
    daemon = asdict(holder) | facts if holder and is_running else None
    ignored = {} if is_running else _ignored(config)
    watches = {
        name: {**daemon_state.reported_watch(reported, name), **ignored.get(name, {})} for name in config.sources
    }
    channels = _channels(config, snapshot)
    return {
        "ok": daemon is not None
        and not daemon["paused"]
        and not unwatched_source({name: watch["state"] for name, watch in watches.items()})
        and all(channel["state"] not in ("open", "refused") for channel in channels),
        "daemon": daemon,
        "sources": _sources(config, snapshot, watches),
        "releases": _releases(config, snapshot),
        "outbox": outbox_row(snapshot.summary),
        "channels": channels,
        "config": {
            "file": str(config.file),
            "warnings": len(config.warnings),
            "refusal": reported.get("refusal") or None,
        },
        "nodes": node_rows(snapshot.view, node=snapshot.node, paused=facts["paused"] or ""),
        "store": _store(config, snapshot),
        "page": reported.get("page") or None,
    }


def _store(config: Config, snapshot: _Snapshot) -> Row:
    file, server = store_file(config.state), snapshot.server
    return {
        "file": None if config.store else str(file.path),
        "exists": server is not None if config.store else file.path.is_file(),
        "size": (server.size if server else 0) if config.store else file.size,
        "last_backup": file.last_backup,
        **server_row(config, server),
        "fault": snapshot.fault or None,
    }


def _reported_holder(reported: Mapping[str, Any]) -> lock.Holder | None:
    """Return the daemon that has answered while its name stands in no lock file, as on a full disk."""
    match reported:
        case {"pid": int(pid), "since": str(since), "verb": str(verb)}:
            return lock.Holder(pid=pid, host=socket.gethostname(), since=since, verb=verb)
    return None


def channel_rows(config: Config, *, now: datetime) -> Sequence[Row]:
    """Return one row for each channel: its state and how much is pending on it."""
    return _channels(config, _snapshot(config, now))


def channels_now(config: Config, stores: Stores, *, now: datetime) -> Sequence[Row]:
    """Return the same from stores that are open already."""
    return _channels(config, _snapshot(config, now, stores))


def refusal_of(row: Mapping[str, Any]) -> str:
    """Return why the configuration on disk cannot be used, from what `status` returns; "": it can."""
    return str(row["config"]["refusal"] or "")


def channels_of(file: Path, *, now: datetime) -> Sequence[Row]:
    """Return the same as the daemon reports it that runs with an earlier version of this file."""
    reported: Mapping[str, Any] = status_of(file, now=now)[1]
    rows: Sequence[Row] = reported["channels"]
    return rows


def _snapshot(config: Config, now: datetime, stores: Stores | None = None) -> _Snapshot:
    try:
        with nullcontext(stores) if stores else open_read_only(config) as store:
            now = store.clock.now() if store.clock else now
            summary = store.archive.summary()
            names = {*config.channels, *pending_counts(summary)}
            return _Snapshot(
                now=now,
                summary=summary,
                days=store.archive.days(midnights(now, config.timezone)),
                states={name: store.channel_states.get(name) for name in names},
                mutes=store.channel_states.mutes(now=now),
                silences=store.source_states.silences(),
                view=store.nodes.seen() if store.nodes else None,
                node=store.nodes.node if store.nodes else "",
                server=store.server.facts() if store.server else None,
            )
    except NotFound:
        return _Snapshot(now=now)


def midnights(now: datetime, zone: ZoneInfo, days: int = DAYS) -> list[datetime]:
    """Return when each of the last days began, and when the last of them ends; a day may have 23 hours."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today + timedelta(days=day), time(), tzinfo=zone) for day in range(1 - days, 2)]


def _sources(config: Config, snapshot: _Snapshot, watches: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    return [
        {
            "name": name,
            "path": escape(str(source.path)),
            "is_there": source.path.is_dir(),
            "watch": watches[name],
            **totals_row(snapshot.summary.sources.get(name, SourceTotals())),
            "late_dump": late_row(snapshot.summary.late.get(name)),
            "silent_since": rfc3339(snapshot.silences.get(name) if source.expect_every else None),
            "fetch": _fetch(source.path, name) if source.fetch else None,
        }
        for name, source in config.sources.items()
    ]


def _ignored(config: Config) -> Mapping[str, Row]:
    """Return, while no daemon says so, which files in the sources' folders no source takes, as a watch has them."""
    sources = sources_of(config)
    found = dict[str, Row]()
    for source in sources:
        with suppress(OSError):
            paths = [
                path for path in source.folder.scan().ignored if not any(other.folder.holds(path) for other in sources)
            ]
            names = [source.folder.name_of(path) for path in paths[: daemon_state.NAMES_SHOWN]]
            found[source.name] = {"ignored": len(paths), "ignored_names": names}
    return found


def _fetch(folder: Path, source: str) -> Row:
    from monitor.collect.fetching.fetcher import read_fetch_state

    found = read_fetch_state(folder, source)
    return {
        "fetched": found.fetched or None,
        "failing_since": found.failing_since or None,
        "failures": found.failures,
        "reason": escape(found.reason),
    }


def _releases(config: Config, snapshot: _Snapshot) -> Row:
    """Return the releases, of a shared store also those of sources that only other nodes have.

    A kind without any event in these days is left out of `days`.
    """
    stored, mutes = snapshot.summary.sources, snapshot.mutes
    return {
        "total": sum(each.releases for name, each in stored.items() if config.store or name in config.sources),
        "events": {str(kind): count for kind, count in snapshot.summary.events.items()},
        "days": {str(kind): list(counts) for kind, counts in snapshot.days.items() if any(counts)},
        "muted_watchlists": {name: rfc3339(until) for name, until in mutes.items() if name in config.watchlists},
    }


def _channels(config: Config, snapshot: _Snapshot) -> list[Row]:
    """Return the configured channels, then others that have pending alerts, which expire unsent."""
    pending, now = pending_counts(snapshot.summary), snapshot.now
    states = {name: snapshot.states.get(name, ChannelState()) for name in dict.fromkeys([*config.channels, *pending])}
    return [
        channel_row(
            name,
            channel_state,
            state=_state(channel_state, now) if name in config.channels else "unconfigured",
            is_muted=_is_muted(channel_state, now),
            messages={state: count for (of, state), count in snapshot.summary.messages.items() if of == name},
            pending=pending.get(name, 0),
            delays=delays(
                snapshot.summary.waiting.get(name, ()),
                policy_of(config, name) if name in config.channels else None,
                channel_state,
            ),
        )
        for name, channel_state in states.items()
    ]


def _state(channel_state: ChannelState, now: datetime) -> str:
    """Return the worst state that applies."""
    if channel_state.is_refused:
        return "refused"
    if is_open(channel_state):
        return "open"
    if _is_muted(channel_state, now):
        return "muted"
    return "failing" if channel_state.failures else "ok"


def _is_muted(channel_state: ChannelState, now: datetime) -> bool:
    return channel_state.muted_until is not None and channel_state.muted_until > now
