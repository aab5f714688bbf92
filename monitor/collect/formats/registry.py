"""Know the formats by name, and read a dump in that of its source.

A format is one row here; its module is imported when a dump of it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from monitor.frozen import dataclass
from monitor.model import Dump, Reject

if TYPE_CHECKING:
    from monitor.collect.formats.base import Entry, Reading
    from monitor.collect.source import SourceOptions

_MAPPED = frozenset(("map", "dates", "html", "base", "empty"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that a source may name."""

    module: str  # it has `reading` and PARSER_VERSION
    files: tuple[str, ...]  # globs of the names of its files
    aliases: tuple[str, ...] = ()
    needs: str = ""  # a setting that a source of it must have, and what it is
    keys: frozenset[str] = frozenset()  # settings of a source that are of use for it, beside those of all formats


FORMATS: Mapping[str, Format] = {
    "text": Format(module="dash.parser", files=("*.txt",), keys=frozenset(("categories",))),
    "json": Format(
        module="json.reader",
        files=("*.json", "*.jsonl", "*.ndjson", "*.jl"),
        aliases=("jsonl", "ndjson"),
        keys=_MAPPED | {"records"},
    ),
    "feed": Format(
        module="feed.reader",
        files=("*.xml", "*.rss", "*.atom", "*.rdf", "*.json"),
        aliases=("rss", "atom"),
        keys=_MAPPED,
    ),
    "xml": Format(
        module="xml.reader",
        files=("*.xml",),
        needs="records: with the name of the element that each release is in, for example records: item",
        keys=_MAPPED | {"records"},
    ),
    "csv": Format(
        module="csv.reader", files=("*.csv", "*.tsv"), aliases=("tsv",), keys=_MAPPED | {"delimiter", "columns"}
    ),
    "document": Format(
        module="document.reader",
        files=("*.md", "*.markdown", "*.txt"),
        aliases=("markdown",),
        keys=_MAPPED | {"between"},
    ),
    "mail": Format(module="mail.reader", files=("*.eml", "*.mbox"), aliases=("eml", "mbox"), keys=_MAPPED),
    "auto": Format(module="auto", files=("*",), keys=frozenset(("categories", "dates", "html", "base", "empty"))),
}
_CANONICAL = {alias: name for name, each in FORMATS.items() for alias in (name, *each.aliases)}
NAMES = tuple(_CANONICAL)  # with aliases


def canonical(name: str) -> str | None:
    """Return the name of a format for a name or an alias; None: no format has it."""
    return _CANONICAL.get(name)


def default_files(name: str) -> tuple[str, ...]:
    """Return the globs for the files of a format, packed ones included."""
    files = FORMATS[name].files
    return files if "*" in files else (*files, *(f"{glob}.gz" for glob in files))


def version_of(options: SourceOptions) -> int:
    """Return the version of the parser that reads a source's dumps."""
    version: int = _module(options.format.format).PARSER_VERSION
    return version


def reader(dump: Dump, options: SourceOptions) -> Reading:
    """Return a dump as the format of its source reads it. Raise FileChanged where the dump is not held."""
    reading: Reading = _module(options.format.format).reading(dump, options)
    return _CutReading(reading, dump.tail) if dump.tail and not dump.fault else reading


@cache
def _module(name: str) -> Any:
    return import_module(f"monitor.collect.formats.{FORMATS[name].module}")


class _CutReading:
    """A dump that was packed, and whose end is missing or damaged: what can be unpacked, and a reject."""

    def __init__(self, reading: Reading, tail: Reject) -> None:
        self._reading, self._tail = reading, tail
        self.kept = None if reading.kept is None else tuple(self._with_tail(iter(reading.kept)))

    def entries(self) -> Iterator[Entry]:
        return iter(self.kept) if self.kept is not None else self._with_tail(self._reading.entries())

    def _with_tail(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Yield the entries and the reject, which takes the place of an unfinished last record."""
        for entry in entries:
            if not (isinstance(entry, Reject) and entry.is_tail):
                yield entry
        yield self._tail
