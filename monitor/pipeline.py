"""Carry one dump the whole way: parse it, compare it, match it, and store everything in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from monitor.collect.as_of import age_of, latest_day, name_stamp
from monitor.collect.batches import DumpPart, DumpSummary, batched, split_into_parts
from monitor.collect.file_reader import file_times
from monitor.collect.formats.base import Reading
from monitor.collect.formats.dash.dropped_lines import without_text
from monitor.collect.formats.registry import reader, version_of
from monitor.collect.source import SourceOptions
from monitor.compare.age import doubt_of, is_older
from monitor.compare.candidates import load_candidates, load_similar
from monitor.compare.classify import classify, withdrawn
from monitor.compare.form_cache import FormCache
from monitor.compare.identity import as_seen, assign, settle
from monitor.compare.open_records import OpenRecords
from monitor.compare.publisher_ids import count_ids, settle_ids
from monitor.compare.reservations import Reservations, Unavailable
from monitor.dump_age import Age, Evidence
from monitor.errors import Stale
from monitor.frozen import dataclass
from monitor.ingest_values import Batch, IdCounts, IngestReport, Mode
from monitor.match.matcher import Matcher
from monitor.model import (
    Alert,
    Change,
    Dump,
    Notice,
    Record,
    SeenRecord,
)
from monitor.notify.compose import compose
from monitor.ports import Known, KnownDumps, Store

_ENDS = 2  # releases of the oldest and the newest day of a dump, between which releases can be missing
_MAX_ATTEMPTS = 10  # other threads and monitors write to the store as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The routing of alerts: which watchlist notifies which channels."""

    matcher: Matcher
    routes: Mapping[str, Sequence[str]]  # watchlist → channels
    urgent: frozenset[str] = frozenset()  # watchlists that pass digests and quiet hours
    full_text: frozenset[str] = frozenset()  # channels whose alerts hold the whole text of a release
    # Called for a dump with rejects and for a half-loaded listing, within the transaction that stores it.
    alert_operator: Callable[[IngestReport], None] = lambda report: None

    def notices(self, alerts: Sequence[Alert], *, dump: Dump, titles: Mapping[int, str]) -> tuple[Notice, ...]:
        """Return the notices of a dump's alerts; `titles` names the related releases."""
        return compose(
            alerts,
            source=dump.source,
            dump=dump.name,
            routes=self.routes,
            titles=titles,
            urgent=self.urgent,
            full_text=self.full_text,
        )


def ingest(  # noqa: PLR0913 - each is a part that a caller may bring of its own
    dump: Dump,
    *,
    options: SourceOptions,
    routing: Routing,
    store: Store,
    now: datetime,
    mode: Mode,
    muted: Callable[[], Collection[str]] = frozenset,
    read: Callable[[Dump, SourceOptions], Reading] = reader,
    on_part: Callable[[int, int], object] = lambda _stored, _records: None,
    found: KnownDumps | None = None,
) -> IngestReport:
    """Ingest one dump; on return all of it is stored.

    An ordinary dump is stored completely or not at all. A large one is stored in parts, each completely or not at all.
    After an interruption the next ingest starts at the top and finds what is stored unchanged. Raise FileChanged, and
    Interrupted between two parts.

    Matches of a muted watchlist are recorded without alerts. `muted` is called once, and never for known content.
    read: how the records of a dump are found. on_part: called after each part of a large dump with the records that
    are stored, and with all that the dump has. found: what the store knows of it; None: the store is asked.

    Known content is noted and has no effect, unless the mode is AGAIN, a newer timestamp in the file name makes it a
    newer confirmation, or the same path has shown something else since: a publisher may go back.
    """
    again = partial(
        ingest,
        dump,
        options=options,
        routing=routing,
        store=store,
        now=now,
        mode=mode,
        muted=muted,
        read=read,
        on_part=on_part,
    )
    found = found or store.known_dumps(dump)
    known, before = found.same, found.before
    replayed = known if known and not _is_newer(dump, known, before, options, now=now) else None
    if replayed and mode is not Mode.AGAIN:
        return store.note_duplicate(dump, replayed, parser=version_of(options), now=now)
    reading = read(dump, options)
    summary, reservations, seen_records = _summarize(reading, dump, options, store, now=now)
    run = _IngestRun(
        dump=dump,
        options=options,
        routing=routing,
        store=store,
        now=now,
        mode=mode,
        muted=muted(),
        summary=summary,
        reservations=reservations,
        seen_records=seen_records,
        known=known.dump if known else None,
        age=replace(
            _age(dump, options, summary, replayed=replayed, after=before.as_of if before else None, now=now),
            earlier_texts=found.earlier_texts,
        ),
    )
    try:
        report = run.ingest_all(reading, on_part)
    except _TwinError:
        return again()
    return replace(report, unread_dates=summary.unread_dates, unread_date=summary.unread_date)


