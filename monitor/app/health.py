"""The configuration and the store → how things stand; the same facts for `status`, `channels` and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monitor.errors import NotFound
from monitor.model import MESSAGE_STATES
from monitor.ports import Row
from monitor.store import lock
from monitor.store.archive import SqliteArchive
from monitor.store.database import FILE, open_for_reading
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.app.config import Config

_WAITING = ("pending", "leased", "held")
_NOTHING: Mapping[str, Any] = {"sources": [], "events": {}, "messages": [], "attempts": {}}


def status(config: Config) -> Row:
    """One object: ok, daemon, sources, releases, outbox, channels, config, store."""
    holder = lock.holder(config.state)
    daemon = asdict(holder) if holder and holder.verb == "run" else None
    summary = _summary(config)
    sources = _sources(config, summary)
    messages = summary["messages"]
    return {
        "ok": daemon is not None and all(source["is_there"] for source in sources),
        "daemon": daemon,
        "sources": sources,
        "releases": {"total": sum(source["releases"] for source in sources), "events": summary["events"]},
        "outbox": {state: sum(row["n"] for row in messages if row["state"] == state) for state in MESSAGE_STATES},
        "channels": _channels(config, summary),
        "config": {"file": str(config.file), "warnings": len(config.warnings)},
        "store": {"file": str(config.state / FILE), "exists": (config.state / FILE).is_file()},
    }


def channel_rows(config: Config) -> Sequence[Row]:
    """One row for each channel: what waits on it and how it fared last."""
    return _channels(config, _summary(config))


def _summary(config: Config) -> Mapping[str, Any]:
    try:
        handle = open_for_reading(config.state)
    except NotFound:
        return _NOTHING
    try:
        return SqliteArchive(handle).summary()
    finally:
        handle.close()


def _sources(config: Config, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    stored = {row["source"]: row for row in summary["sources"]}
    return [
        {
            "name": name,
            "path": escape(str(source.path)),
            "is_there": source.path.is_dir(),
            "dumps": stored[name]["dumps"] if name in stored else 0,
            "releases": stored[name]["releases"] if name in stored else 0,
            "rejected": stored[name]["rejected"] if name in stored else 0,
            "held": stored[name]["held"] if name in stored else 0,
            "last_dump": stored[name]["last_at"] if name in stored else None,
        }
        for name, source in config.sources.items()
    ]


def _channels(config: Config, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Configured channels, then those that only old messages name: these wait until they grow too old."""
    waiting = (row["channel"] for row in summary["messages"] if row["state"] in _WAITING)
    return [_channel(name, name in config.channels, summary) for name in dict.fromkeys([*config.channels, *waiting])]


def _channel(name: str, is_configured: bool, summary: Mapping[str, Any]) -> dict[str, Any]:  # noqa: FBT001 - private
    counts = {row["state"]: row["n"] for row in summary["messages"] if row["channel"] == name}
    last = summary["attempts"].get(name)
    failures = last["failures"] if last else 0
    return {
        "name": name,
        "state": "unconfigured" if not is_configured else "failing" if failures else "ok",
        "pending": sum(counts.get(state, 0) for state in _WAITING),
        "failures": failures,
        "opened_until": None,
        "muted_until": None,
        "last_reason": last["reason"] if last and failures else None,
    }
