"""The whole way of one dump, top to bottom: text → releases → changes → alerts → notices → one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.collect.as_of import Clues, as_of, latest_day, name_stamp
from monitor.collect.batches import DumpPart, DumpSummary, batched, split_into_parts
from monitor.collect.file_reader import modified_at
from monitor.collect.formats.dash.parser import PARSER_VERSION, DumpReader
from monitor.collect.source import SourceOptions
from monitor.compare.candidates import load_candidates
from monitor.compare.classify import classify, withdrawn
from monitor.compare.identity import FormCache, as_seen
from monitor.compare.reservations import Reservations
from monitor.errors import Stale
from monitor.match.matcher import Matcher
from monitor.model import Alert, Batch, Change, Dump, IngestReport, Mode, Notice, Record, SeenRecord
from monitor.notify.compose import compose
from monitor.ports import Known, Store

_REPLAY_AGE = timedelta(milliseconds=1)  # bytes seen before carry no news: at equal age they lose
_MAX_ATTEMPTS = 10  # against a store that other threads or monitors write to as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Who is told what."""

    matcher: Matcher
    routes: Mapping[str, Sequence[str]]  # watchlist → channels
    urgent: frozenset[str] = frozenset()  # watchlists that pass digests and quiet hours


def ingest(
    dump: Dump,
    *,
    options: SourceOptions,
    routing: Routing,
    store: Store,
    now: datetime,
    mode: Mode,
    muted: Callable[[], Collection[str]] = frozenset,
) -> IngestReport:
    """Carry one dump the whole way; on return all of it is stored.

    An ordinary dump is stored whole or not at all. A large one is stored part by part, each whole or not at all. After
    a take-in that was cut off the next one starts at the top, and finds what is stored already unchanged.
    Raises FileChanged, Interrupted between two parts.

    What a muted watchlist matches is recorded, and nobody is told; `muted` is asked once, and not for known content.

    Content that is known already is noted and leads to nothing, unless the mode is AGAIN or a newer stamp in the file
    name makes it a newer confirmation.
    """
    known = store.find_dump(dump.source, dump.sha256)
    is_replay = known is not None and not _is_newer(dump, known, options)
    if known and is_replay and mode is not Mode.AGAIN:
        return store.note_duplicate(dump, known, parser=PARSER_VERSION, now=now)
    reading = DumpReader(dump, categories=options.categories, max_record=options.max_record)
    survey, reservations, sighted = _summarize(reading, dump, options, store, now=now)
    taking = _IngestRun(
        dump=dump,
        options=options,
        routing=routing,
        store=store,
        now=now,
        mode=mode,
        muted=muted(),
        survey=survey,
        reservations=reservations,
        seen_records=sighted,
        as_of=_as_of(dump, survey, options, now=now),
        is_replay=is_replay,
    )
    row = None
    for part in split_into_parts(reading.entries(), max_records=dump.max_records):
        report = taking.ingest_part(part, row=row)
        row = report.dump
    return report


def _summarize(
    reading: DumpReader, dump: Dump, options: SourceOptions, store: Store, *, now: datetime
) -> tuple[DumpSummary, Reservations, Mapping[bytes, SeenRecord] | None]:
    """Look through all of a dump: what it says of itself, and which of its records were seen before.

    Of one that is not held that is forgotten, but for which releases they show.
    """
    survey, reservations = DumpSummary(latest=latest_day(now, options.timezone)), Reservations()
    sighted: dict[bytes, SeenRecord] | None = {} if reading.is_held else None
    for entries in batched(reading.entries()):
        survey.add(entries)
        seen_records = store.seen_records(dump.source, {entry.digest for entry in entries if isinstance(entry, Record)})
        if dump.is_large:
            reservations.note(
                seen_records, store.versions({one.number for one in seen_records.values() if not one.is_current})
            )
        if sighted is not None:
            sighted.update(seen_records)
    return survey, reservations, sighted


