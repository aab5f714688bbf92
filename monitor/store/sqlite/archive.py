"""The Archive port on SQLite: stored rows → the lines that commands print, field names as product.md fixes them."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from monitor.errors import NotFound
from monitor.model import Kind, Release, Report
from monitor.ports import EventFilter, Row, Stored
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import dumped, moment, read_day, report_of, shown

_PAGE = 500  # releases read at a time: bodies of a large store never lie in memory together
_LAST = 2**63 - 1


class SqliteArchive:
    """Implements `monitor.ports.Archive` on a read-only connection."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def events(self, wanted: EventFilter) -> Sequence[Row]:
        """See Archive."""
        rows = self._handle.all(
            "events",
            after=wanted.after,
            since=moment(wanted.since) if wanted.since else None,
            kind=wanted.kind or None,
            dump=wanted.dump or None,
            watchlist=wanted.watchlist or None,
            limit=-1 if wanted.limit is None else wanted.limit,
        )
        return [_event(dict(row)) for row in reversed(rows)]

    def versions(self, release: int) -> Sequence[Row]:
        """See Archive."""
        rows = self._handle.all("versions", release=release)
        if not rows:
            raise NotFound(f"there is no release {release}; `monitor events` lists them", where=str(release))
        return [
            {
                "release": row["release"],
                "version": row["seq"],
                "kind": row["kind"],
                "at": shown(row["at"]),
                "dump": row["dump_name"],
                "title": row["title"],
                "date": row["date"],
                "category": row["category"],
                "body": row["body"],
            }
            for row in rows
        ]

    def release_events(self, release: int) -> Sequence[Row]:
        """See Archive."""
        return [
            {**dict(row), "alert": json.loads(row["alert"]), "at": shown(row["at"])}
            for row in self._handle.all("release_events", release=release)
        ]

    def shown_by(self, release: int) -> Sequence[Row]:
        """See Archive."""
        packed = ((row, array("I", row["members"])) for row in self._handle.all("members"))
        return [{"dump": row["name"], "at": shown(row["at"])} for row, numbers in packed if release in numbers]

    def messages(self, state: str | None = None) -> Sequence[Row]:
        """See Archive."""
        return [_message(dict(row)) for row in self._handle.all("messages", state=state)]

    def dumps(self) -> Sequence[Row]:
        """See Archive."""
        return [dump_line(report_of(dict(row))) for row in self._handle.all("dumps")]

    def rejects(self) -> Sequence[Row]:
        """See Archive."""
        return [
            {
                "id": row["id"],
                "source": row["source"],
                "path": row["name"],
                "line": row["line"],
                "offset": row["offset"],
                "reason": row["reason"],
                "text": row["text"],
                "state": row["state"],
                "at": shown(row["at"]),
            }
            for row in self._handle.all("rejects")
        ]

    def summary(self) -> Row:
        """See Archive."""
        messages = [dict(row) for row in self._handle.all("count_messages")]
        sources = [{**dict(row), "last_at": shown(row["last_at"])} for row in self._handle.all("count_sources")]
        return {
            "sources": sources,
            "events": {row["kind"]: row["n"] for row in self._handle.all("count_events")},
            "messages": messages,
            "notices": {row["channel"]: row["n"] for row in self._handle.all("count_waiting")},
        }

    def days(self, midnights: Sequence[datetime]) -> Mapping[Kind, Sequence[int]]:
        """See Archive."""
        kinds = [kind for kind in Kind if kind is not Kind.UNCHANGED]
        moments = dumped([moment(midnight) for midnight in midnights])
        counts: dict[Kind, list[int]] = {kind: [] for kind in kinds}
        for row in self._handle.all("count_days", kinds=dumped(kinds), moments=moments):
            counts[Kind(row["kind"])].append(row["n"])
        return counts

    def heads(self, *, since: date | None = None, limit: int | None = None) -> Iterator[Stored]:
        """See Archive."""
        after = 0 if limit is None else self._before_last(limit)
        while rows := self._page(after=after, since=since):
            yield from map(_stored, rows)
            after = rows[-1]["id"]

    def head(self, release: int) -> Stored:
        """See Archive."""
        rows = self._page(after=release - 1, last=release)
        if not rows:
            raise NotFound(f"there is no release {release}; `monitor events` lists them", where=str(release))
        return _stored(rows[0])

    def count_heads(self, *, since: date | None = None) -> int:
        """See Archive."""
        return int(self._handle.all("count_current", since=_day(since))[0][0])

    def _page(self, *, after: int, last: int = _LAST, since: date | None = None) -> list[Any]:
        return self._handle.all("current", after=after, last=last, since=_day(since), limit=_PAGE)

    def _before_last(self, limit: int) -> int:
        first = self._handle.all("first_of_last", limit=limit)[0][0]
        return _LAST if first is None else int(first) - 1


def dump_line(report: Report) -> Row:
    """A take-in as `dumps` and `ingest` print it."""
    return {
        "id": report.dump,
        "source": report.source,
        "path": report.name,
        "sha256": report.sha256.hex(),
        "status": report.status,
        "size": report.size,
        "encoding": report.encoding,
        "as_of": shown(moment(report.as_of)),
        "at": shown(moment(report.at)),
        "counts": {str(kind): report.counts.get(kind, 0) for kind in Kind},
    }


def _stored(row: Any) -> Stored:
    release = Release(title=row["title"], body=row["body"], date=read_day(row["date"]), category=row["category"])
    return Stored(number=row["id"], version=row["seq"], source=row["source"], release=release)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _event(row: dict[str, Any]) -> Row:
    return {
        "id": row["id"],
        "at": shown(row["at"]),
        "source": row["source"],
        "dump": row["dump_name"],
        "kind": row["kind"],
        "release": row["release"],
        "version": row["version"],
        "title": row["title"],
        "date": row["date"],
        "category": row["category"],
        "watchlists": json.loads(row["watchlists"]),
        "alert": json.loads(row["alert"]),
        "fields": json.loads(row["fields"]),
        "numbers": json.loads(row["numbers"]),
        "reverted": bool(row["reverted"]),
        "related": json.loads(row["related"]),
        "reason": row["reason"],
    }


def _message(row: dict[str, Any]) -> Row:
    facts = json.loads(row["payload_json"])
    line: dict[str, object] = {
        "id": row["id"],
        "channel": row["channel"],
        "kind": row["kind"],
        "state": row["state"],
        "attempts": row["attempts"],
        "due": shown(row["due"]),
        "reason": row["last_reason"],
        "sent_at": shown(row["sent_at"]),
        "items": [
            {name: item[name] for name in ("release", "version", "title", "watchlists")} for item in facts["items"]
        ],
        "uncertain": row["uncertain"],
    }
    return {**line, "text": facts["text"]} if row["kind"] == "system" else line
