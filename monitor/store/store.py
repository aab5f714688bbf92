"""Store all that one dump leads to, in one transaction."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from monitor.ingest_values import Batch, IngestReport, LedgerEntry, Mode
from monitor.model import (
    Dump,
    FileSignature,
    Kind,
    Notice,
    PastVersion,
    Reject,
    SeenRecord,
    Sketch,
)
from monitor.ports import Known, KnownDumps
from monitor.state_values import LastDump, Listing, OverdueDumps
from monitor.store.changes import NewIds, add_changes, next_ids
from monitor.store.event_filter import LAST
from monitor.store.handle import Handle, Row
from monitor.store.heads import age_of, head_of, past_version, sketch_of
from monitor.store.rows import (
    day_text,
    pack_item,
    report_of,
    timestamp_of_ns,
    to_json,
)
from monitor.store.shown import add_shown
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_Row = dict[str, Any]
ByKey = dict[bytes, tuple[int, ...]]  # releases by identity key
_MOST_KEPT = 4_000  # sketches; a few megabytes


class Around(NamedTuple):
    """The rows of which a snapshot is made."""

    by_key: ByKey
    crowded: AbstractSet[bytes]
    versions: Sequence[Row]
    heads: Sequence[Row]
    mark: int = 0  # the state of the source; a store that one process writes to alone needs none


class _KeptSketches(threading.local):
    """The sketches that this thread has read in its shared transaction: until it ends nobody else writes."""

    def __init__(self) -> None:
        self.is_open = False  # whether one is open
        self.sketches: dict[int, Sketch | None] = {}

    def forget(self, releases: Iterable[int]) -> None:
        """Forget the sketches of releases that change."""
        for number in releases:
            self.sketches.pop(number, None)


@reports_damage
class SqlStore:
    """Implements `monitor.ports.Store` for one process that writes; safe to share between threads."""

    is_shared = False

    def __init__(self, handle: Handle, *, place: str = "") -> None:
        """place: where the paths of the ledger are, in a store that several places share."""
        self._handle = handle
        self._place = place
        self._kept = _KeptSketches()

    def retry_after(self) -> float:
        return self._handle.breaker.retry_after()

    def find_dump(self, source: str, sha256: bytes) -> IngestReport | None:
        row = self._handle.one("dump_of_content", source=source, sha=sha256)
        return report_of(row) if row else None

    def known_dumps(self, dump: Dump) -> KnownDumps:
        content, shown, filed, texts = self._known_dumps(dump)
        before = report_of(shown[0]) if shown and shown[0]["sha"] != dump.sha256 else None
        return KnownDumps(
            same=report_of(content[0]) if content else None,
            before=before,
            earlier_texts=frozenset((row["release"], row["version"]) for row in texts) if before else frozenset(),
            entry=_filed(filed[0]) if filed else None,
        )

    def seen_records(self, source: str, digests: Collection[bytes]) -> Mapping[bytes, SeenRecord]:
        return {
            digest: SeenRecord(number=release, version=seq, is_current=bool(is_current))
            for digest, release, seq, is_current in self._handle.keyed("seen_records", digests, source=source)
        }

    def versions(self, numbers: Collection[int]) -> Mapping[int, int]:
        return {row["id"]: row["seq"] for row in self._handle.all("versions_now", numbers=to_json(sorted(numbers)))}

    def snapshot(
        self,
        keys: Collection[bytes],
        numbers: Collection[int] = (),
        *,
        most: int | None = None,
        source: str = "",
        fresh: int = 0,
    ) -> Known:
        # Read first: what is added while the rest is read makes the batch stale.
        next_number = self._next_number(fresh)
        around = self._around(source, keys, numbers, limit=LAST if most is None else most + 1)
        past: dict[int, set[PastVersion]] = {}
        for release, *version in around.versions:
            past.setdefault(release, set()).add(past_version(*version))
        heads = {row["id"]: head_of(row, past.get(row["id"], set())) for row in around.heads}
        by_key, crowded = around.by_key, frozenset(around.crowded)
        return Known(heads=heads, by_key=by_key, next_number=next_number, mark=around.mark, crowded=crowded)

    def sketches(self, keys: Collection[bytes], *, most: int | None = None) -> Mapping[int, Sketch | None]:
        found = self._newest(keys, most=LAST if most is None else most)
        numbers = sorted({number for under in found.values() for number in under}, reverse=True)[:most]
        kept = self._kept.sketches
        if missing := [number for number in numbers if number not in kept]:
            kept.update((row["id"], sketch_of(row)) for row in self._handle.all("sketches", numbers=to_json(missing)))
        sketches = {number: kept[number] for number in reversed(numbers) if number in kept}
        if not self._kept.is_open or len(kept) > _MOST_KEPT:
            kept.clear()
        return sketches

    def listing(self, source: str, name: str, *, after: date, before: date, but: Container[int] = ()) -> Listing:
        days = {"after": str(after), "before": str(before)}
        rows = self._handle.all("listed_between", source=source, listing=name, **days)
        numbers = [row["id"] for row in rows if row["id"] not in but]
        missing = frozenset(row["id"] for row in rows if row["missing"])
        last = self._handle.one("listing_age", source=source, listing=name)
        heads = self.snapshot((), numbers).heads
        return Listing(
            last=LastDump(**age_of(last)) if last else None,
            heads=tuple(heads[n] for n in numbers),
            missing=missing,
            known=len(rows),
        )

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        with self._writing(batch.dump.source, now=now):
            self._kept.forget(change.number for change in batch.changes)
            held = [reject for reject in batch.rejects if reject.is_tail and batch.mode is Mode.WATCH]
            rejects = [reject for reject in batch.rejects if reject not in held]
            ids = self._begin(batch, now=now)
            row = self._enter_dump(batch, rejected=len(rejects), now=now)
            dump = row["id"]
            events = add_changes(self._handle, batch, dump, ids=ids, now=now)
            self._file_rejects(batch, dump, rejects, held, ids=ids.events, now=now)
            self._add_notices(batch.notices, events, now=now)
            if batch.is_last:
                self._file(batch.dump, dump=dump, status=batch.status, parser=batch.parser, now=now)
                self._note_ids(batch)
            return report_of(row)

    def turn(self, source: str) -> AbstractContextManager[bool]:
        return nullcontext(enter_result=False)  # nobody else decides on anything

    @contextmanager
    def shared_transaction(self, source: str = "") -> Iterator[None]:
        with self._whole(source):
            self._kept.is_open = bool(source) or not self.is_shared
            try:
                yield
            finally:
                self._kept.is_open, self._kept.sketches = False, {}

    def note_duplicate(self, dump: Dump, of: IngestReport, *, parser: int, now: datetime) -> IngestReport:
        rejects = self._handle.all("open_rejects", path=dump.path, source=dump.source)
        healed = [row for row in rejects if row["sha"] != dump.sha256]
        with self._whole(dump.source) if healed else nullcontext():  # one statement needs none
            for row in healed:
                self._set_reject(row, dump, state="healed", now=now)
            self._file(dump, dump=of.dump, status="duplicate", parser=parser, now=now)
        own: _Row = {"source": dump.source, "name": dump.name, "sha256": dump.sha256, "size": dump.signature.size}
        return replace(of, **own, status="duplicate", at=now, counts={})

    def ledger(self, source: str) -> Mapping[bytes, LedgerEntry]:
        return {path: _filed(row) for path, *row in self._handle.all("ledger", source=source, here=self._place)}

    def ledger_entry(self, source: str, path: bytes) -> LedgerEntry | None:
        row = self._handle.one("ledger_entry", source=source, path=path, here=self._place)
        return _filed(row) if row else None

    def confirm_file(self, source: str, path: bytes, signature: FileSignature) -> None:
        own = {**signature._asdict(), "dev": signature.device}
        with self._handle.transaction():
            self._handle.all("confirm_file", path=path, source=source, here=self._place, **own)

    def reject_overdue(
        self, *, held_before: datetime, now: datetime, then: Callable[[OverdueDumps], object] | None = None
    ) -> OverdueDumps:
        with self._handle.transaction():
            rows = self._handle.all("overdue_tails", before=timestamp(held_before), at=timestamp(now))
            self._reject_tails(rows, next_ids(self._handle).events if rows else iter(()), now=now)
            overdue = overdue_dumps(rows)
            if rows and then:
                then(overdue)
        return overdue

    def _begin(self, batch: Batch, *, now: datetime) -> NewIds:
        """Begin a commit: return the ids of its new rows. Raises Stale."""
        return next_ids(self._handle, batch)

    def _known_dumps(self, dump: Dump) -> Sequence[Sequence[Row]]:
        """Return the rows of the newest ingest of its content and of its path, of the ledger, and of earlier texts."""
        content, shown, filed = self._handle.each(
            ("dump_of_content", {"source": dump.source, "sha": dump.sha256}),
            ("dump_of_path", {"source": dump.source, "path": dump.path, "here": self._place}),
            ("ledger_entry", {"source": dump.source, "path": dump.path, "here": self._place}),
        )
        is_rewritten = shown and shown[0]["sha"] != dump.sha256
        return content, shown, filed, self._handle.all("earlier_texts", dump=shown[0]["id"]) if is_rewritten else ()

    def _around(self, source: str, keys: Collection[bytes], numbers: Collection[int], *, limit: int) -> Around:
        """Read what a snapshot shows; a key of so many releases, or more, is crowded."""
        found = self._newest(keys, most=limit)
        by_key = {key: under for key, under in found.items() if len(under) < limit}
        named = sorted({*numbers, *(number for under in by_key.values() for number in under)})
        wanted = {"numbers": to_json(named)}
        versions, heads = self._handle.each(("past_versions", wanted), ("heads", wanted)) if named else ((), ())
        return Around(by_key=by_key, crowded=found.keys() - by_key.keys(), versions=versions, heads=heads)

    def _next_number(self, fresh: int) -> int:
        """Return the first release number that is free; so many of its neighbours are free, too."""
        return int(self._handle.all("next_release")[0][0])

    def _writing(self, source: str, *, now: datetime) -> AbstractContextManager[None]:
        """Run a commit as one transaction."""
        return self._handle.transaction()

    def _whole(self, source: str) -> AbstractContextManager[None]:
        """Run a block that writes to one source as one transaction."""
        return self._handle.transaction()

    def _newest(self, keys: Collection[bytes], *, most: int) -> ByKey:
        """Return the newest releases under each key in the order of their numbers."""
        found = {key: self._handle.all("aliases", key=key, most=most) for key in keys}
        return {key: tuple(row["release"] for row in reversed(rows)) for key, rows in found.items() if rows}

    def _enter_dump(self, batch: Batch, *, rejected: int, now: datetime) -> Row | _Row:
        """Add the row of an ingest with its first part, or update it with the others; return it."""
        kinds = Counter(change.kind for change in batch.changes)
        kinds[Kind.UNCHANGED] += len(batch.as_seen)
        shown = [*batch.as_seen, *(change.number for change in batch.changes if change.record)]
        values: _Row = {
            **{f"n_{kind}": kinds[kind] for kind in Kind if kind is not Kind.REJECTED},
            "n_rejected": rejected,
            "n": len(shown),
            "status": batch.status,
            "at": timestamp(now),
        }
        if batch.row is not None:
            row: Row | _Row = self._handle.all("continue_dump", id=batch.row, **values)[0]
        else:
            row = self._add_dump(batch, values)
        add_shown(self._handle, row["id"], shown)
        return row

    def _add_dump(self, batch: Batch, values: _Row) -> Row | _Row:
        """Add the row of an ingest and return it."""
        return self._handle.all("add_dump", **self._dump_row(batch, values))[0]

    def _dump_row(self, batch: Batch, values: _Row) -> _Row:
        dump = batch.dump
        return {
            **values,
            "source": dump.source,
            "sha": dump.sha256,
            "as_of": timestamp(batch.age.as_of),
            "evidence": batch.age.evidence,
            "newest": day_text(batch.age.newest),
            "name": dump.name,
            "size": dump.signature.size,
            "mtime": timestamp_of_ns(dump.signature.mtime_ns),
            "encoding": dump.encoding,
            "listing": batch.listing,
        }

    def _reject_tails(self, rows: Sequence[Row], ids: Iterator[int], *, now: datetime) -> None:
        """Give each tail that is rejected now its event."""
        for row in rows:
            self._add_rejection(row["source"], row["dump"], row["reason"], ids=ids, now=now)
            self._handle.all("count_reject", dump=row["dump"])

    def _add_rejection(self, source: str, dump: int, reason: str, *, ids: Iterator[int], now: datetime) -> None:
        """Add the event of a reject; it is of no release."""
        own = {"source": source, "dump": dump, "kind": Kind.REJECTED, "reason": reason, "at": timestamp(now)}
        empty = dict.fromkeys(("fields", "numbers", "watchlists", "alert"), "[]")
        self._handle.all("add_event", **own, **empty, id=next(ids), release=None, version=None, reverted=False)

    def _file_rejects(
        self, batch: Batch, dump: int, rejects: list[Reject], held: list[Reject], *, ids: Iterator[int], now: datetime
    ) -> None:
        """Enter new rejects with their events, keep those that are still there, mark those that are gone as healed."""
        open_rows = self._open_rejects(batch.dump)
        # Earlier versions have stored NUL characters, which the excerpts of today have not.
        unmatched = {(row["line"], row["reason"], row["text"].replace("\0", "\ufffd")): row for row in open_rows}
        for state, group in (("rejected", rejects), ("held", held)):
            for reject in group:
                row = unmatched.pop((reject.line, reject.reason, reject.text), None)
                if row is None:
                    self._add_reject(reject, batch.dump, dump, state, now=now)
                elif state == "rejected" and row["state"] == "held":
                    self._set_reject(row, batch.dump, state=state, now=now)
                else:
                    self._handle.all("keep_reject", id=row["id"], sha=batch.dump.sha256)
                    continue
                if state == "rejected":
                    self._add_rejection(batch.dump.source, dump, reject.reason, ids=ids, now=now)
        for row in unmatched.values() if batch.is_last else ():
            # What an earlier part of this dump has found stays.
            if batch.row is None or row["sha"] != batch.dump.sha256:
                self._set_reject(row, batch.dump, state="healed", now=now)

    def _open_rejects(self, of: Dump) -> Sequence[Row]:
        """Return the rejects of a path that are still there, during the commit of its dump."""
        return self._handle.all("open_rejects", path=of.path, source=of.source)

    def _set_reject(self, row: Any, of: Dump, *, state: str, now: datetime) -> None:
        self._handle.all("set_reject", id=row["id"], state=state, sha=of.sha256, at=timestamp(now))

    def _add_reject(self, reject: Reject, of: Dump, dump: int, state: str, *, now: datetime) -> None:
        self._handle.all(
            "add_reject",
            source=of.source,
            dump=dump,
            sha=of.sha256,
            path=of.path,
            **asdict(reject),
            state=state,
            at=timestamp(now),
        )

    def _note_ids(self, batch: Batch) -> None:
        """Keep how many ids changed in the newest dump that can tell."""
        key = f"ids_changed:{batch.dump.source}"
        if batch.ids.changed:
            self._handle.all("set_meta", k=key, v=to_json(asdict(batch.ids)))
        elif batch.ids.of:
            self._handle.all("delete_meta", k=key)

    def _add_notices(self, notices: Sequence[Notice], events: Mapping[int, int], *, now: datetime) -> None:
        self._handle.many(
            "add_notice",
            [
                {
                    "channel": notice.channel,
                    "event": events[notice.item.release],
                    "watchlists": to_json(notice.item.watchlists),
                    "payload": pack_item(notice.item),
                    "urgent": notice.is_urgent,
                    "at": timestamp(now),
                }
                for notice in notices
            ],
        )

    def _file(self, of: Dump, *, dump: int, status: str, parser: int, now: datetime) -> None:
        entry = {
            "path": of.path,
            "source": of.source,
            "here": self._place,
            "name": of.name,
            "dev": of.signature.device,
            **of.signature._asdict(),
            "sha": of.sha256,
            "dump": dump,
            "parser": parser,
            "status": status,
            "at": timestamp(now),
        }
        self._handle.many("set_ledger_entry", [entry])


def overdue_dumps(rows: Sequence[Row]) -> OverdueDumps:
    """Count tails that are rejected now."""
    empty = sum(row["line"] == 0 for row in rows)
    return OverdueDumps(unfinished=len(rows) - empty, empty=empty, rejects=tuple(row["id"] for row in rows))


def _filed(row: Iterable[Any]) -> LedgerEntry:
    *sign, sha256, status, parser = row
    return LedgerEntry(FileSignature(*sign), sha256, status, parser)
