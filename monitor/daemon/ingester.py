"""A path → read, decoded, taken in; what goes wrong with one file stays with that file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from monitor.collect.charset import SAMPLE_SIZE, detect_encoding
from monitor.collect.file_reader import LARGE_SIZE, MAX_IN_MEMORY, File, Skipped, open_file, read_content
from monitor.collect.source import Source
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.pacing import PartPacer
from monitor.errors import FileChanged, Interrupted, NotReadable, StoreError
from monitor.health.counters import Counters
from monitor.logs import fail, say, warn
from monitor.model import Dump, FileSignature, IngestReport, Kind, Mode
from monitor.pipeline import Routing, ingest
from monitor.ports import ChannelStates, SourceStates, Store
from monitor.text import escape

FEW = 5  # files of known content that get a line each


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOutcome:
    """What became of an attempt to take a path in."""

    path: bytes
    source: Source
    report: IngestReport | None = None  # None: no dump, gone, or not to be read now
    is_later: bool = False  # it could not be read or stored now; try again
    fault: str = ""  # why the store could not take it
    is_failed: bool = False  # a fault of ours; it is left until it changes

    @property
    def is_news(self) -> bool:
        """Whether something may be to be told because of it."""
        return self.report is not None and self.report.status != "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What a scan of one source's folder showed."""

    waiting: tuple[bytes, ...]  # dump files that are not in the ledger as they are now, oldest first
    unheard: frozenset[bytes]  # of them, those whose path the ledger does not know at all
    ignored: tuple[str, ...]  # names, safe to print, of files that no source takes


class Ingester:
    """Takes files in, one at a time; remembers nothing but what it could not read."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        routing: Routing,
        store: Store,
        channel_states: ChannelStates,
        source_states: SourceStates,
        operator: OperatorAlerts,
        counters: Counters,
    ) -> None:
        self.sources = tuple(sources)
        self._routing = routing
        self._store = store
        self._clock = operator.clock
        self._channel_states = channel_states
        self._source_states = source_states
        self._operator = operator
        self.counters = counters
        self._left: dict[bytes, FileSignature] = {}  # what is not taken in as it is: looked at again when it changes
        self._unbased = {s.name for s in self.sources if s.wants_baseline and source_states.begin_baseline(s.name)}
        self._basing: dict[str, set[bytes]] = {}  # what is left of a source's baseline, also what can be read later
        self._untried: dict[str, set[bytes]] = {}  # of it; the baseline is taken when none is left

    def source_of(self, path: bytes) -> Source | None:
        """The first source whose folder and globs fit; None: none does."""
        return next((source for source in self.sources if source.folder.holds(path)), None)

    def waiting(self, source: Source) -> list[bytes]:
        """Dump files in a source's folder that are not in the ledger as they are now, oldest first."""
        return list(self.find(source).waiting)

    def find(self, source: Source) -> ScanResult:
        """Scan a source's folder. Raises OSError when it cannot be read."""
        ledger = self._store.ledger(source.name)
        listing = source.folder.scan()
        before = self.sources[: self.sources.index(source)]  # a file that fits one of them is not of this one
        waiting = tuple(
            path
            for path, sign in listing.dumps
            if not (path in ledger and ledger[path].signature == sign)
            and self._left.get(path) != sign
            and not any(other.folder.holds(path) for other in before)
        )
        self.start_baseline(waiting, source)
        return ScanResult(
            waiting=waiting,
            unheard=frozenset(path for path in waiting if path not in ledger and path not in self._left),
            ignored=tuple(source.folder.name_of(path) for path in listing.ignored if self.source_of(path) is None),
        )

    def is_filed(self, path: bytes, source: Source, sign: FileSignature) -> bool:
        """Whether it was taken in, or left alone, exactly as it is now; nothing is opened to tell."""
        filed = self._store.ledger_entry(source.name, path)
        return (filed is not None and filed.signature == sign) or self._left.get(path) == sign

    def start_baseline(self, paths: Sequence[bytes], source: Source) -> None:
        """Take these files as the source's baseline, if it is to have one and has none yet."""
        if source.name in self._unbased:
            self._unbased.remove(source.name)
            self._basing[source.name] = set(paths)
            self._untried[source.name] = set(paths)
        if source.name in self._basing:  # what has vanished meanwhile is no part of it
            self._basing[source.name].intersection_update(paths)
        if source.name in self._untried:
            self._untried[source.name].intersection_update(paths)
            self._end_baseline(source)

    def ingest(self, path: bytes, source: Source, *, mode: Mode) -> IngestOutcome:
        """Carry one file the whole way and log what it came to; whatever goes wrong stays with this file."""
        taken = self.ingest_file(path, source, mode=mode)
        self.log_outcomes([taken])
        self.finish(taken)
        return taken

    def ingest_file(
        self, path: bytes, source: Source, *, mode: Mode, between: Callable[[], None] = lambda: None
    ) -> IngestOutcome:
        """The same without a word that it is stored: that is said (`tell`, `acknowledge`) once it is durable.

        between: called where a long take-in can let others pass; no transaction is open then. What it raises as
        Interrupted ends the take-in there; a later one starts at the top.
        """
        name = source.folder.name_of(path)
        taken = partial(IngestOutcome, path=path, source=source)
        try:
            with open_file(path, follow_symlinks=source.folder.follows_links) as file:
                dump = _dump(path, name, file, source, PartPacer(between))
                return taken(report=self._ingest(dump, source, mode=mode))
        except FileNotFoundError:
            say("file_vanished", source=source.name, name=name)
        except Skipped as error:
            say("file_skipped", source=source.name, name=name, reason=error.message)
            self._leave(path, source)
        except Interrupted:
            say("dump_interrupted", source=source.name, name=name)
            return taken(is_later=True)
        except (FileChanged, StoreError, OSError) as error:
            warn("file_postponed", source=source.name, name=name, reason=escape(str(error)))
            return taken(is_later=True, fault=error.message if isinstance(error, StoreError) else "")
        except Exception as error:  # noqa: BLE001 - the per-dump border: a fault of ours must not stop the others
            fail("dump_failed", error, source=source.name, name=name)
            self._leave(path, source)
            return taken(is_failed=True)
        return taken()

    def log_outcomes(self, group: Sequence[IngestOutcome]) -> None:
        """Count and log take-ins that are durable, a line each; many files whose content is known share one."""
        for taken in group:
            self._count(taken)
        reports = [taken.report for taken in group if taken.report]
        known = [report.name for report in reports if report.status == "duplicate"]
        for report in reports:
            if report.status != "duplicate" or len(known) <= FEW:
                _tell(report)
        if len(known) > FEW:
            say("dumps_duplicate", count=len(known), names=", ".join([*known[:FEW], "…"]))

    def finish(self, taken: IngestOutcome) -> None:
        """Tell operators of rejects, and end the source's baseline with the last file that was tried."""
        name = taken.source.name
        if taken.report and taken.report.rejected:
            self._operator.rejected(taken.report)
        if not taken.is_later:
            self._basing.get(name, set()).discard(taken.path)
        if name in self._untried:
            self._untried[name].discard(taken.path)
            self._end_baseline(taken.source)

    def _count(self, taken: IngestOutcome) -> None:
        if taken.report:
            self.counters.took(taken.report)
        if taken.is_failed:
            self.counters.failed()

    def _ingest(self, dump: Dump, source: Source, *, mode: Mode) -> IngestReport:
        now = self._clock.now()
        return ingest(
            dump,
            options=source.options,
            routing=self._routing,
            store=self._store,
            now=now,
            mode=mode,
            muted=partial(self._muted, dump, now),
        )

    def _muted(self, dump: Dump, now: datetime) -> frozenset[str]:
        """Watchlists that tell nobody of this dump; of a source's baseline none does."""
        if dump.path in self._basing.get(dump.source, ()):
            return frozenset(self._routing.routes)
        return frozenset(self._channel_states.mutes(now=now))

    def _end_baseline(self, source: Source) -> None:
        """One path that cannot be read for weeks must not keep it open: a restart would take all that waits into it."""
        if not self._untried[source.name]:
            releases, matched = self._source_states.baseline(source.name)
            # Told first: a crash in between tells it again, and the outbox knows it already.
            self._operator.based(source.name, releases=releases, matched=matched)
            self._source_states.end_baseline(source.name)
            del self._untried[source.name]

    def _leave(self, path: bytes, source: Source) -> None:
        sign = source.folder.signature_at(path)
        if sign is not None:
            self._left[path] = sign


