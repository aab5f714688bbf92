"""Parse a dump's text into records, and rejects for what is not a release. Linear in the text; never raises.

    dump   = record { LF record }
    record = "-" LF [ category LF ] title LF body " date" YYYY-MM-DD

The naive way is four lines: split at lone "-" lines, take the first line as the title, cut " date…" off the end, done.
Real files break it: a body may contain a lone "-", a record may lack its date, the last record may be half written, and
only some listings print a category. So a segment between two "-" lines is judged by its end: it is complete when its
last line ends in a date. A segment without a date is joined with the next one unless that is a record by itself. A
last segment without a date is an unfinished tail, which a later version of the file completes.

The majority of all segments decides whether records begin with a category. So a text is read twice: once for its
layout, once for its records. Neither keeps more than one record, so a text of any size may come in chunks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.dash.layout import Layout
from monitor.collect.formats.dash.splitter import Segment, split
from monitor.model import Dump, Record, Reject

PARSER_VERSION = 2  # increased when the same bytes may give other records
EXCERPT_LENGTH = 200  # characters of a reject that are stored and shown
MAX_DASHES = 10_000  # inside one body

_CONTROLS = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
_UNDECODABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd\ud800-\udfff]")

Entry = Record | Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """The records and rejects of one dump, each in their order, without exact repeats."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]


class DumpReader:
    """A dump that can be read several times; of one that is not held only the layout is kept."""

    def __init__(self, dump: Dump, *, categories: Collection[str] = (), max_record: int = 1_000_000) -> None:
        self._dump = dump
        self._max_record = max_record
        self._kept: tuple[Entry, ...] | None = None
        if dump.fault:
            beginning = next(dump.text_chunks(), "")[:EXCERPT_LENGTH]
            self._kept = (Reject(reason=dump.fault, line=0, offset=0, text=printable(beginning)),)
        elif dump.is_held:
            self._kept = _parsed(self._segments(), categories, max_record)
        else:
            self._layout = Layout(self._segments(), categories)

    @property
    def is_held(self) -> bool:
        """Return whether the entries are kept in memory; then there are no exact repeats."""
        return self._kept is not None

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order. Raise FileChanged where the dump is not held."""
        if self._kept is not None:
            return iter(self._kept)
        return entries(self._segments(), self._layout, max_record=self._max_record)

    def _segments(self) -> Iterator[Segment]:
        count = byte_counter(self._dump.encoding)
        return split(self._dump.text_chunks(), byte_count=count, start=self._dump.bom, max_record=self._max_record)


def parse(text: str, *, categories: Collection[str] = (), max_record: int = 1_000_000) -> ParseResult:
    """Parse the text of a whole dump; a record has at most `max_record` characters."""
    found = _parsed(split((text,), byte_count=byte_counter("utf-8"), max_record=max_record), categories, max_record)
    return ParseResult(
        records=tuple(entry for entry in found if isinstance(entry, Record)),
        rejects=tuple(entry for entry in found if isinstance(entry, Reject)),
    )


def entries(segments: Iterable[Segment], layout: Layout, *, max_record: int) -> Iterator[Entry]:
    """Yield the records and rejects of a dump's segments in their order, including exact repeats."""
    segments = iter(segments)
    first = next(segments)
    if first.line == 0:
        yield _not_a_dump(first, is_all=next(segments, None) is None)
        return
    for segment, is_last in _rejoined(first, segments, layout, max_record):
        content = segment.text.encode("utf-8", "surrogatepass")
        reason = _reject_reason(segment, content, is_last=is_last, max_record=max_record)
        if reason:
            yield _reject(segment, reason, is_tail=is_last)
        else:
            digest = sha256(content).digest()
            read = partial(layout.read, segment)
            yield Record(digest=digest, day=segment.day, line=segment.line, offset=segment.offset, read=read)


def _parsed(segments: Iterable[Segment], categories: Collection[str], max_record: int) -> tuple[Entry, ...]:
    """Return the records and rejects without exact repeats of a record."""
    segments = tuple(segments)
    found, digests = list[Entry](), set[bytes]()
    for entry in entries(segments, Layout(segments, categories), max_record=max_record):
        if isinstance(entry, Reject):
            found.append(entry)
        elif entry.digest not in digests:
            digests.add(entry.digest)
            found.append(entry)
    return tuple(found)


def _rejoined(
    first: Segment, others: Iterator[Segment], layout: Layout, max_record: int
) -> Iterator[tuple[Segment, bool]]:
    """Join what a lone "-" inside a body separated; yield each segment and whether it is a last one without a date."""
    last, joined = first, None
    for segment in others:
        if last.has_date or layout.is_record(segment):
            yield joined.segment() if joined else last, False
            joined = None
        else:
            joined = joined or _JoinedSegment(last, max_record)
            joined.add(segment)
        last = segment
    yield joined.segment() if joined else last, not last.has_date


class _JoinedSegment:
    """Segments that are one record; of more than a record can be, only the first and the last are kept."""

    def __init__(self, segment: Segment, max_length: int) -> None:
        self._parts = [segment]
        self._length = segment.length
        self._is_whole = segment.is_whole
        self._max_length = max_length

    def add(self, segment: Segment) -> None:
        self._parts.append(segment)
        self._length += len("-") + segment.length
        if self._length > self._max_length or len(self._parts) > MAX_DASHES:
            self._is_whole = False
            del self._parts[1:-1]

    def segment(self) -> Segment:
        first, *others = self._parts
        lines = list(first.lines)
        for last in others:
            lines += ["-", *last.lines]
        length, is_whole = self._length, self._is_whole
        return Segment(first.line, first.offset, tuple(lines), length, is_whole, last.has_date, last.day)


def _reject_reason(segment: Segment, content: bytes, *, is_last: bool, max_record: int) -> str:
    """Return why this segment is not a release, or "" if it is one. content: the bytes of its digest."""
    if is_last:
        return "the last record does not end in a date such as ` date2024-07-01`: it is half written or was cut off"
    if segment.length > max_record or not segment.is_whole:
        return f"the record is longer than {max_record:,} characters (the source's max_record)"
    if _has_undecodable_text(segment, content):
        return "the record has bytes that are not text in this file's encoding"
    if len(segment.filled) < 2:
        return "the record has one line only: a title line and a body line are needed"
    return ""


def _has_undecodable_text(segment: Segment, content: bytes) -> bool:
    if content.isascii():  # the usual case; counting is five times faster than the search
        return len(content.translate(None, _CONTROLS)) < len(content)
    return _UNDECODABLE.search(segment.text) is not None


def _reject(segment: Segment, reason: str, *, is_tail: bool) -> Reject:
    text = printable(segment.text[:EXCERPT_LENGTH])
    return Reject(reason=reason, line=segment.line, offset=segment.offset, text=text, is_tail=is_tail)


def _not_a_dump(segment: Segment, *, is_all: bool) -> Reject:
    text = segment.text.strip()
    is_empty = is_all and not text.replace("-", "").strip()
    reason = "this is not a dump: the first line that is not empty must be a lone '-'"
    if is_empty:
        reason = "the file holds no record"
    return Reject(reason=reason, line=0, offset=0, text=printable(text[:EXCERPT_LENGTH]), is_tail=is_empty)
