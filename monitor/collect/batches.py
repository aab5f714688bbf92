"""Split a dump's records and rejects into parts that are stored one after another, and summarize the whole dump.

An ordinary dump is one part. A large dump has many, so that other files are ingested in between and that it never is
in memory all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice

from monitor.collect.formats.base import Entry
from monitor.frozen import dataclass
from monitor.model import Record, Reject

MAX_PART_RECORDS = 1_000  # of one part, including rejects
MAX_PART_BYTES = 2_000_000  # of one part; the record that reaches this size ends it
_BATCH_SIZE = 1_000  # records looked up in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpPart:
    """A part of a dump, stored completely or not at all.

    Exact repeats are left out, but of records with an id: which of them is the last may matter.
    """

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]
    is_last: bool


class DumpSummary:
    """What is known of a whole dump; its size does not depend on the number of records."""

    def __init__(self, *, latest: date) -> None:
        """latest: later days are typing errors."""
        self._latest = latest
        self.oldest: date | None = None  # day of a record; None: no record has one
        self.newest: date | None = None
        self.current: date | None = None  # the newest day that is not after `latest`
        self.records = 0
        self.unread_dates = 0
        self.unread_date = ""  # the first of them
        self.has_rejects = False
        self.has_tail = False
        self.has_reject_text = False

    def add(self, entries: Iterable[Entry]) -> None:
        """Add some records and rejects of the dump."""
        for entry in entries:
            if isinstance(entry, Reject):
                self.has_rejects = True
                self.has_tail |= entry.is_tail
                # Line 0: the file was not even read, unless it is empty, and that is a tail.
                self.has_reject_text |= bool(entry.text) or (entry.line == 0 and not entry.is_tail)
                continue
            self.records += 1
            if entry.unread_date:
                self.unread_dates += 1
                self.unread_date = self.unread_date or entry.unread_date
            if day := entry.day:
                self.oldest = min(self.oldest or day, day)
                self.newest = max(self.newest or day, day)
                if day <= self._latest:
                    self.current = max(self.current or day, day)


def batched(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in lists of a fixed size."""
    entries = iter(entries)
    while batch := list(islice(entries, _BATCH_SIZE)):
        yield batch


def split_into_parts(entries: Iterable[Entry], *, max_records: Callable[[], int] | None = None) -> Iterator[DumpPart]:
    """Split a dump into parts; `max_records` is called before each part for the number of records and rejects in it.

    None: the dump is one part. The caller stores each part before it takes the next one.
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
    records: dict[bytes | int, Record] = {}
    for entry in entries:
        if isinstance(entry, Record):
            records.setdefault(entry.digest if entry.ref is None else len(records), entry)
    rejects = tuple(entry for entry in entries if isinstance(entry, Reject))
    return DumpPart(records=tuple(records.values()), rejects=rejects, is_last=is_last)