def _tell(report: IngestReport) -> None:
    tell = warn if report.rejected or report.status == "held" else say
    more = {"see": "monitor dumps --rejects"} if report.rejected else {}
    tell(f"dump_{report.status}", source=report.source, name=report.name, **told_counts(report.counts), **more)


def told_counts(counts: Mapping[Kind, int]) -> dict[str, object]:
    """The counts that are not zero, by kind, as fields of a log line."""
    return {str(kind): count for kind, count in counts.items() if count}


def _dump(path: bytes, name: str, file: File, source: Source, turns: PartPacer) -> Dump:
    size = file.signature.size
    is_large = LARGE_SIZE < size <= source.max_file
    if is_large:
        file.pause = turns.give
    is_held = size <= MAX_IN_MEMORY or size > source.max_file
    content = read_content(file, max_file=source.max_file) if is_held else None
    sha256 = content.sha256 if content else file.sha256()
    beginning = content.content[:SAMPLE_SIZE] if content and not content.fault else file.first_bytes(SAMPLE_SIZE)
    coding, fault = None, content.fault if content else ""
    try:
        coding = detect_encoding(beginning, source.encoding)
    except NotReadable as error:
        fault = error.message

    def stretches() -> Iterator[str]:
        if coding is None:
            return iter((beginning.decode("ascii", "replace"),))
        return coding.decode(content.chunks() if content else file.verified_chunks(sha256))

    return Dump(
        source=source.name,
        name=name,
        path=path,
        signature=file.signature,
        sha256=sha256,
        text_chunks=stretches,
        encoding=coding.name if coding else "",
        fault=fault,
        bom=coding.bom if coding else 0,
        max_records=turns.max_records if is_large and coding else None,
        is_held=is_held,
    )