def _is_newer(
    dump: Dump, known: IngestReport, before: IngestReport | None, options: SourceOptions, *, now: datetime
) -> bool:
    """Return whether known content comes back as news; before: what its path showed until it was rewritten."""
    if before and before.dump > known.dump:
        return True
    reads_names = options.as_of in ("auto", "filename")
    stamp = name_stamp(dump.name, options.timezone, arrived=now) if reads_names else None
    return stamp is not None and stamp.start > known.as_of


def _age(
    dump: Dump,
    options: SourceOptions,
    summary: DumpSummary,
    *,
    replayed: IngestReport | None,
    after: datetime | None,
    now: datetime,
) -> Age:
    """Return how old a dump is. Known content that is compared again is as old as it was the first time."""
    age = age_of(
        options.as_of,
        name=dump.name,
        newest=summary.current,
        arrived=now,
        timezone=options.timezone,
        times=file_times(dump.signature) if options.believes_file_times else None,
        after=after,
    )
    if replayed is None:
        return age
    if age.evidence is Evidence.ARRIVAL:
        return replace(age, as_of=replayed.as_of, evidence=Evidence.FILE_TIME, is_replay=True)
    return replace(age, is_replay=True)


def _summarize(
    reading: Reading, dump: Dump, options: SourceOptions, store: Store, *, now: datetime
) -> tuple[DumpSummary, Reservations, dict[bytes, SeenRecord] | None]:
    """Read a dump once: summarize it, reserve the releases it shows, and look up which records were seen before.

    A dump that is not kept in memory has too many seen records to keep: they are None.
    """
    summary, reservations = DumpSummary(latest=latest_day(now, options.timezone)), Reservations()
    kept: dict[bytes, SeenRecord] | None = None if reading.kept is None else {}
    for entries in batched(reading.entries()):
        summary.add(entries)
        seen_records = store.seen_records(dump.source, {entry.digest for entry in entries if isinstance(entry, Record)})
        if dump.is_large:
            numbers = {one.number for one in seen_records.values() if not one.is_current}
            reservations.reserve(seen_records, store.versions(numbers))
        if kept is not None:
            kept.update(seen_records)
    return summary, reservations, kept


class _TwinError(Exception):
    """Another monitor has ingested the same content meanwhile."""


class _Decision(NamedTuple):
    """What one part of a dump leads to."""

    seen: Mapping[bytes, SeenRecord]  # records that change nothing
    changes: tuple[Change, ...]
    titles: dict[int, str]  # of related releases
    missing: tuple[int, ...]  # releases that wait for a second dump of the listing
    mark: int  # `Known.mark`


