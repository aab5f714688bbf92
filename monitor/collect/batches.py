"""A dump's records and rejects → parts that are stored one after another, and what must be known before the first.

An ordinary dump is one part. A large one comes in many, so that others have their turn in between and that nothing
keeps all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from monitor.collect.formats.dash.parser import Entry
from monitor.model import Record, Reject

MAX_PART_RECORDS = 1_000  # of one part, rejects counted as well
MAX_PART_BYTES = 2_000_000  # of one part; it ends with the record that reaches them
_BATCH = 1_000  # records that are looked up at once


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpPart:
    """A stretch of a dump, stored whole or not at all; exact repeats within it given once."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]
    is_last: bool


class DumpSummary:
    """What all of a dump says of itself; takes no more room for more records."""

    def __init__(self, *, latest: date) -> None:
        self._latest = latest
        self.oldest: date | None = None  # day of a record; None: no record has one
        self.newest: date | None = None
        self.current: date | None = None  # the newest that is not after `latest`
        self.has_records = False
        self.has_rejects = False
        self.has_tail = False
        self.has_text = False  # though none of it be a release

    def add(self, entries: Iterable[Entry]) -> None:
        """Take some of the dump in."""
        for entry in entries:
            if isinstance(entry, Record):
                self._add_record(entry.day)
            else:
                self.has_rejects = True
                self.has_tail = self.has_tail or entry.is_tail
                self.has_text = self.has_text or bool(entry.text)

    def _add_record(self, day: date | None) -> None:
        self.has_records = True
        if day is None:
            return
        self.oldest = min(self.oldest or day, day)
        self.newest = max(self.newest or day, day)
        if day <= self._latest:
            self.current = max(self.current or day, day)


def batched(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """A few at a time."""
    entries = iter(entries)
    while batch := list(islice(entries, _BATCH)):
        yield batch


def split_into_parts(entries: Iterable[Entry], *, max_records: Callable[[], int] | None = None) -> Iterator[DumpPart]:
    """Cut a dump into parts; `most` says before each part how many records and rejects it may have.

    None: all of it is one part. Whoever takes the next part has stored the last.
    """
    if max_records is None:
        yield _part(list(entries), is_last=True)
        return
    limit, held = max_records(), list[Entry]()
    for entry in entries:
        if len(held) >= limit or (held and entry.offset - held[0].offset >= MAX_PART_BYTES):
            yield _part(held, is_last=False)
            limit, held = max_records(), []
        held.append(entry)
    yield _part(held, is_last=True)


def _part(entries: list[Entry], *, is_last: bool) -> DumpPart:
    records: dict[bytes, Record] = {}
    for entry in entries:
        if isinstance(entry, Record):
            records.setdefault(entry.digest, entry)
    rejects = tuple(entry for entry in entries if isinstance(entry, Reject))
    return DumpPart(records=tuple(records.values()), rejects=rejects, is_last=is_last)
