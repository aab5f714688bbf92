"""Read, decode and ingest files; an error in one file does not affect the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from itertools import chain, groupby, islice

from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import File, Skipped, open_file, unread_identity
from monitor.collect.source import Source
from monitor.collect.watching.file_queue import SMALL
from monitor.collect.watching.folder import FolderFiles
from monitor.collect.watching.racy import smudged
from monitor.daemon.garbage import seldom_collected
from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.daemon.pacing import GROUP_MAX, GROUP_SECONDS, PartPacer
from monitor.daemon.reject_alerts import RejectAlerts
from monitor.errors import FileChanged, Interrupted, StoreDown, StoreError
from monitor.health.counters import Counters
from monitor.health.daemon_state import NAMES_SHOWN, UnreadPaths
from monitor.ingest_values import IngestReport, LedgerEntry, Mode
from monitor.logs import fail, say, warn, warn_store
from monitor.model import Dump, FileSignature, Kind
from monitor.pipeline import Routing, ingest
from monitor.ports import ChannelStates, SourceStates, Store
from monitor.text import escape
from monitor.times import rfc3339

MAX_NAME = 200  # characters of a path in a message
MAX_DUPLICATE_LINES = 5  # more files of known content share one log line


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOutcome:
    """The result of one attempt to ingest a path."""

    path: bytes
    source: Source
    report: IngestReport | None = None  # None: it is no dump, has vanished, or cannot be read now
    is_postponed: bool = False  # it could not be read or stored now; to be tried again
    fault: str = ""  # why it could not be stored
    is_refused: bool = False  # that was due to the files that shared its transaction, or to the store
    is_failed: bool = False  # an error in this program; it is tried again later
    error: str = ""  # which one
    seconds: float = 0.0  # that the attempt took, where somebody measured them


class FileState(Enum):
    """What the ledger knows of a file as it is now."""

    NEW = "new"  # it was never ingested, or has changed
    UNPROVEN = "unproven"  # it was ingested, and may have been written again without a trace
    KNOWN = "known"  # it was ingested, or skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of a scan of one source's folder."""

    pending: tuple[bytes, ...]  # dump files that are not in the ledger with their current signature, oldest first
    unknown: frozenset[bytes]  # of these, the paths that the ledger does not know at all
    unproven: tuple[bytes, ...]  # dump files that need a second look
    unread: UnreadPaths
    known: int  # dump files that are not pending