@dataclass(frozen=True, slots=True, kw_only=True)
class _IngestRun:
    """One ingest of a dump: the values that are the same for all its parts."""

    dump: Dump
    options: SourceOptions
    routing: Routing
    store: Store
    now: datetime
    mode: Mode
    muted: Collection[str]
    summary: DumpSummary
    reservations: Reservations
    seen_records: Mapping[bytes, SeenRecord] | None  # before the first part; None: too many to keep
    known: int | None  # `Batch.known`
    age: Age

    def ingest_all(self, reading: Reading, on_part: Callable[[int, int], object]) -> IngestReport:
        """Ingest part after part; return the report on all of them. Raises _TwinError."""
        row, ids, stored = None, IdCounts(), 0
        for part in split_into_parts(reading.entries(), max_records=self.dump.max_records):
            report = self._ingest_part(part, row=row, ids=ids)
            row, ids, stored = report.dump, report.ids, stored + len(part.records)
            if self.dump.is_large:
                on_part(self.summary.records if part.is_last else stored, self.summary.records)
        return report

    def _ingest_part(self, part: DumpPart, *, row: int | None, ids: IdCounts) -> IngestReport:
        """Decide on one part and store it; decide again where the store has changed meanwhile.

        ids: what the earlier parts have told. Raises _TwinError.
        """
        dump, seen_records = self.dump, self.seen_records
        for _ in range(_MAX_ATTEMPTS):
            try:
                with self.store.turn(dump.source) as is_held:
                    if is_held:  # others have written while this one waited
                        self._refuse_twin()
                    if is_held or seen_records is None:
                        seen_records = self.store.seen_records(dump.source, {record.digest for record in part.records})
                    decision = self._decide(part, seen_records)
                    batch = self._batch(part, decision, row=row, ids=ids)
                    report = self._commit(batch)
            except Stale:
                self._refuse_twin()
                seen_records = None
                continue
            self.reservations.mark_shown(decision.seen, decision.changes)
            return replace(report, ids=batch.ids)
        raise Stale(f"the store kept changing while {dump.name} was ingested; the monitor will try again")

    def _batch(self, part: DumpPart, decision: _Decision, *, row: int | None, ids: IdCounts) -> Batch:
        """Return all that a decision leads to."""
        dump, routing, changes = self.dump, self.routing, decision.changes
        alerts = tuple(map(self._without_silent, routing.matcher.alerts(changes, source=dump.source)))
        return Batch(
            dump=dump,
            age=self.age,
            status=_status(self.summary, self.mode) if part.is_last else "superseded",
            as_seen={one.number: one.version for one in decision.seen.values()},
            changes=changes,
            rejects=part.rejects,
            alerts=alerts,
            notices=routing.notices(alerts, dump=dump, titles=decision.titles),
            parser=version_of(self.options),
            mode=self.mode,
            listing=self.options.listing_of(dump.name),
            missing=decision.missing,
            row=row,
            is_last=part.is_last,
            ids=ids + count_ids(changes, decision.seen),
            mark=decision.mark,
            known=self.known,
        )

    def _refuse_twin(self) -> None:
        """Raise _TwinError where the store knows the content by now."""
        known = self.store.find_dump(self.dump.source, self.dump.sha256)
        if (known.dump if known else None) != self.known:
            raise _TwinError

    def _commit(self, batch: Batch) -> IngestReport:
        """Store a batch, and with the last one the alert to the operator: neither is there without the other."""
        if not batch.is_last or not (batch.missing or self.summary.has_rejects):
            return self.store.commit(batch, now=self.now)
        with self.store.shared_transaction(self.dump.source):
            report = replace(self.store.commit(batch, now=self.now), missing=len(batch.missing))
            self.routing.alert_operator(report)
        return report

    def _decide(self, part: DumpPart, known_records: Mapping[bytes, SeenRecord]) -> _Decision:
        """Decide on one part, by one snapshot of the store; write nothing.

        Records that show what they showed before come first: they are not parsed or compared.
        """
        reservations = self.reservations
        settled = settle_ids(part.records)
        seen_records = {each.digest: seen for each in settled if (seen := known_records.get(each.digest))}
        free = [each for each in settled if not self._is_passed_over(each, seen_records.get(each.digest))]
        same = as_seen(free, seen_records, is_free=reservations.is_free)
        records = [record for record in free if record.digest not in same]
        shown = {one.number for one in same.values()}
        digests = {record.digest for record in part.records}
        changes, known = self._compare(records, seen_records, shown=shown, digests=digests)
        shown.update(change.number for change in changes)
        vanished, missing = self._withdrawn(shown) if part.is_last else ((), ())
        return _Decision(same, changes + vanished, _titles(changes, known), missing, known.mark)

    def _compare(
        self,
        records: Sequence[Record],
        seen_records: Mapping[bytes, SeenRecord],
        *,
        shown: Collection[int],
        digests: Collection[bytes],
    ) -> tuple[tuple[Change, ...], Known]:
        """Compare records with what is known; with the releases of the days around only those that need it.

        shown: the releases of records that are unchanged. digests: of all records of the part.
        """
        form_cache = FormCache(records, source=self.dump.source)
        compared = OpenRecords(records=records, seen_records=seen_records, age=self.age, form_cache=form_cache)
        known = _without_dropped(load_candidates(compared, self.store), self.options.drop)
        settled = settle(compared, known, self._unavailable(known, shown, digests))
        known = _without_dropped(load_similar(compared, self.store, known=known, but=settled), self.options.drop)
        pairings = assign(compared, known, self._unavailable(known, shown, digests), settled=settled)
        return classify(pairings, compared, known), known

    def _unavailable(self, known: Known, shown: Collection[int], digests: Collection[bytes]) -> Unavailable:
        found = self.reservations.unavailable(known.heads, digests)
        return replace(found, reserved=found.reserved.union(shown))

    def _is_passed_over(self, record: Record, seen: SeenRecord | None) -> bool:
        """Return whether an earlier part has this record, or the dump has a later capture of its release."""
        if self.reservations.is_repeat(record.digest, seen):
            return True
        is_earlier = record.ref is not None and seen is not None and not seen.is_current
        return is_earlier and seen is not None and not self.reservations.is_free(seen.number, record.digest)

    def _without_silent(self, alert: Alert) -> Alert:
        """Return the alert without the watchlists that are muted or have no channel: they alert nobody."""
        silent = {name for name, channels in self.routing.routes.items() if not channels}.union(self.muted)
        if silent.isdisjoint(alert.notified):
            return alert
        return replace(alert, notified=tuple(name for name in alert.notified if name not in silent))

    def _withdrawn(self, shown: Collection[int]) -> tuple[tuple[Change, ...], tuple[int, ...]]:
        """Return the withdrawals: what a complete dump of a declared listing no longer shows within its days.

        Where that is more than it still shows of what it showed before, the page may be half loaded. Then return also
        the releases that are missing: they are withdrawn once a second dump lacks them, too.
        """
        oldest, newest, listing = self.summary.oldest, self.summary.newest, self.options.listing_of(self.dump.name)
        if listing is None or self.summary.has_rejects or oldest is None or newest is None:
            return (), ()
        before = self.store.listing(self.dump.source, listing, after=oldest, before=newest, but=self.reservations)
        if before.last and (is_older(self.age, before.last) or doubt_of(self.age, before.last)):
            return (), ()
        gone = withdrawn(before.heads, shown=shown, listing=listing, age=self.age)
        kept = before.known - len(gone) + _ENDS
        if len(gone) <= kept:
            return gone, ()
        confirmed = before.missing if self.mode is not Mode.AGAIN else frozenset()
        sure = tuple(change for change in gone if change.number in confirmed)
        return sure, tuple(change.number for change in gone if change.number not in confirmed)


def _without_dropped(known: Known, drop: tuple[str, ...]) -> Known:
    """Return what is known without lines that were stored before they were left out: that alone is no change."""
    if not drop:
        return known
    heads = {n: replace(head, release=without_text(head.release, drop)) for n, head in known.heads.items()}
    return replace(known, heads=heads)


def _titles(changes: Sequence[Change], known: Known) -> dict[int, str]:
    """Return the titles of related releases, from this dump where it shows them."""
    linked = {number for change in changes for number in change.related}
    shown = {change.number: change.after.title for change in changes if change.number in linked}
    return {number: known.heads[number].release.title for number in linked - shown.keys()} | shown


def _status(summary: DumpSummary, mode: Mode) -> str:
    if mode is Mode.WATCH and summary.has_tail:
        return "held"
    if summary.records:
        return "stored"
    return "rejected" if summary.has_reject_text else "empty"