def _as_of(dump: Dump, survey: DumpSummary, options: SourceOptions, *, now: datetime) -> datetime:
    dates = (survey.current,) if survey.current else ()
    clues = Clues(name=dump.name, dates=dates, modified=modified_at(dump.signature), arrived=now)
    return as_of(options.as_of, clues, timezone=options.timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _IngestRun:
    """One take-in: what stays the same from part to part."""

    dump: Dump
    options: SourceOptions
    routing: Routing
    store: Store
    now: datetime
    mode: Mode
    muted: Collection[str]
    survey: DumpSummary
    reservations: Reservations
    seen_records: Mapping[bytes, SeenRecord] | None  # before the first part; None: there are too many to be kept
    as_of: datetime
    is_replay: bool

    def ingest_part(self, part: DumpPart, *, row: int | None) -> IngestReport:
        """Decide on one part and store it; decided anew where the store has moved meanwhile."""
        seen_records = self.seen_records
        for _ in range(_MAX_ATTEMPTS):
            if seen_records is None:
                seen_records = self.store.seen_records(self.dump.source, {record.digest for record in part.records})
            seen, changes, titles = self._decide(part, seen_records)
            alerts = _without_muted(self.routing.matcher.alerts(changes, source=self.dump.source), self.muted)
            batch = Batch(
                dump=self.dump,
                as_of=self.as_of,
                status=_status(self.survey, self.mode) if part.is_last else "superseded",
                as_seen={one.number: one.version for one in seen.values()},
                changes=changes,
                rejects=part.rejects,
                alerts=alerts,
                notices=_notices(alerts, self.dump.source, self.routing, titles=titles),
                parser=PARSER_VERSION,
                mode=self.mode,
                listing=self._listing,
                row=row,
                is_last=part.is_last,
            )
            try:
                report = self.store.commit(batch, now=self.now)
            except Stale:
                seen_records = None
                continue
            self.reservations.take(seen, changes)
            return report
        raise Stale(f"the store kept changing while {self.dump.name} was taken in; it will be tried again")

    @property
    def _listing(self) -> str | None:
        return self.options.listing_of(self.dump.name)

    def _decide(
        self, part: DumpPart, sighted: Mapping[bytes, SeenRecord]
    ) -> tuple[Mapping[bytes, SeenRecord], tuple[Change, ...], dict[int, str]]:
        """What a part makes of every release, on one snapshot of the store, and the titles of those they are linked to.

        First come the records that show just what they showed before: nothing of them is read or compared. Nothing is
        written.
        """
        source, reservations = self.dump.source, self.reservations
        seen_records = {each.digest: seen for each in part.records if (seen := sighted.get(each.digest))}
        free = [each for each in part.records if not reservations.is_repeat(each.digest, seen_records.get(each.digest))]
        same = as_seen(free, seen_records, is_free=reservations.is_free)
        records = [record for record in free if record.digest not in same]
        shown = {one.number for one in same.values()}
        form_cache = FormCache(records, source=source)
        known = load_candidates(
            records, source=source, seen_records=seen_records, form_cache=form_cache, store=self.store
        )
        unavailable = reservations.unavailable(known.heads, {record.digest for record in records})
        changes = classify(
            records,
            source=source,
            known=known,
            seen_records=seen_records,
            as_of=self.as_of - _REPLAY_AGE if self.is_replay else self.as_of,
            form_cache=form_cache,
            unavailable=replace(unavailable, held=unavailable.held | shown),
        )
        shown.update(change.number for change in changes)
        vanished = self._withdrawn(shown) if part.is_last else ()
        return same, changes + vanished, _titles(changes, known)

    def _withdrawn(self, shown: Collection[int]) -> tuple[Change, ...]:
        """What a complete dump of a declared listing no longer shows, though it reaches further back and forth."""
        oldest, newest = self.survey.oldest, self.survey.newest
        if self._listing is None or self.survey.has_rejects or oldest is None or newest is None:
            return ()
        before = self.store.listing(self.dump.source, self._listing, after=oldest, before=newest, but=self.reservations)
        if before.as_of is not None and self.as_of < before.as_of:
            return ()
        return withdrawn(before.heads, shown=shown, listing=self._listing, as_of=self.as_of)


def _titles(changes: Sequence[Change], known: Known) -> dict[int, str]:
    """The titles of the releases that changes are linked to: of this dump, or else as they are known."""
    linked = {number for change in changes for number in change.related}
    shown = {change.number: change.after.title for change in changes if change.number in linked}
    return {number: known.heads[number].release.title for number in linked - shown.keys()} | shown


def _without_muted(alerts: Sequence[Alert], muted: Collection[str]) -> tuple[Alert, ...]:
    return tuple(replace(alert, told=tuple(name for name in alert.told if name not in muted)) for alert in alerts)


def _notices(
    alerts: Sequence[Alert], source: str, routing: Routing, *, titles: Mapping[int, str]
) -> tuple[Notice, ...]:
    return compose(alerts, source=source, routes=routing.routes, titles=titles, urgent=routing.urgent)


def _is_newer(dump: Dump, known: IngestReport, options: SourceOptions) -> bool:
    stamp = name_stamp(dump.name, options.timezone) if options.as_of in ("auto", "filename") else None
    return stamp is not None and stamp > known.as_of


def _status(survey: DumpSummary, mode: Mode) -> str:
    if mode is Mode.WATCH and survey.has_tail:
        return "held"
    if survey.has_records:
        return "stored"
    return "rejected" if survey.has_text else "empty"
