"""Read stored rows as values, a page at a time: the Archive port."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, tzinfo
from itertools import groupby
from operator import itemgetter
from typing import Any

from monitor.errors import NotFound
from monitor.ingest_values import IdCounts
from monitor.model import Kind
from monitor.page_records import (
    AttemptRecord,
    DayCount,
    DeliveryRecord,
    DeliveryTimes,
    Facets,
    LateDump,
    SourceTotals,
    Summary,
    VersionText,
    WaitingNotices,
)
from monitor.records import (
    FIRST_DUMP,
    LAST_DUMP,
    PAGE,
    Appearance,
    DumpCursor,
    DumpRecord,
    EventFilter,
    EventRecord,
    Found,
    MessageItem,
    MessageRecord,
    RejectRecord,
    Stored,
    VersionRecord,
)
from monitor.search_values import SearchQuery
from monitor.store.damaged_rows import UNREADABLE
from monitor.store.delivery_times import delivery_times
from monitor.store.event_counts import facets, per_day, per_month, watchlist_days
from monitor.store.event_filter import LAST, newest_ids, oldest_ids
from monitor.store.find import Facet, find
from monitor.store.handle import Handle, Row
from monitor.store.rows import comparable, parse_kind, record_of, release_of, report_of, to_json
from monitor.store.shown import newest_showing, showing
from monitor.store.stored_values import checked, reports_damage
from monitor.times import parse_timestamp, timestamp


@reports_damage
class SqlArchive(ABC):
    """Implements `monitor.ports.Archive`, apart from the search, which each engine has of its own."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def events(self, wanted: EventFilter, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        with self._handle.snapshot():
            return self._events(oldest_ids(self._handle, wanted, after=after, limit=limit))

    def event_before_last(self, count: int, wanted: EventFilter) -> int:
        with self._handle.snapshot():
            return next(iter(newest_ids(self._handle, wanted, limit=1, skip=count)), 0)

    def page(
        self, wanted: EventFilter, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> Sequence[EventRecord]:
        with self._handle.snapshot():
            if after is not None:
                return self.events(wanted, after=after, limit=limit)[::-1]
            return self._events(newest_ids(self._handle, wanted, before=_before(before), limit=limit))[::-1]

    def event(self, id_: int) -> EventRecord:
        for event in self._events([id_]):
            return event
        raise NotFound(f"there is no event {id_}; `monitor events` lists them", where=str(id_))

    def latest(self) -> int:
        return self._handle.all("newest_event")[0]["id"] or 0

    def newest_events(self) -> Mapping[str, int]:
        return {"": self.latest()}

    def facets(self, wanted: EventFilter) -> Facets:
        return facets(self._handle, wanted)

    def per_day(self, midnights: Sequence[datetime], wanted: EventFilter) -> Sequence[DayCount]:
        return per_day(self._handle, midnights, wanted)

    def per_month(self, watchlist: str, zone: tzinfo) -> Mapping[str, DayCount]:
        return per_month(self._handle, watchlist, zone)

    def watchlist_days(self, midnights: Sequence[datetime]) -> Mapping[str, Sequence[int]]:
        return watchlist_days(self._handle, midnights)

    def watchlist_totals(self) -> Mapping[str, DayCount]:
        rows = self._handle.all("count_matched")
        return {row["watchlist"]: DayCount(row["events"], row["notified"]) for row in rows}

    def last_matches(self) -> Mapping[str, EventRecord]:
        with self._handle.snapshot():
            last = {row["watchlist"]: row["event"] for row in self._handle.all("last_matched_ids")}
            events = {event.id: event for event in self._events(sorted(set(last.values())))}
        return {watchlist: events[event] for watchlist, event in last.items() if event in events}

    def texts(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], VersionText]:
        rows = self._handle.all("texts", wanted=to_json(sorted(wanted)))
        return {(row["release"], row["seq"]): _text(row) for row in rows}

    def release_events(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[EventRecord]:
        return [_event(row) for row in self._handle.all("release_events", release=release, after=after, limit=limit)]

    def versions(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[VersionRecord]:
        rows = self._handle.all("versions", release=release, after=after, limit=limit)
        if not rows:
            self.head(release)
        return [_version(row) for row in rows]

    def shown_by(self, release: int, *, after: int = 0, limit: int = PAGE) -> Sequence[Appearance]:
        return self._appearances(release, showing(self._handle, release, after=after, limit=limit))

    def shown_page(self, release: int, *, before: int | None = None, limit: int = PAGE) -> Sequence[Appearance]:
        return self._appearances(release, newest_showing(self._handle, release, before=_before(before), limit=limit))

    def messages(self, state: str | None = None, *, after: int = 0, limit: int = PAGE) -> Sequence[MessageRecord]:
        return [_message(row) for row in self._handle.all("messages", state=state, after=after, limit=limit)]

    def messages_page(
        self, state: str | None = None, channel: str | None = None, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[MessageRecord]:
        wanted = {"channel": comparable(channel), "before": _before(before), "limit": limit}
        if state is None:
            return [_message(row) for row in self._handle.all("newest_messages", **wanted)]
        with self._handle.snapshot():
            return self._messages(
                [
                    row["id"]
                    for row in self._handle.all("newest_message_ids_in_state", state=comparable(state), **wanted)
                ]
            )

    def last_messages(self, channel: str, n: int) -> Sequence[MessageRecord]:
        rows = self._handle.all("last_messages", channel=comparable(channel), limit=n)
        return [_message(row) for row in rows]

    def message(self, id_: int) -> MessageRecord:
        for message in self._messages([id_]):
            return message
        raise NotFound(f"there is no message {id_}; `monitor alerts` lists them", where=str(id_))

    def attempts(self, messages: Collection[int]) -> Mapping[int, Sequence[AttemptRecord]]:
        found: dict[int, list[AttemptRecord]] = {}
        for row in self._handle.all("attempts", messages=to_json(list(messages))):
            found.setdefault(row["message"], []).append(record_of(AttemptRecord, row))
        return found

    def deliveries(self, release: int) -> Sequence[DeliveryRecord]:
        return [record_of(DeliveryRecord, row) for row in self._handle.all("deliveries", release=release)]

    def delivery_times(self, midnights: Sequence[datetime]) -> Sequence[DeliveryTimes]:
        return delivery_times(self._handle, midnights)

    def dumps(self, *, after: DumpCursor = FIRST_DUMP, limit: int = PAGE) -> Sequence[DumpRecord]:
        at, dump, copy = after
        rows = self._handle.all("dumps", at=timestamp(at), id=dump, copy=copy, no_copy=b"", limit=limit)
        return [DumpRecord(report=report_of(row), copy=row["copy"]) for row in rows]

    def dumps_page(self, *, before: DumpCursor | None = None, limit: int = PAGE) -> Sequence[DumpRecord]:
        at, dump, copy = before or LAST_DUMP
        rows = self._handle.all("newest_dumps", at=timestamp(at), id=dump, copy=copy, no_copy=b"", limit=limit)
        return [DumpRecord(report=report_of(row), copy=row["copy"]) for row in rows]

    def rejects(self, *, after: int = 0, limit: int = PAGE) -> Sequence[RejectRecord]:
        rows = self._handle.all("rejects", after=after, limit=limit)
        return [record_of(RejectRecord, row, dump=row["name"]) for row in rows]

    def rejects_page(
        self, state: str | None = None, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[RejectRecord]:
        rows = self._handle.all("newest_rejects", state=comparable(state), before=_before(before), limit=limit)
        return [record_of(RejectRecord, row, dump=row["name"]) for row in rows]

    def summary(self) -> Summary:
        return Summary(
            sources={row["source"]: record_of(SourceTotals, row) for row in self._handle.all("count_sources")},
            events={parse_kind(row["kind"]): row["n"] for row in self._handle.all("count_events")},
            messages={(row["channel"], row["state"]): row["n"] for row in self._handle.all("count_messages")},
            waiting=self._waiting(),
            late={row["source"]: record_of(LateDump, row) for row in self._handle.all("late_dumps")},
        )

    def _waiting(self) -> Mapping[str, Sequence[WaitingNotices]]:
        found = self._handle.readable(
            self._handle.all("count_notices"),
            lambda row: (row["channel"], WaitingNotices(parse_timestamp(row["since"]), bool(row["urgent"]), row["n"])),
        )
        return {channel: [waiting for _, waiting in group] for channel, group in groupby(found, key=itemgetter(0))}

    def changed_ids(self) -> Mapping[str, IdCounts]:
        return {row["source"]: _id_counts(row["v"]) for row in self._handle.all("changed_ids")}

    def days(self, midnights: Sequence[datetime]) -> Mapping[Kind, Sequence[int]]:
        counts: dict[Kind, list[int]] = {kind: [0] * (len(midnights) - 1) for kind in Kind if kind != "unchanged"}
        for row in self._count_days(midnights):
            counts[parse_kind(row["kind"])][row["day"]] = row["n"]
        return counts

    def _count_days(self, midnights: Sequence[datetime]) -> Sequence[Row]:
        return self._handle.all("count_days", moments=to_json([timestamp(midnight) for midnight in midnights]))

    def heads(self, *, since: date | None = None, after: int = 0, limit: int = PAGE) -> Sequence[Stored]:
        return [_stored(row) for row in self._handle.all("current_heads", since=_day(since), after=after, limit=limit)]

    def heads_before(self, number: int | None = None, limit: int = PAGE) -> Sequence[Stored]:
        return [_stored(row) for row in self._handle.all("newest_heads", before=_before(number), limit=limit)]

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

    @abstractmethod
    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        """Return the numbers of the releases that the query finds."""

    def found(
        self,
        query: SearchQuery | None,
        *,
        source: str = "",
        category: str | None = None,
        since: date | None = None,
        month: str = "",
        before: int | None = None,
        limit: int = PAGE,
    ) -> Found:
        wanted = Facet(source=source or None, category=category, month=month or None)
        found = None if query is None else self.search(query, since=since)
        page = find(self._handle, found, wanted, since=since, before=_before(before), limit=limit)
        return Found(page=self.heads_of(page.numbers)[::-1], total=page.total, **page.counts)

    def store_id(self) -> str:
        row = self._handle.one("meta", k="store_id")
        return str(row["v"]) if row else ""

    def moved_to(self) -> str | None:
        row = self._handle.one("meta", k="moved_to")
        return str(row["v"]) if row else None

    @abstractmethod
    def contents(self) -> object:
        """Return a value that differs from the last one when releases or events were stored or pruned meanwhile."""

    def _events(self, ids: Sequence[int]) -> list[EventRecord]:
        return [_event(row) for row in self._handle.all("events_by_id", ids=to_json(ids))]

    def _messages(self, ids: Sequence[int]) -> list[MessageRecord]:
        return [_message(row) for row in self._handle.all("messages_by_id", ids=to_json(ids))]

    def _appearances(self, release: int, dumps: Iterable[Any]) -> list[Appearance]:
        rows = list(dumps)
        ids = to_json([row["id"] for row in rows])
        meant = {row["dump"]: row for row in self._handle.all("kinds_by_dump", release=release, dumps=ids)}
        return [_appearance(row, meant.get(row["id"])) for row in rows]


def _before(place: int | None) -> int:
    return LAST if place is None else place


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _version(row: Any) -> VersionRecord:
    known = {"url": row["newest_url"], "ref": row["newest_ref"]}
    return record_of(VersionRecord, row, version=row["seq"], dump=row["dump_name"], **known)


def _event(row: Any) -> EventRecord:
    return record_of(EventRecord, row, dump=row["dump_name"])


def _appearance(row: Any, event: Any) -> Appearance:
    kind, reason = (event["kind"], event["reason"]) if event else (Kind.UNCHANGED, "")
    return record_of(Appearance, row, dump=row["name"], kind=parse_kind(kind), reason=reason)


def _text(row: Any) -> VersionText:
    before = None
    if row["old_seq"] is not None:
        before = _one_text({name: row[f"old_{name}"] for name in ("title", "body", "date", "category", "pruned")})
    return replace(_one_text(dict(row)), before=before)


def _one_text(row: Any) -> VersionText:
    release = release_of({"url": None, "ref": None, "reading": None, **row})
    return VersionText(
        title=release.title,
        body=release.body,
        date=release.date,
        category=release.category,
        is_pruned=row["pruned"] is not None,
    )


@checked
def _id_counts(text: str) -> IdCounts:
    return IdCounts(**json.loads(text))


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
