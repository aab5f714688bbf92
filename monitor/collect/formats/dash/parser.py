"""Parse a dump's text into records, and rejects for what is not a release. Linear in the text; never raises.

    dump   = record { LF record }
    record = "-" LF [ category LF ] title LF body " date" YYYY-MM-DD

The naive way is four lines: split at lone "-" lines, take the first line as the title, cut " date…" off the end, done.
Real files break it: a body may contain a lone "-", a record may lack its date, the last record may be half written, the
"-" between two may be lost, and only some listings print a category. So a segment is judged by its end: it is complete
when its last line ends in a date.

A segment without a date is joined with the next one unless that is a record by itself. A
last segment without a date is an unfinished tail, which a later version of the file completes.

The majority of all segments decides whether records begin with a category. So a text is read twice: once for its
layout, once for its records. Neither keeps more than one record, so a text of any size may come in chunks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, unreadable
from monitor.collect.formats.dash.dropped_lines import without_lines
from monitor.collect.formats.dash.end_label import damaged_end, label_like_text
from monitor.collect.formats.dash.layout import Layout
from monitor.collect.formats.dash.splitter import Segment, split
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Record, Reject
from monitor.readable import is_misread

PARSER_VERSION = 3  # increased when the same bytes may give other records
MAX_DASHES = 10_000  # inside one body
_END_LENGTH = 40  # characters of a line that a reason shows
NOT_A_DUMP = "this is not a dump: the first line that is not empty must be a lone '-'"

_CONTROLS = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
_UNDECODABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """The records and rejects of one dump, each in their order, without exact repeats."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]


class DumpReader:
    """A dump that can be read several times; of one that is not held only the layout is kept."""

    def __init__(
        self,
        dump: Dump,
        *,
        categories: Collection[str] = (),
        max_record: int = 1_000_000,
        drop: tuple[str, ...] = (),
    ) -> None:
        self._dump = dump
        self._categories = categories
        self._drop = drop
        self._max_record = max_record
        self.kept: tuple[Entry, ...] | None = None  # without exact repeats; None: read again each time
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = _parsed(self._segments(), categories, max_record)
        else:
            self._layout = Layout(self._segments(), categories)

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order. Raise FileChanged where the dump is not held."""
        if self.kept is not None:
            return iter(self.kept)
        return entries(self._segments(), self._layout, max_record=self._max_record)

    def _segments(self) -> Iterator[Segment]:
        count = byte_counter(self._dump.encoding)
        found = split(self._dump.text_chunks(), byte_count=count, start=self._dump.bom, max_record=self._max_record)
        return without_lines(found, self._drop, categories=self._categories) if self._drop else found


def reading(dump: Dump, options: SourceOptions) -> DumpReader:
    """Return a dump of this layout as it is read."""
    return DumpReader(dump, categories=options.categories, max_record=options.max_record, drop=options.drop)


def parse(
    text: str, *, categories: Collection[str] = (), max_record: int = 1_000_000, drop: tuple[str, ...] = ()
) -> ParseResult:
    """Parse the text of a whole dump; a record has at most `max_record` characters."""
    segments = split((text,), byte_count=byte_counter("utf-8"), max_record=max_record)
    found = _parsed(without_lines(segments, drop, categories=categories) if drop else segments, categories, max_record)
    return ParseResult(
        records=tuple(entry for entry in found if isinstance(entry, Record)),
        rejects=tuple(entry for entry in found if isinstance(entry, Reject)),
    )


def entries(segments: Iterable[Segment], layout: Layout, *, max_record: int) -> Iterator[Entry]:
    """Yield the records and rejects of a dump's segments in their order, including exact repeats."""
    segments = iter(segments)
    first = next(segments)
    if first.line == 0:
        text = first.text.strip()
        is_empty = next(segments, None) is None and not text.replace("-", "").strip()
        reason = "the file holds no record" if is_empty else NOT_A_DUMP
        yield Reject(reason=reason, line=0, offset=0, text=printable(text[:EXCERPT_LENGTH]), is_tail=is_empty)
        return
    for segment, is_last in _rejoined(first, segments, layout, max_record):
        content = segment.text.encode("utf-8", "surrogatepass")
        reason = _reject_reason(segment, content, layout, is_last=is_last, max_record=max_record)
        if reason:
            text = printable(segment.text[:EXCERPT_LENGTH])
            yield Reject(reason=reason, line=segment.line, offset=segment.offset, text=text, is_tail=is_last)
        else:
            digest = sha256(content).digest()
            read = partial(layout.read, segment)
            yield Record(digest=digest, day=segment.day, line=segment.line, offset=segment.offset, read=read)


