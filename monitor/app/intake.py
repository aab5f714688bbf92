"""A path → read, decoded, taken in; what goes wrong with one file stays with that file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app.logs import fail, say, warn
from monitor.app.operator import Operator
from monitor.collect.decode import decode
from monitor.collect.folder import Folder
from monitor.collect.read import Content, Skipped, read
from monitor.errors import FileChanged, NotReadable, StoreError
from monitor.journey import Audience, Habits, ingest
from monitor.model import Dump, Kind, Mode, Report, Signature
from monitor.ports import Clock, Store, Switchboard
from monitor.text import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One publisher: where its dumps come in and how to read them."""

    folder: Folder
    habits: Habits
    encoding: str = "auto"
    max_file: int = 2_000_000_000
    wants_baseline: bool = False  # what its first scan finds is recorded and tells nobody

    @property
    def name(self) -> str:
        """The source's name in the configuration."""
        return self.folder.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of an attempt to take a path in."""

    report: Report | None = None  # None: no dump, gone, or not to be read now
    is_later: bool = False  # it could not be read or stored now; try again
    is_failed: bool = False  # a fault of ours; it is left until it changes


class Intake:
    """Takes files in, one at a time; remembers nothing but what it could not read."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        audience: Audience,
        store: Store,
        clock: Clock,
        switchboard: Switchboard,
        operator: Operator,
        follow_symlinks: bool = False,
    ) -> None:
        self.sources = tuple(sources)
        self._audience = audience
        self._store = store
        self._clock = clock
        self._switchboard = switchboard
        self._operator = operator
        self._follow_symlinks = follow_symlinks
        self._left: dict[bytes, Signature] = {}  # what is not taken in as it is: looked at again when it changes
        self._unbased = {s.name for s in self.sources if s.wants_baseline and store.begin_baseline(s.name)}
        self._basing: dict[str, set[bytes]] = {}  # what is left of a source's baseline, also what can be read later
        self._untried: dict[str, set[bytes]] = {}  # of it; the baseline is taken when none is left

    def source_of(self, path: bytes) -> Source | None:
        """The first source whose folder and globs fit; None: none does."""
        return next((source for source in self.sources if source.folder.holds(path)), None)

    def waiting(self, source: Source) -> list[bytes]:
        """Dump files in a source's folder that are not in the ledger as they are now, oldest first."""
        ledger = self._store.ledger(source.name)
        found = [
            path
            for path, sign in source.folder.scan()
            if self.source_of(path) is source
            and not (path in ledger and ledger[path].signature == sign)
            and self._left.get(path) != sign
        ]
        self.base_on(found, source)
        return found

    def base_on(self, paths: Sequence[bytes], source: Source) -> None:
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

    def take_in(self, path: bytes, source: Source, *, mode: Mode) -> Taken:
        """Carry one file the whole way and log what it came to; whatever goes wrong stays with this file."""
        taken = self._try(path, source, mode=mode)
        if not taken.is_later:
            self._basing.get(source.name, set()).discard(path)
        if source.name in self._untried:
            self._untried[source.name].discard(path)
            self._end_baseline(source)
        return taken

    def _try(self, path: bytes, source: Source, *, mode: Mode) -> Taken:
        name = source.folder.name_of(path)
        try:
            content = read(path, max_file=source.max_file, follow_symlinks=self._follow_symlinks)
            return Taken(report=self.ingest(_dump(path, name, content, source), source, mode=mode))
        except FileNotFoundError:
            say("file_vanished", source=source.name, name=name)
        except Skipped as error:
            say("file_skipped", source=source.name, name=name, reason=error.message)
            self._leave(path, source)
        except (FileChanged, StoreError, OSError) as error:
            warn("file_postponed", source=source.name, name=name, reason=escape(str(error)))
            return Taken(is_later=True)
        except Exception as error:  # noqa: BLE001 - the per-dump border: a fault of ours must not stop the others
            fail("dump_failed", error, source=source.name, name=name)
            self._leave(path, source)
            return Taken(is_failed=True)
        return Taken()

    def ingest(self, dump: Dump, source: Source, *, mode: Mode) -> Report:
        """Carry a dump that was read, and log what it came to."""
        now = self._clock.now()
        report = ingest(
            dump,
            habits=source.habits,
            audience=self._audience,
            store=self._store,
            now=now,
            mode=mode,
            muted=self._muted(dump, now),
        )
        tell = warn if report.rejected or report.status == "held" else say
        more = {"see": "monitor dumps --rejects"} if report.rejected else {}
        tell(f"dump_{report.status}", source=report.source, name=report.name, **told_counts(report.counts), **more)
        if report.rejected:
            self._operator.rejected(report)
        return report

    def _muted(self, dump: Dump, now: datetime) -> frozenset[str]:
        """Watchlists that tell nobody of this dump; of a source's baseline none does."""
        if dump.path in self._basing.get(dump.source, ()):
            return frozenset(self._audience.routes)
        return frozenset(self._switchboard.mutes(now=now))

    def _end_baseline(self, source: Source) -> None:
        """One path that cannot be read for weeks must not keep it open: a restart would take all that waits into it."""
        if not self._untried[source.name]:
            releases, matched = self._store.end_baseline(source.name)
            del self._untried[source.name]
            self._operator.based(source.name, releases=releases, matched=matched)

    def _leave(self, path: bytes, source: Source) -> None:
        sign = source.folder.look(path)
        if sign is not None:
            self._left[path] = sign


def told_counts(counts: Mapping[Kind, int]) -> dict[str, object]:
    """The counts that are not zero, by kind, as fields of a log line."""
    return {str(kind): count for kind, count in counts.items() if count}


def _dump(path: bytes, name: str, content: Content, source: Source) -> Dump:
    text, encoding, fault = "", "", content.fault
    try:
        decoded = decode(content.content, source.encoding)
        text, encoding = decoded.text, decoded.encoding
    except NotReadable as error:
        text, fault = content.content[:200].decode("ascii", "replace"), error.message
    return Dump(
        source=source.name,
        name=name,
        path=path,
        signature=content.signature,
        sha256=content.sha256,
        text=text,
        encoding=encoding,
        fault=fault,
    )