@dataclass(eq=False)
class Ingester:
    """Ingests files, one at a time; remembers only the files that it skips."""

    sources: Sequence[Source]
    _: KW_ONLY
    routing: Routing
    store: Store
    channel_states: ChannelStates
    source_states: SourceStates
    operator: OperatorAlerts
    counters: Counters
    group_seconds: float = GROUP_SECONDS
    on_part: Callable[[int, int], object] = lambda _stored, _records: None  # as `ingest` calls it

    def __post_init__(self) -> None:
        self.routing = replace(self.routing, alert_operator=self._alert_operator)
        self.reject_alerts = RejectAlerts(store=self.store, source_states=self.source_states, operator=self.operator)
        self._skipped: dict[bytes, FileSignature] = {}  # not ingested until they change
        self._without_baseline = {
            s.name for s in self.sources if s.wants_baseline and self.source_states.begin_baseline(s.name)
        }
        self._outage: float | None = None  # of the store: the last one of which a file was logged
        self._refusals = set[str]()  # what the store said of files since it took the last one; each was logged once
        self._baseline_paths: dict[str, set[bytes]] = {}  # open files of a source's baseline, by source
        self._untried_paths: dict[str, set[bytes]] = {}  # of these; when none is left, the baseline is complete

    def source_of(self, path: bytes) -> Source | None:
        """Return the first source whose folder and globs fit; None: none does."""
        return next((source for source in self.sources if source.folder.holds(path)), None)

    def scan(self, source: Source) -> ScanResult:
        """Scan the folder of a source. Raises OSError when it cannot be read."""
        ledger = self.store.ledger(source.name)
        listing = source.folder.scan()
        self._forget_skipped(source, {path for path, _ in listing.dumps})
        before = self.sources[: self.sources.index(source)]  # a file belongs to the first source that it fits
        found = {
            path: self._state(path, source, signature, ledger.get(path))
            for path, signature in listing.dumps
            if not any(other.folder.holds(path) for other in before)
        }
        waiting = tuple(path for path, state in found.items() if state is FileState.NEW)
        is_early = source.fetch is not None and not waiting and source.name in self._without_baseline
        if not is_early:  # the first file that is fetched makes the baseline
            self.start_baseline(waiting, source)
        return ScanResult(
            pending=waiting,
            unknown=frozenset(path for path in waiting if path not in ledger and path not in self._skipped),
            unproven=tuple(path for path, state in found.items() if state is FileState.UNPROVEN),
            unread=self._unread(listing, source),
            known=len(found) - len(waiting),
        )

    def file_state(self, path: bytes, source: Source, signature: FileSignature) -> FileState:
        """Return what the ledger knows of a file as it is now; no file is opened."""
        return self._state(path, source, signature, self.store.ledger_entry(source.name, path))

    def is_ingested(self, path: bytes, *, source: Source) -> bool:
        """Return whether a file was ingested as it is now, or skipped."""
        signature = source.folder.signature_at(path)
        return signature is not None and self.file_state(path, source, signature) is not FileState.NEW

    def start_baseline(self, paths: Sequence[bytes], source: Source) -> None:
        """Make these files the baseline of the source, if it is to have one and has none yet."""
        if source.name in self._without_baseline:
            self._without_baseline.remove(source.name)
            self._baseline_paths[source.name] = set(paths)
            self._untried_paths[source.name] = set(paths)
        if source.name in self._baseline_paths:  # files that have vanished are no part of it
            self._baseline_paths[source.name].intersection_update(paths)
        if source.name in self._untried_paths:
            self._untried_paths[source.name].intersection_update(paths)
            self._end_baseline(source)

    def ingest(self, path: bytes, source: Source, *, mode: Mode) -> IngestOutcome:
        """Ingest one file and log the result; an error in the file is part of the result."""
        return self._concluded(self.ingest_file(path, source, mode=mode))

    def ingest_all(self, files: Iterable[tuple[bytes, Source]], *, mode: Mode) -> Iterator[IngestOutcome]:
        """Ingest files in this order and log the results; small ones that follow each other share commits."""
        with seldom_collected():
            for (is_small, _), run in groupby(files, key=self._group_of):
                if not is_small:
                    yield from (self.ingest(path, source, mode=mode) for path, source in run)
                while is_small and (group := self.ingest_group(run, mode=mode)):
                    for outcome in group:
                        if outcome.is_refused:
                            outcome = self.ingest_file(outcome.path, outcome.source, mode=mode)  # noqa: PLW2901
                        yield self._concluded(outcome)

    def ingest_group(self, files: Iterator[tuple[bytes, Source]], *, mode: Mode) -> list[IngestOutcome]:
        """Ingest the next small files in one transaction without logging success; none: there are no more.

        What cannot be stored together is postponed, all of it.
        """
        group, until = list[IngestOutcome](), time.monotonic() + self.group_seconds
        for first in islice(files, 1):
            try:
                with self.store.shared_transaction(first[1].name):
                    for path, source in chain([first], files):
                        began = time.monotonic()
                        outcome = self.ingest_file(path, source, mode=mode)
                        ended = time.monotonic()
                        group.append(replace(outcome, seconds=ended - began))
                        if outcome.fault or len(group) == GROUP_MAX or ended >= until:
                            break
            except StoreError as error:
                warn_store(error)
                tried = [(one.path, one.source) for one in group] or [first]
                refused = partial(IngestOutcome, is_postponed=True, is_refused=True, fault=error.message)
                return [refused(path=path, source=source) for path, source in tried]
        return group

    def _group_of(self, file: tuple[bytes, Source]) -> tuple[bool, str]:
        """Return what files of one group have in common: they are small; in a shared store they are of one source."""
        return _is_small(file), file[1].name if self.store.is_shared else ""

    def _concluded(self, outcome: IngestOutcome) -> IngestOutcome:
        self.log_outcomes([outcome])
        self.finish(outcome)
        return outcome

    def ingest_file(
        self, path: bytes, source: Source, *, mode: Mode, between: Callable[[], None] = lambda: None
    ) -> IngestOutcome:
        """Ingest one file without logging success; `log_outcomes` and `finish` follow once it is durable.

        between: called between two parts of a large dump, while no transaction is open. Where it raises Interrupted,
        the ingest ends; a later one starts at the top.
        """
        name = source.folder.name_of(path)
        outcome = partial(IngestOutcome, path=path, source=source)
        opened_at = time.time_ns()
        try:
            with open_file(path, root=source.folder.path, follow_symlinks=source.folder.follows_links) as file:
                pacer = PartPacer(between)
                dump = read_dump(file, source, pause=pacer.pause, max_records=pacer.max_records, opened_at=opened_at)
                found = self.store.known_dumps(dump)
                if mode is not Mode.AGAIN and self._is_confirmed(dump, file, found.entry):
                    return outcome()
                clock = self.operator.clock
                now = clock.now()
                report = ingest(
                    dump,
                    options=source.options.without_file_times() if clock.offset() else source.options,
                    routing=self.routing,
                    store=self.store,
                    now=now,
                    mode=mode,
                    muted=partial(self._muted_watchlists, dump, now),
                    on_part=self.on_part,
                    found=found,
                )
                return outcome(report=report)
        except FileNotFoundError:
            say("file_vanished", source=source.name, name=name)
        except Skipped as error:
            say("file_skipped", source=source.name, name=name, reason=error.message)
            self._skip(path, source)
        except Interrupted:
            say("dump_interrupted", source=source.name, name=name)
            return outcome(is_postponed=True)
        except (FileChanged, StoreError, OSError) as error:
            if self._is_news(error):
                warn("file_postponed", source=source.name, name=name, reason=escape(str(error)))
            return outcome(is_postponed=True, fault=error.message if isinstance(error, StoreError) else "")
        except Exception as error:  # noqa: BLE001 - the border of one dump: an error in this program must not stop the others
            fail("dump_failed", error, source=source.name, name=name)
            return outcome(is_failed=True, error=type(error).__name__)
        return outcome()

    def _is_news(self, error: Exception) -> bool:
        """Return whether to log that a file waits; where all wait for the store for one reason, only for the first."""
        if isinstance(error, StoreDown):
            before, self._outage = self._outage, error.since
            return error.since != before
        if isinstance(error, StoreError):
            is_known = error.message in self._refusals
            self._refusals.add(error.message)
            return not is_known
        return True

    def log_outcomes(self, group: Sequence[IngestOutcome]) -> None:
        """Count and log durable ingests, one line each; many files of known content share one line."""
        for outcome in group:
            if outcome.report:
                self.counters.count_ingest(outcome.report)
            if outcome.is_failed:
                self.counters.count_failed_ingest()
        reports = [outcome.report for outcome in group if outcome.report]
        if reports:
            self._refusals.clear()
        known = [report.name for report in reports if report.status == "duplicate"]
        for report in reports:
            if report.status != "duplicate" or len(known) <= MAX_DUPLICATE_LINES:
                _log_report(report)
        if len(known) > MAX_DUPLICATE_LINES:
            say("dumps_duplicate", count=len(known), names=", ".join([*known[:MAX_DUPLICATE_LINES], "…"]))

    def finish(self, outcome: IngestOutcome) -> None:
        """Alert the operators to an error in this program, and end the source's baseline with its last file."""
        name = outcome.source.name
        if outcome.is_failed:
            self.operator.dump_failed(name, outcome.source.folder.name_of(outcome.path), outcome.error)
        if not outcome.is_postponed and not outcome.is_failed:
            self._baseline_paths.get(name, set()).discard(outcome.path)
        if name in self._untried_paths:
            self._untried_paths[name].discard(outcome.path)
            self._end_baseline(outcome.source)

    def _alert_operator(self, report: IngestReport) -> None:
        """Alert the operators to what a dump lacks; called within the transaction that stores it."""
        if report.rejected:
            self.reject_alerts.report_dump(report)
        if report.missing:
            self.operator.listing_incomplete(report)

    def _state(self, path: bytes, source: Source, signature: FileSignature, entry: LedgerEntry | None) -> FileState:
        if self._skipped.get(path) == signature:
            return FileState.KNOWN
        if entry is None or entry.signature not in (signature, smudged(signature)):
            return FileState.NEW
        if signature.size <= source.max_file and entry.sha256 == unread_identity(path, signature):
            return FileState.NEW  # it was too large for an earlier max_file
        return FileState.KNOWN if entry.signature == signature else FileState.UNPROVEN

    def _is_confirmed(self, dump: Dump, file: File, entry: LedgerEntry | None) -> bool:
        """Return whether a file shows what was ingested from it, and note that; it needs no ingest then.

        A second look has found the same bytes; or a file that is too large to be read was written to again. While
        somebody has it open for writing, it stays unproven.
        """
        if entry is None or entry.sha256 != dump.sha256:
            return False
        is_unread = dump.sha256 == unread_identity(dump.path, file.signature)
        if not is_unread and entry.signature != smudged(file.signature):
            return False
        if is_unread or not file.is_open_for_writing():
            self.store.confirm_file(dump.source, dump.path, file.signature)
        return True

    def _unread(self, listing: FolderFiles, source: Source) -> UnreadPaths:
        name_of = source.folder.name_of
        ignored = [path for path in listing.ignored if self.source_of(path) is None]
        unreadable = [f"{_shortened(name_of(path))}: {reason}" for path, reason in listing.unreadable]
        return UnreadPaths(
            ignored=len(ignored),
            ignored_names=tuple(name_of(path) for path in ignored[:NAMES_SHOWN]),
            unreadable=len(unreadable),
            unreadable_names=tuple(unreadable[:NAMES_SHOWN]),
        )

    def _muted_watchlists(self, dump: Dump, now: datetime) -> frozenset[str]:
        """Return the watchlists that notify nobody of this dump: for a baseline, all of them."""
        if dump.path in self._baseline_paths.get(dump.source, ()):
            return frozenset(self.routing.routes)
        return frozenset(self.channel_states.mutes(now=now))

    def _end_baseline(self, source: Source) -> None:
        """End the baseline once each file was tried. A file that stays unreadable must not keep it open."""
        if not self._untried_paths[source.name]:
            counts = self.source_states.baseline(source.name)
            is_news = counts.releases or not counts.place  # else other places had recorded all of it
            with self.store.shared_transaction():  # neither the alert nor the end without the other
                if is_news and self.operator.baseline_taken(source.name, counts) is Told.NOT_YET:
                    return  # the next scan tries again
                self.source_states.end_baseline(source.name)
            del self._untried_paths[source.name]

    def _forget_skipped(self, source: Source, there: Collection[bytes]) -> None:
        """Forget skipped files of a source that are gone: a daemon runs for years."""
        gone = [path for path in self._skipped if source.folder.holds(path) and path not in there]
        for path in gone:
            del self._skipped[path]

    def _skip(self, path: bytes, source: Source) -> None:
        signature = source.folder.signature_at(path)
        if signature is not None:
            self._skipped[path] = signature


