"""A dump's text → records, and rejects for what is no release. Pure, linear in the text, never raises.

    dump   = record { LF record }
    record = "-" LF [ category LF ] title LF body " date" YYYY-MM-DD

The naive way is four lines: split at lone "-" lines, take the first line as the title, cut " date…" off the end, done.
Real files break it: a body may hold a lone "-", a record may lack its date, the writer may be half way through the
last one, and only some listings print a category. So a piece between two "-" lines is judged by its end: it is
*closed* when its last line ends in a date. What is not closed is glued to the next piece unless that one is a
record by itself, and an unclosed last piece is an unfinished tail that a later read heals.

Whether records begin with a category is told by the majority of all pieces, so a text is gone through twice: once for
its layout, once for its records. Neither keeps more than one record, so a text of any size may come in stretches.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.dash.layout import MAX_CATEGORY_LENGTH, Layout
from monitor.collect.formats.dash.splitter import Segment, split
from monitor.model import Dump, Record, Reject

__all__ = ["EXCERPT_LENGTH", "MAX_CATEGORY_LENGTH", "PARSER_VERSION", "DumpReader", "ParseResult", "entries", "parse"]

PARSER_VERSION = 2  # goes up when the same bytes may give other records
EXCERPT_LENGTH = 200  # characters of a reject that are kept for people
MAX_DASHES = 10_000  # inside one body

_CONTROLS = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
_UNDECODABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd\ud800-\udfff]")

Entry = Record | Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What one dump's text holds, in its own order; exact repeats given once."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]


class DumpReader:
    """A dump to be gone through as often as needed; of one that is not held nothing is kept but its layout."""

    def __init__(self, dump: Dump, *, categories: Collection[str] = (), max_record: int = 1_000_000) -> None:
        self._dump = dump
        self._max_record = max_record
        self._kept: tuple[Entry, ...] | None = None
        if dump.fault:
            beginning = next(dump.text_chunks(), "")[:EXCERPT_LENGTH]
            self._kept = (Reject(reason=dump.fault, line=0, offset=0, text=printable(beginning)),)
        elif not dump.is_held:
            self._layout = Layout(self._segments(), categories)
        else:
            pieces = tuple(self._segments())
            self._kept = tuple(_without_repeats(self._entries(pieces, Layout(pieces, categories))))

    @property
    def is_held(self) -> bool:
        """Whether it is read once; then exact repeats are given once, too."""
        return self._kept is not None

    def entries(self) -> Iterator[Entry]:
        """Its records and rejects in their order. Raises FileChanged while one that is not held is read."""
        return iter(self._kept) if self._kept is not None else self._entries(self._segments(), self._layout)

    def _entries(self, pieces: Iterable[Segment], layout: Layout) -> Iterator[Entry]:
        return entries(pieces, layout, max_record=self._max_record)

    def _segments(self) -> Iterator[Segment]:
        width = byte_counter(self._dump.encoding)
        return split(self._dump.text_chunks(), byte_count=width, start=self._dump.bom, max_record=self._max_record)


def parse(text: str, *, categories: Collection[str] = (), max_record: int = 1_000_000) -> ParseResult:
    """Read every release of a dump; `max_record` bounds one record in characters."""
    pieces = tuple(split((text,), byte_count=byte_counter("utf-8"), max_record=max_record))
    found = tuple(_without_repeats(entries(pieces, Layout(pieces, categories), max_record=max_record)))
    return ParseResult(
        records=tuple(entry for entry in found if isinstance(entry, Record)),
        rejects=tuple(entry for entry in found if isinstance(entry, Reject)),
    )


def entries(segments: Iterable[Segment], layout: Layout, *, max_record: int) -> Iterator[Entry]:
    """What the pieces of one dump hold, in their order; exact repeats are given each time."""
    segments = iter(segments)
    first = next(segments)
    if first.line == 0:
        yield _not_a_dump(first, is_all=next(segments, None) is None)
        return
    for piece, is_last in _rejoined(first, segments, layout, max_record):
        content = piece.text.encode("utf-8", "surrogatepass")
        reason = _reject_reason(piece, content, is_last=is_last, max_record=max_record)
        if reason:
            yield _reject(piece, reason, is_tail=is_last)
        else:
            digest = sha256(content).digest()
            read = partial(layout.read, piece)
            yield Record(digest=digest, day=piece.day, line=piece.line, offset=piece.offset, read=read)


def _without_repeats(found: Iterable[Entry]) -> Iterator[Entry]:
    """Leave out exact repeats of a record."""
    digests = set[bytes]()
    for entry in found:
        if isinstance(entry, Reject) or entry.digest not in digests:
            yield entry
        if isinstance(entry, Record):
            digests.add(entry.digest)


def _rejoined(
    first: Segment, others: Iterator[Segment], layout: Layout, max_record: int
) -> Iterator[tuple[Segment, bool]]:
    """Glue what a lone "-" inside a body tore apart; each piece comes with whether it is an unclosed last one."""
    last, glue = first, None
    for piece in others:
        if last.is_closed or layout.is_record(piece):
            yield glue.segment() if glue else last, False
            glue = None
        else:
            glue = glue or _JoinedSegment(last, max_record)
            glue.add(piece)
        last = piece
    yield glue.segment() if glue else last, not last.is_closed


class _JoinedSegment:
    """Pieces that are one record; of more than a record can have only the first and the last stay."""

    def __init__(self, piece: Segment, most: int) -> None:
        self._parts = [piece]
        self._length = piece.length
        self._is_whole = piece.is_whole
        self._most = most

    def add(self, piece: Segment) -> None:
        self._parts.append(piece)
        self._length += len("-") + piece.length
        if self._length > self._most or len(self._parts) > MAX_DASHES:
            self._is_whole = False
            del self._parts[1:-1]

    def segment(self) -> Segment:
        first, *others = self._parts
        lines = list(first.lines)
        for last in others:
            lines += ["-", *last.lines]
        length, is_whole = self._length, self._is_whole
        return Segment(first.line, first.offset, tuple(lines), length, is_whole, last.is_closed, last.day)


def _reject_reason(piece: Segment, content: bytes, *, is_last: bool, max_record: int) -> str:
    """Why this piece is no release; empty when it is one. content: what its digest is made of."""
    if is_last:
        return "the last record does not end in ` date2024-07-01` or another day: half written, or its end was lost"
    if piece.length > max_record or not piece.is_whole:
        return f"the record is longer than {max_record:,} characters (the source's max_record)"
    if _has_undecodable_text(piece, content):
        return "the record holds bytes that are no text in this file's encoding"
    if len(piece.filled) < 2:
        return "the record has one line only: a title line and a body line are needed"
    return ""


def _has_undecodable_text(piece: Segment, content: bytes) -> bool:
    """In ASCII, the usual case, told by counting: five times faster than the search."""
    if content.isascii():
        return len(content.translate(None, _CONTROLS)) < len(content)
    return _UNDECODABLE.search(piece.text) is not None


def _reject(piece: Segment, reason: str, *, is_tail: bool) -> Reject:
    text = printable(piece.text[:EXCERPT_LENGTH])
    return Reject(reason=reason, line=piece.line, offset=piece.offset, text=text, is_tail=is_tail)


def _not_a_dump(piece: Segment, *, is_all: bool) -> Reject:
    text = piece.text.strip()
    is_bare = is_all and not text.replace("-", "").strip()
    reason = (
        "the file holds no record"
        if is_bare
        else "this is no dump: the first line that is not blank must be a lone '-'"
    )
    return Reject(reason=reason, line=0, offset=0, text=printable(text[:EXCERPT_LENGTH]), is_tail=is_bare)
