"""Read one file as a source reads it, and count along: where each field is found, which days and ids there are."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from monitor.collect.dump_reader import read_dump
from monitor.collect.file_reader import Skipped, open_file
from monitor.collect.formats.base import Entry
from monitor.collect.formats.days import day_of
from monitor.collect.formats.fields import FIELDS, FormatOptions, Node, Term, parse
from monitor.collect.formats.links import url_of
from monitor.collect.formats.registry import reader
from monitor.collect.source import Source
from monitor.errors import FileChanged, NotFound, NotReadable
from monitor.model import Dump, Reject, Release

if TYPE_CHECKING:
    from monitor.collect.formats.mapped import MappedFields

MAX_EXAMPLES = 3
_EXAMPLE = 200  # characters
_MAX_NAMES = 200  # of fields that are not read
_MAX_IDS = 500_000
_ANY_PAGE = "https://example.org/"
_PERMALINK = ("permalink", "link", "guid", "atom:link", "feedburner:origLink")  # what the link of an entry is read from


@runtime_checkable
class _Nested(Protocol):
    """A record whose fields may be records themselves."""

    def inner_names(self, name: str) -> tuple[str, ...]:
        """Return the names of the fields of a field; none where it is a text or a list of texts."""


@dataclass(slots=True, kw_only=True)
class FieldCount:
    """How often one field of a release was found, and where."""

    used: Counter[str] = field(default_factory=Counter)  # expressions that gave it
    filled: int = 0
    examples: list[str] = field(default_factory=list)  # the first ones that differ, as the file writes them

    def add(self, text: str, used: str = "") -> None:
        """Count a text that was found."""
        self.filled += 1
        if used:
            self.used[used] += 1
        example = " ".join(text[:_EXAMPLE].split())
        if len(self.examples) < MAX_EXAMPLES and example not in self.examples:
            self.examples.append(example)

    @property
    def expression(self) -> str:
        """Return the expressions that gave it, the most frequent first; "": none did, or the layout gives it."""
        return " | ".join(expression for expression, _ in self.used.most_common())


@dataclass(slots=True, kw_only=True)
class Survey:
    """What the records of one file have in common."""

    options: FormatOptions
    fields: dict[str, FieldCount] = field(default_factory=lambda: {name: FieldCount() for name in FIELDS})
    mapped: int = 0  # records that a mapping was applied to, also those that are rejects or repeats
    records: int = 0
    rejects: int = 0
    first: date | None = None  # publication day; None: no release has one
    last: date | None = None
    ambiguous: FieldCount = field(default_factory=FieldCount)  # dates that could be two days
    unread: FieldCount = field(default_factory=FieldCount)  # other dates that cannot be read
    relative: FieldCount = field(default_factory=FieldCount)  # links without a page to start from
    names: dict[tuple[str, ...], str] = field(default_factory=dict)  # every place that was seen → a sample
    ids: set[int] = field(default_factory=set)  # hashes of those that differ
    with_ids: set[int] = field(default_factory=set)  # hashes of records with an id that differ

    def observe(self, found: MappedFields) -> None:
        """Count what a mapping reads of one record."""
        self.mapped += 1
        for name, texts, used in zip(FIELDS, found.raw, found.used, strict=True):
            if texts:
                self.fields[name].add(", ".join(texts), used)
        if found.raw.id and len(self.ids) < _MAX_IDS:
            self.ids.add(hash(found.raw.id))
            self.with_ids.add(hash((found.raw.id, found.raw.title, found.raw.date)))
        if found.raw.date:
            self._add_date(" ".join(found.raw.date))
        if found.raw.url and is_relative(link := " ".join(found.raw.url), found.base):
            self.relative.add(link)
        for path in _paths(found.node):
            if len(self.names) < _MAX_NAMES and not self.names.get(path):
                self.names[path] = next(iter(found.node.texts(path)), "")[:_EXAMPLE]

    def add(self, entry: Entry) -> None:
        """Count a record or a reject."""
        if isinstance(entry, Reject):
            self.rejects += 1
            return
        self.records += 1
        if entry.day:
            self.first, self.last = min(self.first or entry.day, entry.day), max(self.last or entry.day, entry.day)
        if not self.mapped:  # its format has a layout instead of fields
            self._add_release(entry.release)

    @property
    def of(self) -> int:
        """Return how many records the counts of fields are of."""
        return self.mapped or self.records

    @property
    def days(self) -> str:
        """Return the range of publication days, "" where no record has one."""
        return f"{self.first} to {self.last}" if self.first != self.last else f"{self.first or ''}"

    def unused(self) -> dict[str, str]:
        """Return the names that no field is read from, as expressions write them, with a sample each, "" for none."""
        used = {name for each in self.fields.values() for text in each.used for name in _names_of(text)}
        outer = {path[:1] for path in self.names if len(path) > 1}  # an empty list in one record, objects in others
        places = ((str(Term(path)), sample) for path, sample in self.names.items() if path not in outer or sample)
        return {name: sample for name, sample in places if name not in used}

    @property
    def top_names(self) -> tuple[str, ...]:
        """Return the names of the fields that records have, without those inside them."""
        return tuple(dict.fromkeys(path[0] for path in self.names))

    def _add_date(self, text: str) -> None:
        zone = self.options.timezone
        if day_of(text, timezone=zone, dates=self.options.dates):
            return
        days = [day_of(text, timezone=zone, dates=order) for order in ("mdy", "dmy")]
        (self.ambiguous if self.options.dates == "auto" and all(days) else self.unread).add(text)

    def _add_release(self, release: Release) -> None:
        day = release.date.isoformat() if release.date else ""
        texts = {"title": release.title, "body": release.body, "date": day, "category": release.category or ""}
        for name, text in texts.items():
            if text:
                self.fields[name].add(text)


def is_relative(link: str, base: str) -> bool:
    """Return whether a link leads somewhere from a page, and no page is known."""
    return url_of(link, base or None) is None and url_of(link, _ANY_PAGE) is not None


def read_file(
    path: Path, source: Source, survey: Survey, *, on_dump: Callable[[Dump], None] = lambda dump: None
) -> Iterator[Entry]:
    """Yield the records and rejects of a file as a take-in would read them, and count them. Raise MonitorError.

    on_dump: called with the dump before its first record.
    """
    options = replace(source.options, observe=survey.observe)
    with open_dump(path, source) as dump:
        on_dump(dump)
        for entry in reader(dump, options).entries():
            survey.add(entry)
            yield entry


def dump_head(path: Path, source: Source, length: int) -> str:
    """Return the first characters of a file, unpacked and decoded. Raise MonitorError."""
    head = ""
    with open_dump(path, source) as dump:
        for chunk in dump.text_chunks():
            head += chunk
            if len(head) >= length:
                break
    return head[:length]


@contextmanager
def open_dump(path: Path, source: Source) -> Iterator[Dump]:
    """Open a file as a dump of a source. Raise NotFound and NotReadable, also for what happens while it is read."""
    try:
        with open_file(os.fsencode(path.absolute()), follow_symlinks=True) as file:
            yield read_dump(file, source, opened_at=time.time_ns())
    except OSError as error:
        raise NotFound(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (Skipped, FileChanged) as error:
        raise NotReadable(error.message, where=str(path)) from error


def _paths(node: Node) -> Iterator[tuple[str, ...]]:
    """Yield the places of a record, of objects inside it those of their fields."""
    for name in node.names:
        inner = node.inner_names(name) if isinstance(node, _Nested) else ()
        yield from ((name, each) for each in inner) if inner else ((name,),)


@lru_cache(maxsize=1024)
def _names_of(expression: str) -> frozenset[str]:
    """Return the places that an expression reads, and those that stand for what is inside them."""
    terms = [term for term in parse(expression).terms if term.path]
    paths = [path for term in terms for path in (term.path, term.path[:1], (term.name,))]
    return frozenset(str(Term(path)) for path in paths) | frozenset(_PERMALINK if ("permalink",) in paths else ())
