"""A path → read, decoded, taken in; what goes wrong with one file stays with that file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.app.logs import fail, say, warn
from monitor.collect.decode import decode
from monitor.collect.folder import Folder
from monitor.collect.read import Content, Skipped, read
from monitor.errors import FileChanged, NotReadable, StoreError
from monitor.journey import Audience, Habits, ingest
from monitor.model import Dump, Kind, Mode, Report, Signature
from monitor.ports import Clock, Store
from monitor.text import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One publisher: where its dumps come in and how to read them."""

    folder: Folder
    habits: Habits
    encoding: str = "auto"
    max_file: int = 2_000_000_000

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
        follow_symlinks: bool = False,
    ) -> None:
        self.sources = tuple(sources)
        self._audience = audience
        self._store = store
        self._clock = clock
        self._follow_symlinks = follow_symlinks
        self._left: dict[bytes, Signature] = {}  # what is not taken in as it is: looked at again when it changes

    def source_of(self, path: bytes) -> Source | None:
        """The first source whose folder and globs fit; None: none does."""
        return next((source for source in self.sources if source.folder.holds(path)), None)

    def waiting(self, source: Source) -> list[bytes]:
        """Dump files in a source's folder that are not in the ledger as they are now, oldest first."""
        ledger = self._store.ledger(source.name)
        return [
            path
            for path, sign in source.folder.scan()
            if self.source_of(path) is source
            and not (path in ledger and ledger[path].signature == sign)
            and self._left.get(path) != sign
        ]

    def take_in(self, path: bytes, source: Source, *, mode: Mode) -> Taken:
        """Carry one file the whole way and log what it came to; whatever goes wrong stays with this file."""
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
        report = ingest(
            dump,
            habits=source.habits,
            audience=self._audience,
            store=self._store,
            now=self._clock.now(),
            mode=mode,
        )
        tell = warn if report.rejected or report.status == "held" else say
        more = {"see": "monitor dumps --rejects"} if report.rejected else {}
        tell(f"dump_{report.status}", source=report.source, name=report.name, **told_counts(report.counts), **more)
        return report

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
