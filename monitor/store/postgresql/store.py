"""Store dumps beside other monitors: one source is one turn, and what another monitor made stale is decided again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from itertools import chain
from typing import Any, Final

from monitor.errors import Stale, StoreError
from monitor.ingest_values import Batch, IngestReport
from monitor.model import Dump, Kind, Sketch
from monitor.state_values import OverdueDumps
from monitor.store.changes import NewIds
from monitor.store.event_filter import LAST
from monitor.store.handle import Row
from monitor.store.heads import sketch_of
from monitor.store.postgresql.handle import Handle
from monitor.store.postgresql.membership import Membership
from monitor.store.postgresql.release_numbers import ReleaseNumbers
from monitor.store.rows import to_json
from monitor.store.store import Around, ByKey, SqlStore, overdue_dumps
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_CONTENDED: Final = 60.0  # seconds for which decisions on a source wait for their turn, after one was stale
_ANY_STATE = frozenset({Kind.NEW, Kind.STALE})  # what becomes of a release in whatever state it is


class _OpenTurn(threading.local):
    """The transaction that this thread has open, and the channels for which something was stored in it."""

    def __init__(self) -> None:
        self.depth = 0
        self.dump = 0  # the id of the row of the dump that is stored now
        self.has_rejects = False  # of its path
        self.events = Counter[str]()  # those that were added, by kind; for the totals
        self.channels = set[str]()

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


@reports_damage
class PostgresqlStore(SqlStore):
    """Implements `monitor.ports.Store` for many processes that write.

    A commit locks the row of its source first; then it checks what it was decided on; then it writes.
    """

    is_shared = True

    def __init__(self, handle: Handle, membership: Membership) -> None:
        super().__init__(handle, place=membership.node)
        self._handle: Handle = handle
        self._membership = membership
        self._open = _OpenTurn()
        self._numbers = ReleaseNumbers(handle)
        self._contended: dict[str, float] = {}  # until when, by source

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        try:
            with self._numbers.storing([change.number for change in batch.changes if change.kind is Kind.NEW]):
                report = super().commit(batch, now=now)
        except Stale as stale:
            self._contended[batch.dump.source] = time.monotonic() + _CONTENDED
            if stale.__cause__ is not None:  # the database says so: a number exists, after it went back in time
                self._numbers.drop()
            raise
        self._note_news(notice.channel for notice in batch.notices)
        return report

    def close(self) -> None:
        """Give back what this process has taken and did not use."""
        with suppress(StoreError):
            self._numbers.give_back()

    @contextmanager
    def turn(self, source: str) -> Iterator[bool]:
        if time.monotonic() >= self._contended.get(source, 0.0):
            yield False
            return
        with self._whole(source):
            yield True

    def reject_overdue(
        self, *, held_before: datetime, now: datetime, then: Callable[[OverdueDumps], object] | None = None
    ) -> OverdueDumps:
        found: list[Row] = []
        before, at = timestamp(held_before), timestamp(now)
        sources = [row["source"] for row in self._handle.all("sources_of_overdue_tails", before=before)]
        with self._handle.transaction() if sources else nullcontext():
            for source in sources:
                with self._whole(source), self._counting(source, now=now):
                    rows = self._handle.all("overdue_tails_of", before=before, at=at, source=source)
                    self._reject_tails(rows, self._event_ids(), now=now)
                found += rows
            overdue = overdue_dumps(found)
            if found and then:
                then(overdue)
        return overdue

    def _begin(self, batch: Batch, *, now: datetime) -> NewIds:
        source, moves = batch.dump.source, _moves(batch)
        at = timestamp(now) if batch.is_last else None
        kinds = Counter(change.kind for change in batch.changes if change.kind is not Kind.UNCHANGED)
        added = {"dumps": int(batch.row is None), "releases": kinds[Kind.NEW]}
        decided_on = {
            "source": source,
            "sha": batch.dump.sha256,
            "path": batch.dump.path,
            "expected": to_json(_expected(batch)),
            "versions": sum(change.text_hash is not None for change in batch.changes),
            "events": kinds.total(),
            "is_first": batch.row is None,
        }
        [turn], [found] = self._handle.each(
            ("take_turn", {"source": source, "moves": int(moves), "at": at, "now": timestamp(now), **added}),
            ("decided_on", decided_on),
        )
        self._handle.require_own(found["store"])
        if found["renamed"]:
            raise StoreError(
                f"another monitor has renamed source {source} to {found['renamed']} meanwhile: start again"
            )
        if _depends_on_all(batch) and turn["generation"] - moves != batch.mark:
            raise Stale("the source changed meanwhile")
        if found["known"] != batch.known:
            raise Stale("another monitor has ingested the same content meanwhile")
        if found["moved"] is not None:
            raise Stale("releases changed meanwhile")
        self._open.dump, self._open.has_rejects = found["dump"], found["has_rejects"]
        self._open.events.update(kinds)
        return NewIds(versions=iter(found["versions"]), events=chain(found["events"], self._event_ids()))

    def _add_dump(self, batch: Batch, values: dict[str, Any]) -> dict[str, Any]:
        row = {"id": self._open.dump, **self._dump_row(batch, values)}
        self._handle.many("add_dump", [row])
        return row

    def _event_ids(self) -> Iterator[int]:
        """Yield ids one by one, for rejects: only some of them are new, and they are rare."""
        while True:
            yield self._handle.all("next_event_id")[0]["id"]

    def _open_rejects(self, of: Dump) -> Sequence[Row]:
        return super()._open_rejects(of) if self._open.has_rejects else ()

    def sketches(self, keys: Collection[bytes], *, most: int | None = None) -> Mapping[int, Sketch | None]:
        if self._kept.is_open:  # those of the same days are read once
            return super().sketches(keys, most=most)
        rows = self._handle.keyed("sketches_of_keys", keys, most=most or LAST)
        return {row["id"]: sketch_of(row) for row in rows}

    def _known_dumps(self, dump: Dump) -> Sequence[Sequence[Row]]:
        source, path = dump.source, dump.path
        return self._handle.each(
            ("dump_of_content", {"source": source, "sha": dump.sha256}),
            ("dump_of_path", {"source": source, "path": path, "here": self._place}),
            ("ledger_entry", {"source": source, "path": path, "here": self._place}),
            ("earlier_texts_of_path", {"source": source, "path": path, "here": self._place, "sha": dump.sha256}),
        )

    def _around(self, source: str, keys: Collection[bytes], numbers: Collection[int], *, limit: int) -> Around:
        """Read everything in one dialogue; what is added between two of its statements makes the batch stale."""
        wanted = {"keys": list(keys), "numbers": to_json(sorted(numbers)), "most": limit}
        generation, aliases, versions, heads = self._handle.each(
            ("generation", {"source": source}),
            ("aliases_of_keys", {"keys": list(keys), "most": limit}),
            ("past_versions_around", wanted),
            ("heads_around", wanted),
        )
        found, there = _by_key(aliases), {row["id"] for row in heads}
        by_key = {key: under for key, under in found.items() if len(under) < limit and there.issuperset(under)}
        mark = generation[0]["generation"] if generation else 0
        return Around(by_key=by_key, crowded=found.keys() - by_key.keys(), versions=versions, heads=heads, mark=mark)

    def _newest(self, keys: Collection[bytes], *, most: int) -> ByKey:
        return _by_key(self._handle.keyed("aliases_of_keys", keys, most=most))

    @contextmanager
    def _writing(self, source: str, *, now: datetime) -> Iterator[None]:
        with self._handle.pipelined(), self._counting(source, now=now):
            yield

    @contextmanager
    def _counting(self, source: str, *, now: datetime) -> Iterator[None]:
        """Add the events of a block, all of one source and time, to the totals at its end."""
        self._open.events.clear()
        yield
        if self._open.events:
            kinds = to_json(self._open.events)
            self._handle.many("add_event_totals", [{"source": source, "kinds": kinds, "at": timestamp(now)}])

    def _add_rejection(self, source: str, dump: int, reason: str, *, ids: Iterator[int], now: datetime) -> None:
        super()._add_rejection(source, dump, reason, ids=ids, now=now)
        self._open.events[Kind.REJECTED] += 1

    def _next_number(self, fresh: int) -> int:
        if fresh or self._numbers.has_any:
            return self._numbers.first_of(fresh)
        return super()._next_number(fresh)

    def _whole(self, source: str) -> AbstractContextManager[None]:
        return self._locked(source) if source else self._handle.transaction()

    @contextmanager
    def _locked(self, source: str) -> Iterator[None]:
        """Run a block as one transaction that holds the row of a source."""
        self._numbers.stock()
        taken = self._numbers.taken
        try:
            with self._open, self._handle.transaction():
                if not self._handle.all("lock_source", source=source):
                    self._handle.all("add_source", source=source)
                    self._handle.all("lock_source", source=source)
                yield
        except BaseException:
            if self._numbers.taken != taken:
                self._numbers.drop()  # a block that was taken in this transaction is not
            if not self._open.depth:
                self._open.channels.clear()
            raise
        self._note_news(())

    def _note_news(self, channels: Iterable[str]) -> None:
        """Note for which channels something was stored, once it is durable."""
        self._open.channels.update(channels)
        if not self._open.depth:
            self._membership.add_news(self._open.channels)
            self._open.channels.clear()


def _by_key(rows: Sequence[Row]) -> ByKey:
    """Return the releases of each key in the order of their numbers; the rows have the newest first."""
    found: dict[bytes, list[int]] = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row["release"])
    return {key: tuple(reversed(numbers)) for key, numbers in found.items()}


def _moves(batch: Batch) -> bool:
    """Return whether a decision that was made on the same state of the source would now be another one."""
    return batch.listing is not None or any(change.text_hash or change.keys for change in batch.changes)


def _depends_on_all(batch: Batch) -> bool:
    """Return whether a batch was decided on what its source does not have, and not only on releases that it names."""
    return batch.listing is not None or any(change.kind in (Kind.NEW, Kind.WITHDRAWN) for change in batch.changes)


def _expected(batch: Batch) -> dict[int, tuple[int, str | None]]:
    """Return the version and the state of each release as the decision saw it; None: in any state."""
    expected: dict[int, tuple[int, str | None]] = {number: (seq, "listed") for number, seq in batch.as_seen.items()}
    for change in batch.changes:
        if change.kind is not Kind.NEW:
            expected[change.number] = (change.base, _state_before(change.kind))
    return expected


def _state_before(kind: Kind) -> str | None:
    if kind is Kind.REAPPEARED:
        return "withdrawn"
    return None if kind in _ANY_STATE else "listed"
