"""Read, decode and ingest files; an error in one file does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import partial

from monitor.collect.charset import SAMPLE_SIZE, detect_encoding
from monitor.collect.file_reader import LARGE_SIZE, MAX_IN_MEMORY, File, Skipped, open_file, read_content
from monitor.collect.source import Source
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.pacing import PartPacer
from monitor.daemon.reject_alerts import RejectAlerts
from monitor.errors import FileChanged, Interrupted, NotReadable, StoreError
from monitor.health.counters import Counters
from monitor.logs import fail, say, warn
from monitor.model import Dump, FileSignature, IngestReport, Mode
from monitor.pipeline import Routing, ingest
from monitor.ports import ChannelStates, SourceStates, Store
from monitor.text import escape

MAX_DUPLICATE_LINES = 5  # more files of known content share one log line


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOutcome:
    """The result of one attempt to ingest a path."""

    path: bytes
    source: Source
    report: IngestReport | None = None  # None: it is no dump, has vanished, or cannot be read now
    is_postponed: bool = False  # it could not be read or stored now; to be tried again
    fault: str = ""  # why it could not be stored
    is_failed: bool = False  # an error in this program; it is skipped until it changes
    seconds: float = 0.0  # that the attempt took, where somebody measured them


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of a scan of one source's folder."""

    pending: tuple[bytes, ...]  # dump files that are not in the ledger with their current signature, oldest first
    unknown: frozenset[bytes]  # of these, the paths that the ledger does not know at all
    ignored: tuple[str, ...]  # printable names of files that match no source


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

    def __post_init__(self) -> None:
        self.reject_alerts = RejectAlerts(source_states=self.source_states, operator=self.operator)
        self._skipped: dict[bytes, FileSignature] = {}  # not ingested until they change
        self._without_baseline = {
            s.name for s in self.sources if s.wants_baseline and self.source_states.begin_baseline(s.name)
        }
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
        waiting = tuple(
            path
            for path, signature in listing.dumps
            if not (path in ledger and ledger[path].signature == signature)
            and self._skipped.get(path) != signature
            and not any(other.folder.holds(path) for other in before)
        )
        self.start_baseline(waiting, source)
        return ScanResult(
            pending=waiting,
            unknown=frozenset(path for path in waiting if path not in ledger and path not in self._skipped),
            ignored=tuple(source.folder.name_of(path) for path in listing.ignored if self.source_of(path) is None),
        )

    def is_ingested(self, path: bytes, source: Source, signature: FileSignature) -> bool:
        """Return whether it was ingested, or skipped, exactly as it is now; no file is opened."""
        entry = self.store.ledger_entry(source.name, path)
        return (entry is not None and entry.signature == signature) or self._skipped.get(path) == signature

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
        outcome = self.ingest_file(path, source, mode=mode)
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
        try:
            with open_file(path, root=source.folder.path, follow_symlinks=source.folder.follows_links) as file:
                dump = _dump(path, name, file, source, PartPacer(between))
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
            warn("file_postponed", source=source.name, name=name, reason=escape(str(error)))
            return outcome(is_postponed=True, fault=error.message if isinstance(error, StoreError) else "")
        except Exception as error:  # noqa: BLE001 - the border of one dump: an error in this program must not stop the others
            fail("dump_failed", error, source=source.name, name=name)
            self._skip(path, source)
            return outcome(is_failed=True)
        return outcome()

    def log_outcomes(self, group: Sequence[IngestOutcome]) -> None:
        """Count and log durable ingests, one line each; many files of known content share one line."""
        for outcome in group:
            if outcome.report:
                self.counters.count_ingest(outcome.report)
            if outcome.is_failed:
                self.counters.count_failed_ingest()
        reports = [outcome.report for outcome in group if outcome.report]
        known = [report.name for report in reports if report.status == "duplicate"]
        for report in reports:
            if report.status != "duplicate" or len(known) <= MAX_DUPLICATE_LINES:
                _log_report(report)
        if len(known) > MAX_DUPLICATE_LINES:
            say("dumps_duplicate", count=len(known), names=", ".join([*known[:MAX_DUPLICATE_LINES], "…"]))

    def finish(self, outcome: IngestOutcome) -> None:
        """Alert the operators to rejects, and end the source's baseline with its last file."""
        name = outcome.source.name
        if outcome.report and outcome.report.rejected:
            self.reject_alerts.report_dump(outcome.report)
        if not outcome.is_postponed:
            self._baseline_paths.get(name, set()).discard(outcome.path)
        if name in self._untried_paths:
            self._untried_paths[name].discard(outcome.path)
            self._end_baseline(outcome.source)

    def _muted_watchlists(self, dump: Dump, now: datetime) -> frozenset[str]:
        """Return the watchlists that notify nobody of this dump: for a baseline, all of them."""
        if dump.path in self._baseline_paths.get(dump.source, ()):
            return frozenset(self.routing.routes)
        return frozenset(self.channel_states.mutes(now=now))

    def _end_baseline(self, source: Source) -> None:
        """End the baseline once each file was tried. A file that stays unreadable must not keep it open."""
        if not self._untried_paths[source.name]:
            releases, matched = self.source_states.baseline(source.name)
            # The alert comes first: after a crash in between it is queued again, and the outbox drops the second.
            self.operator.baseline_taken(source.name, releases=releases, matched=matched)
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


def _log_report(report: IngestReport) -> None:
    log = warn if report.rejected or report.status == "held" else say
    more = {"see": "monitor dumps --rejects"} if report.rejected else {}
    counts = {str(kind): count for kind, count in report.counts.items() if count}
    log(f"dump_{report.status}", source=report.source, name=report.name, **counts, **more)


def _dump(path: bytes, name: str, file: File, source: Source, pacer: PartPacer) -> Dump:
    size = file.signature.size
    is_large = LARGE_SIZE < size <= source.max_file
    if is_large:
        file.pause = pacer.pause
    is_held = size <= MAX_IN_MEMORY or size > source.max_file
    content = read_content(file, max_file=source.max_file) if is_held else None
    sha256 = content.sha256 if content else file.sha256()
    beginning = content.content[:SAMPLE_SIZE] if content and not content.fault else file.first_bytes(SAMPLE_SIZE)
    coding, fault = None, content.fault if content else ""
    try:
        coding = detect_encoding(beginning, source.encoding)
    except NotReadable as error:
        fault = error.message

    def text_chunks() -> Iterator[str]:
        if coding is None:
            return iter((beginning.decode("ascii", "replace"),))
        return coding.decode(content.chunks() if content else file.verified_chunks(sha256))

    return Dump(
        source=source.name,
        name=name,
        path=path,
        signature=file.signature,
        sha256=sha256,
        text_chunks=text_chunks,
        encoding=coding.name if coding else "",
        fault=fault,
        bom=coding.bom if coding else 0,
        max_records=pacer.max_records if is_large and coding else None,
        is_held=is_held,
    )
