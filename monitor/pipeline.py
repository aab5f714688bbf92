"""Carry one dump the whole way: parse it, compare it, match it, and store everything in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.collect.as_of import as_of, latest_day, name_stamp
from monitor.collect.batches import DumpPart, DumpSummary, batched, split_into_parts
from monitor.collect.file_reader import modified_at
from monitor.collect.formats.dash.dropped_lines import without_text
from monitor.collect.formats.dash.parser import PARSER_VERSION, DumpReader
from monitor.collect.source import SourceOptions
from monitor.compare.candidates import load_candidates
from monitor.compare.classify import classify, withdrawn
from monitor.compare.identity import FormCache, as_seen
from monitor.compare.reservations import Reservations
from monitor.errors import Stale
from monitor.match.matcher import Matcher
from monitor.model import Alert, Batch, Change, Dump, IngestReport, Mode, Record, SeenRecord
from monitor.notify.compose import compose
from monitor.ports import Known, Store

_REPLAY_AGE = timedelta(milliseconds=1)  # known content has no news: of two equally old dumps it loses
_MAX_ATTEMPTS = 10  # other threads and monitors write to the store as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The routing of alerts: which watchlist notifies which channels."""

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
    """Ingest one dump; on return all of it is stored.

    An ordinary dump is stored completely or not at all. A large one is stored in parts, each completely or not at all.
    After an interruption the next ingest starts at the top and finds what is stored unchanged. Raise FileChanged, and
    Interrupted between two parts.

    Matches of a muted watchlist are recorded without alerts. `muted` is called once, and never for known content.

    Known content is noted and has no effect, unless the mode is AGAIN or a newer timestamp in the file name makes it a
    newer confirmation.
    """
    known = store.find_dump(dump.source, dump.sha256)
    stamp = name_stamp(dump.name, options.timezone) if options.as_of in ("auto", "filename") else None
    is_replay = known is not None and (stamp is None or stamp <= known.as_of)
    if known and is_replay and mode is not Mode.AGAIN:
        return store.note_duplicate(dump, known, parser=PARSER_VERSION, now=now)
    reader = DumpReader(dump, categories=options.categories, max_record=options.max_record, drop=options.drop)
    summary, reservations, seen_records = _summarize(reader, dump, options, store, now=now)
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
        as_of=as_of(
            options.as_of,
            name=dump.name,
            dates=(summary.current,) if summary.current else (),
            modified=modified_at(dump.signature),
            arrived=now,
            timezone=options.timezone,
        ),
        is_replay=is_replay,
    )
    row = None
    for part in split_into_parts(reader.entries(), max_records=dump.max_records):
        report = run.ingest_part(part, row=row)
        row = report.dump
    return report


def _summarize(
    reader: DumpReader, dump: Dump, options: SourceOptions, store: Store, *, now: datetime
) -> tuple[DumpSummary, Reservations, dict[bytes, SeenRecord] | None]:
    """Read a dump once: summarize it, reserve the releases it shows, and look up which records were seen before.

    A dump that is not kept in memory has too many seen records to keep: they are None.
    """
    summary, reservations = DumpSummary(latest=latest_day(now, options.timezone)), Reservations()
    kept: dict[bytes, SeenRecord] | None = None if reader.kept is None else {}
    for entries in batched(reader.entries()):
        summary.add(entries)
        seen_records = store.seen_records(dump.source, {entry.digest for entry in entries if isinstance(entry, Record)})
        if dump.is_large:
            numbers = {one.number for one in seen_records.values() if not one.is_current}
            reservations.reserve(seen_records, store.versions(numbers))
        if kept is not None:
            kept.update(seen_records)
    return summary, reservations, kept


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
    as_of: datetime
    is_replay: bool

    def ingest_part(self, part: DumpPart, *, row: int | None) -> IngestReport:
        """Decide on one part and store it; decide again where the store has changed meanwhile."""
        dump, routing, seen_records = self.dump, self.routing, self.seen_records
        for _ in range(_MAX_ATTEMPTS):
            if seen_records is None:
                seen_records = self.store.seen_records(dump.source, {record.digest for record in part.records})
            seen, changes, titles = self._decide(part, seen_records)
            alerts = tuple(map(self._without_silent, routing.matcher.alerts(changes, source=dump.source)))
            notices = compose(alerts, source=dump.source, routes=routing.routes, titles=titles, urgent=routing.urgent)
            batch = Batch(
                dump=dump,
                as_of=self.as_of,
                status=_status(self.summary, self.mode) if part.is_last else "superseded",
                as_seen={one.number: one.version for one in seen.values()},
                changes=changes,
                rejects=part.rejects,
                alerts=alerts,
                notices=notices,
                parser=PARSER_VERSION,
                mode=self.mode,
                listing=self.options.listing_of(dump.name),
                row=row,
                is_last=part.is_last,
            )
            try:
                report = self.store.commit(batch, now=self.now)
            except Stale:
                seen_records = None
                continue
            self.reservations.mark_shown(seen, changes)
            return report
        raise Stale(f"the store kept changing while {dump.name} was ingested; the monitor will try again")

    def _decide(
        self, part: DumpPart, known_records: Mapping[bytes, SeenRecord]
    ) -> tuple[Mapping[bytes, SeenRecord], tuple[Change, ...], dict[int, str]]:
        """Return the seen records that change nothing, the changes, and the titles of related releases; write nothing.

        All come from one snapshot of the store. Records that show what they showed before come first: they are not
        parsed or compared.
        """
        source, reservations = self.dump.source, self.reservations
        seen_records = {each.digest: seen for each in part.records if (seen := known_records.get(each.digest))}
        free = [each for each in part.records if not reservations.is_repeat(each.digest, seen_records.get(each.digest))]
        same = as_seen(free, seen_records, is_free=reservations.is_free)
        records = [record for record in free if record.digest not in same]
        shown = {one.number for one in same.values()}
        form_cache = FormCache(records, source=source)
        known = load_candidates(
            records, source=source, seen_records=seen_records, form_cache=form_cache, store=self.store
        )
        known = _without_dropped(known, self.options.drop)
        unavailable = reservations.unavailable(known.heads, {record.digest for record in records})
        changes = classify(
            records,
            source=source,
            known=known,
            seen_records=seen_records,
            as_of=self.as_of - _REPLAY_AGE if self.is_replay else self.as_of,
            form_cache=form_cache,
            unavailable=replace(unavailable, reserved=unavailable.reserved | shown),
        )
        shown.update(change.number for change in changes)
        vanished = self._withdrawn(shown) if part.is_last else ()
        return same, changes + vanished, _titles(changes, known)

    def _without_silent(self, alert: Alert) -> Alert:
        """Return the alert without the watchlists that are muted or have no channel: they alert nobody."""
        silent = {name for name, channels in self.routing.routes.items() if not channels}.union(self.muted)
        return replace(alert, notified=tuple(name for name in alert.notified if name not in silent))

    def _withdrawn(self, shown: Collection[int]) -> tuple[Change, ...]:
        """Return the withdrawals: what a complete dump of a declared listing no longer shows within its days."""
        oldest, newest, listing = self.summary.oldest, self.summary.newest, self.options.listing_of(self.dump.name)
        if listing is None or self.summary.has_rejects or oldest is None or newest is None:
            return ()
        before = self.store.listing(self.dump.source, listing, after=oldest, before=newest, but=self.reservations)
        if before.as_of is not None and self.as_of < before.as_of:
            return ()
        return withdrawn(before.heads, shown=shown, listing=listing, as_of=self.as_of)


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
    if summary.has_records:
        return "stored"
    return "rejected" if summary.has_reject_text else "empty"