def _parsed(segments: Iterable[Segment], categories: Collection[str], max_record: int) -> tuple[Entry, ...]:
    """Return the records and rejects without exact repeats of a record."""
    segments = tuple(segments)
    found: dict[bytes | int, Entry] = {}
    for entry in entries(segments, Layout(segments, categories), max_record=max_record):
        found.setdefault(entry.digest if isinstance(entry, Record) else entry.offset, entry)
    return tuple(found.values())


def _rejoined(
    first: Segment, others: Iterator[Segment], layout: Layout, max_record: int
) -> Iterator[tuple[Segment, bool]]:
    """Join what a lone "-" inside a body separated; yield each segment and whether it is a last one without a date."""
    parts, length, is_whole = [first], first.length, first.is_whole
    for segment in others:
        label = parts[-1].label
        if (label and label.ends_record and not segment.is_welded) or _is_apart(parts[-1], segment, layout):
            yield _joined(parts, length, is_whole=is_whole), False
            is_record = segment.is_welded and segment.has_date  # of its own, though no "-" precedes it
            parts, length, is_whole = [segment], segment.length, segment.is_whole
            if is_record:
                parts[0] = segment._replace(is_welded=False)
            continue
        parts.append(segment)
        length += len("-") + segment.length
        if length > max_record or len(parts) > MAX_DASHES:  # more than a record can be: only both ends are kept
            is_whole = False
            del parts[1:-1]
    yield _joined(parts, length, is_whole=is_whole), not parts[-1].has_date


def _is_apart(before: Segment, segment: Segment, layout: Layout) -> bool:
    """Return whether a segment belongs to no record that the one before it may be a part of."""
    if segment.is_welded:
        return not segment.has_date or layout.is_record(segment)
    return before.ends_record or ((segment.ends_record or before.has_date) and layout.is_record(segment))


def _joined(parts: list[Segment], length: int, *, is_whole: bool) -> Segment:
    first, last = parts[0], parts[-1]
    if first is last:
        return first
    lines = [*first.lines]
    for part in parts[1:]:
        lines.extend(part.lines if part.is_welded else ("-", *part.lines))
    is_welded = any(part.is_welded for part in parts)
    return Segment(first.line, first.offset, tuple(lines), length, is_whole, last.label, is_welded)


def _reject_reason(segment: Segment, content: bytes, layout: Layout, *, is_last: bool, max_record: int) -> str:
    """Return why this segment is not a release, or "" if it is one. content: the bytes of its digest."""
    is_read = segment.label is not None and segment.label.is_read
    label = "" if is_read else printable(label_like_text(segment.text))
    if is_last:
        reason = "the last record does not end in a date such as ` date2024-07-01`: it is half written or was cut off"
        return reason + (f", or `{label}` cannot be read as one" if label else "")
    if segment.length > max_record or not segment.is_whole:
        return f"the record is longer than {max_record:,} characters (the source's max_record)"
    is_ascii = content.isascii()
    if is_ascii:  # the usual case; counting is five times faster than the search
        has_undecodable_text = len(content.translate(None, _CONTROLS)) < len(content)
    else:
        has_undecodable_text = _UNDECODABLE.search(segment.text) is not None
    if has_undecodable_text:
        return (
            "the record has bytes that are not text in this file's encoding; "
            "if they are of another, set the source's `encoding:` to it"
        )
    has_accents = not is_ascii and content.count(b"\xc3") * 20 > len(content)  # in many of its letters
    if has_accents and is_misread(segment.text):
        return "the record is UTF-8 that was read in another encoding before, and bytes of it are lost: fetch it again"
    filled = segment.filled
    if len(filled) < 2:
        return "the record has one line only: a title line and a body line are needed"
    if segment.is_welded:
        return (
            "a line in it ends in a date, as a record does, and what follows is no record: is a lone '-' missing there?"
        )
    if end := _damaged_end(filled, layout):
        return (
            f"two records seem to be one: `{printable(end)}` in it may be the end of the first; is a line end missing?"
        )
    if label:
        return f"the record does not end in a date such as ` date2024-07-01`, and `{label}` cannot be read as one"
    return ""


def _damaged_end(lines: Sequence[str], layout: Layout) -> str:
    """Return the end of an inner line behind which another record begins, or ""."""
    for place in range(1, len(lines)):
        line = lines[place - 1]
        if end := damaged_end(line):
            is_list = ":" in line and ":" in lines[place]  # such as `Date: 2024-07-01`, `Venue: Seoul`
            if not is_list and layout.begins_record(lines[place:], after=end):
                return line[-_END_LENGTH:]
    return ""