def _is_small(file: tuple[bytes, Source]) -> bool:
    """Return whether the ingest of a file takes milliseconds; one that is gone takes none."""
    path, source = file
    signature = source.folder.signature_at(path)
    return signature is None or signature.size <= SMALL


def log_ignored(source: str, unread: UnreadPaths) -> None:
    """Say which files were passed over by their names."""
    names = first_names(unread.ignored, unread.ignored_names)
    say("files_ignored", source=source, count=unread.ignored, names=names)


def first_names(count: int, names: Sequence[str]) -> str:
    """Return the first of so many names, and a mark where there are more."""
    return ", ".join([*names[:NAMES_SHOWN], *(["…"] if count > NAMES_SHOWN else [])])


def _shortened(name: str) -> str:
    """Return a name that fits on a line; a path may have thousands of characters."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME // 2]}…{name[-MAX_NAME // 2 :]}"


def _log_report(report: IngestReport) -> None:
    log = warn if report.rejected or report.status == "held" else say
    more = {"see": "monitor dumps --rejects"} if report.rejected else {}
    if report.missing:
        warn("listing_incomplete", source=report.source, name=report.name, missing=report.missing)
    if report.unread_dates:
        example = escape(report.unread_date[:MAX_NAME])
        warn("dates_unread", source=report.source, name=report.name, count=report.unread_dates, example=example)
    if report.ids.changed:
        share = f"{report.ids.changed} of {report.ids.of}"
        warn("ids_changed", source=report.source, name=report.name, share=share, see="monitor check")
    counts = {str(kind): count for kind, count in report.counts.items() if count}
    if report.counts.get(Kind.STALE):
        more |= {"as_of": rfc3339(report.as_of) or "", "as_of_from": report.evidence or "unknown"}
    log(f"dump_{report.status}", source=report.source, name=report.name, **counts, **more)
