"""Read stored rows as values, a page at a time: the Archive port on SQLite."""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any

from monitor.errors import NotFound
from monitor.ingest_values import IdCounts
from monitor.model import Kind
from monitor.records import (
    FIRST_DUMP,
    PAGE,
    Appearance,
    DumpCursor,
    DumpRecord,
    EventFilter,
    EventRecord,
    LateDump,
    MessageItem,
    MessageRecord,
    RejectRecord,
    SearchQuery,
    SourceTotals,
    Stored,
    Summary,
    VersionRecord,
)
from monitor.store.sqlite.damaged_rows import UNREADABLE
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import parse_kind, record_of, release_of, report_of, to_json
from monitor.store.sqlite.search import search
from monitor.store.sqlite.stored_values import checked, reports_damage
from monitor.times import timestamp


@reports_damage
class SqliteArchive:
    """Implements `monitor.ports.Archive` on a read-only connection."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def events(self, wanted: EventFilter, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        return [_event(row) for row in self._handle.all("events", after=after, limit=limit, **_narrowed(wanted))]

    def event_before_last(self, count: int, wanted: EventFilter) -> int:
        row = self._handle.one("event_before_last", count=count, **_narrowed(wanted))
        return int(row["id"]) if row else 0

    def release_events(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        return [_event(row) for row in self._handle.all("release_events", release=release, after=after, limit=limit)]

    def versions(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[VersionRecord]:
        rows = self._handle.all("versions", release=release, after=after, limit=limit)
        if not rows:
            self.head(release)
        return [_version(row) for row in rows]

    def shown_by(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[Appearance]:
        rows = chain.from_iterable(self._handle.pages("dump_members", after=after, limit=PAGE))
        showing = (row for row in rows if release in _members(row["members"]))
        return [record_of(Appearance, row, dump=row["name"]) for row in islice(showing, limit)]

    def messages(self, state: str | None = None, *, after: int = 0, limit: int = PAGE) -> Sequence[MessageRecord]:
        return [_message(row) for row in self._handle.all("messages", state=state, after=after, limit=limit)]

    def dumps(self, *, after: DumpCursor = FIRST_DUMP, limit: int = PAGE) -> Sequence[DumpRecord]:
        at, dump, copy = after
        rows = self._handle.all("dumps", at=timestamp(at), id=dump, copy=copy, limit=limit)
        return [DumpRecord(report=report_of(dict(row)), copy=row["copy"]) for row in rows]

    def rejects(self, *, after: int = 0, limit: int = PAGE) -> Sequence[RejectRecord]:
        rows = self._handle.all("rejects", after=after, limit=limit)
        return [record_of(RejectRecord, row, dump=row["name"]) for row in rows]

    def summary(self) -> Summary:
        return Summary(
            sources={row["source"]: record_of(SourceTotals, row) for row in self._handle.all("count_sources")},
            events={parse_kind(row["kind"]): row["n"] for row in self._handle.all("count_events")},
            messages={(row["channel"], row["state"]): row["n"] for row in self._handle.all("count_messages")},
            notices={row["channel"]: row["n"] for row in self._handle.all("count_notices")},
            late={row["source"]: record_of(LateDump, row) for row in self._handle.all("late_dumps")},
        )

    def changed_ids(self) -> Mapping[str, IdCounts]:
        return {row["source"]: _id_counts(row["v"]) for row in self._handle.all("changed_ids")}

    def days(self, midnights: Sequence[datetime]) -> Mapping[Kind, Sequence[int]]:
        kinds = [kind for kind in Kind if kind is not Kind.UNCHANGED]
        moments = to_json([timestamp(midnight) for midnight in midnights])
        counts: dict[Kind, list[int]] = {kind: [] for kind in kinds}
        for row in self._handle.all("count_days", kinds=to_json(kinds), moments=moments):
            counts[parse_kind(row["kind"])].append(row["n"])
        return counts

    def heads(self, *, since: date | None = None, after: int = 0, limit: int = PAGE) -> Sequence[Stored]:
        return [_stored(row) for row in self._handle.all("current_heads", since=_day(since), after=after, limit=limit)]

    def head_before_last(self, count: int) -> int:
        row = self._handle.one("head_before_last", count=count)
        return int(row["id"]) if row else 0

    def heads_of(self, numbers: Collection[int]) -> Sequence[Stored]:
        return [_stored(row) for row in self._handle.all("heads_by_number", numbers=to_json(list(numbers)))]

    def head(self, release: int) -> Stored:
        heads = self.heads_of([release])
        if not heads:
            raise NotFound(f"there is no release {release}; `monitor events` lists them", where=str(release))
        return heads[0]

    def count_heads(self, *, since: date | None = None) -> int:
        return int(self._handle.all("count_heads", since=_day(since))[0][0])

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        return search(self._handle, query, since=since)


def _narrowed(wanted: EventFilter) -> dict[str, str | None]:
    return {
        "since": timestamp(wanted.since) if wanted.since else None,
        "kind": wanted.kind or None,
        "dump": wanted.dump or None,
        "watchlist": wanted.watchlist or None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _version(row: Any) -> VersionRecord:
    known = {"url": row["newest_url"], "ref": row["newest_ref"]}
    return record_of(VersionRecord, row, version=row["seq"], dump=row["dump_name"], **known)


def _event(row: Any) -> EventRecord:
    return record_of(EventRecord, row, dump=row["dump_name"])


@checked
def _id_counts(text: str) -> IdCounts:
    return IdCounts(**json.loads(text))


@checked
def _members(packed: bytes) -> array[int]:
    return array("I", packed)


@checked
def _message(row: Any) -> MessageRecord:
    try:  # read as they stand: `unpack_message` makes values that no list shows
        facts = json.loads(row["payload_json"])
        items = tuple(_message_item(item) for item in facts["items"])
        text = facts["text"]
    except UNREADABLE:
        items, text = (), "(its stored facts cannot be read)"
    reason, kind = row["last_reason"], row["kind"]
    return record_of(MessageRecord, row, kind=kind, reason=reason, items=items, text=text)


def _message_item(facts: dict[str, Any]) -> MessageItem:
    known = {"url": None, "ref": None, **facts}  # messages of older versions have neither
    return record_of(MessageItem, known, watchlists=tuple(facts["watchlists"]))


def _stored(row: Any) -> Stored:
    return Stored(
        number=row["id"], version=row["seq"], source=row["source"], state=row["state"], release=release_of(row)
    )
