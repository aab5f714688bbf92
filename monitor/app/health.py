"""The configuration and the store → how things stand; the same facts for `status`, `channels` and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monitor.errors import NotFound
from monitor.ports import Row
from monitor.store import lock
from monitor.store.archive import SqliteArchive
from monitor.store.database import FILE, open_for_reading
from monitor.text import escape

if TYPE_CHECKING:
    from monitor.app.config import Config

_STATES = ("pending", "leased", "held", "sent", "dead", "dropped")
_NOTHING: Mapping[str, Any] = {"sources": [], "events": {}, "messages": []}


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
        "outbox": {state: sum(row["n"] for row in messages if row["state"] == state) for state in _STATES},
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
    rows = []
    for name in config.channels:
        own = [row for row in summary["messages"] if row["channel"] == name]
        failing = [row for row in own if row["state"] == "pending" and row["last_reason"]]
        rows.append(
            {
                "name": name,
                "state": "failing" if failing else "ok",
                "pending": sum(row["n"] for row in own if row["state"] in ("pending", "leased")),
                "failures": failing[0]["failures"] if failing else 0,
                "opened_until": None,
                "muted_until": None,
                "last_reason": failing[0]["last_reason"] if failing else None,
            }
        )
    return rows
