"""Define what every format offers: the records and rejects of one dump, read as often as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from monitor.collect.charset import printable
from monitor.model import Dump, Record, Reject
from monitor.text import escape

EXCERPT_LENGTH = 200  # characters of a reject that are stored and shown
MAX_IN_A_ROW = 1_000  # rejects that are told one by one
_NAME_LENGTH = 60  # characters

Entry = Record | Reject


class Reading(Protocol):
    """One dump as its format reads it.

    Each format offers `reading(dump, options) -> Reading` and a PARSER_VERSION, which is increased when the same bytes
    may give other records.
    """

    kept: tuple[Entry, ...] | None  # as `without_repeats` has it; None: the dump is read again each time

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order. Raise FileChanged where the dump is not held."""


def unreadable(dump: Dump) -> Reject:
    """Return the reject of a dump with a fault, with the beginning of what it holds."""
    beginning = next(dump.text_chunks(), "")[:EXCERPT_LENGTH]
    return Reject(reason=dump.fault, line=0, offset=0, text=printable(beginning))


def told_names(names: Sequence[str], *, most: int = 8) -> str:
    """Return names that stand in a file as a reason shows them: the first ones, on one line."""
    shown = [escape(name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}…") for name in names[:most]]
    return ", ".join([*shown, *(["…"] if len(names) > most else [])]) or "none"


def too_long(max_record: int) -> str:
    """Return why a record that is too long is rejected."""
    return f"the record is longer than {max_record:,} characters (the source's max_record)"


def few_in_a_row(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the entries; of many rejects in a row the first, so that memory is bounded, and one that is a tail."""
    row = 0
    for entry in entries:
        if isinstance(entry, Record):
            row = 0
            yield entry
            continue
        row += 1
        if entry.is_tail or row < MAX_IN_A_ROW:
            yield entry
        elif row == MAX_IN_A_ROW:
            more = "; more of this kind up to the next release is not listed"
            yield replace(entry, reason=entry.reason + more)


def without_repeats(entries: Iterator[Entry]) -> tuple[Entry, ...]:
    """Return records and rejects without exact repeats of a record; of one with an id the last repeat may count."""
    found: dict[bytes | int, Entry] = {}
    for number, entry in enumerate(entries):
        key = entry.digest if isinstance(entry, Record) and entry.ref is None else number
        found.setdefault(key, entry)
    return tuple(found.values())
