"""A dump's text → records, and rejects for what is no release. Pure, linear in the text, never raises.

    dump   = record { LF record }
    record = "-" LF [ category LF ] title LF body " date" YYYY-MM-DD

The naive way is four lines: split at lone "-" lines, take the first line as the title, cut " date…" off the end, done.
Real files break it: a body may hold a lone "-", a record may lack its date, the writer may be half way through the
last one, and only some listings print a category. So a piece between two "-" lines is judged by its end: it is
*closed* when its last line ends in a date. What is not closed is glued to the next piece unless that one is a
record by itself, and an unclosed last piece is an unfinished tail that a later read heals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from monitor.model import Record, Reject, Release

PARSER_VERSION = 1  # goes up when the same bytes may give other records
LONGEST_CATEGORY = 40  # characters; of a category that nobody declared
SHOWN = 200  # characters of a reject that are kept for people

_DATE_AT_END = re.compile(r"(?:^|\s)date(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_DATE_WIDTH = len(" date2024-07-01")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one dump's text holds, in its own order; exact repeats given once."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines between two lone "-" lines, outer blank lines off."""

    line: int  # 1-based line of its "-"
    offset: int  # bytes before its "-", in UTF-8 with LF
    lines: tuple[str, ...]

    @property
    def is_closed(self) -> bool:
        return bool(self.lines) and _date_match(self.lines[-1]) is not None

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def parse(text: str, *, source: str, categories: Collection[str] = (), max_record: int = 1_000_000) -> Parsed:
    """Read every release of a dump; `max_record` bounds one record in characters."""
    pieces = tuple(_split(text))
    if not pieces or pieces[0].line == 0:
        return Parsed(records=(), rejects=(_no_dump(text),))
    layout = _Layout(pieces, categories)
    records: dict[bytes, Record] = {}
    rejects: list[Reject] = []
    for piece, is_last in _repaired(pieces, layout):
        reason = _fault(piece, is_last=is_last, max_record=max_record)
        if reason:
            rejects.append(_reject(piece, reason, is_tail=is_last and not piece.is_closed))
            continue
        digest = sha256(f"{source}\n{piece.text}".encode("utf-8", "surrogatepass")).digest()
        records.setdefault(digest, Record(release=layout.read(piece), digest=digest, line=piece.line))
    return Parsed(records=tuple(records.values()), rejects=tuple(rejects))


def _split(text: str) -> Iterator[Piece]:
    """Cut at lone "-" lines; text before the first one comes as a piece of line 0. Blank pieces are left out."""
    start, offset, at, lines = 0, 0, 0, list[str]()
    # str.splitlines would also cut at U+2028 and the like, which stand inside bodies.
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() == "-":
            yield from _piece(start, offset, lines)
            start, offset, lines = number, at, []
        else:
            lines.append(line)
        at += len(line.encode("utf-8", "surrogatepass")) + 1
    yield from _piece(start, offset, lines)


def _piece(line: int, offset: int, lines: list[str]) -> Iterator[Piece]:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while first < last and not lines[last - 1].strip():
        last -= 1
    if first < last:
        yield Piece(line, offset, tuple(line.rstrip() for line in lines[first:last]))


class _Layout:
    """Whether this file's records begin with a category line, told by the majority of its closed pieces."""

    def __init__(self, pieces: Iterable[Piece], categories: Collection[str]) -> None:
        closed = [piece for piece in pieces if piece.is_closed]
        # Under a category stands a title; under a title that two releases share stands a sentence.
        shapes = (_filled(piece) for piece in closed)
        firsts = Counter(lines[0].strip() for lines in shapes if len(lines) == 3 and not _is_sentence(lines[1]))
        self._known = frozenset(categories) | {first for first, times in firsts.items() if times > 1}
        votes = [self._votes_category(_filled(piece)) for piece in closed if len(_filled(piece)) > 1]
        self.has_categories = sum(votes) * 2 > len(votes)

    def is_record(self, piece: Piece) -> bool:
        """Well-formed by itself: closed and with a line for each part; more lines are paragraphs under a title."""
        needed = 3 if self.has_categories else 2
        lines = _filled(piece)
        return piece.is_closed and (
            len(lines) == needed or (len(lines) > needed and not _is_sentence(lines[needed - 2]))
        )

    def read(self, piece: Piece) -> Release:
        """Take a faultless piece apart."""
        lines = list(piece.lines)
        category = lines.pop(0).strip() if self._begins_with_category(_filled(piece)) else None
        while category is not None and not lines[0].strip():
            lines.pop(0)
        title, body = lines[0].strip(), "\n".join(lines[1:])
        match = _date_match(body) if len(lines) > 1 else None
        if match:
            body = body[: len(body) - _DATE_WIDTH] if len(body) >= _DATE_WIDTH else ""
        return Release(title=title, body=body.strip(), date=_day(match), category=category)

    def _begins_with_category(self, lines: tuple[str, ...]) -> bool:
        if len(lines) < 3:
            return False
        return lines[0].strip() in self._known or (self.has_categories and _is_short_label(lines[0]))

    def _votes_category(self, lines: tuple[str, ...]) -> bool:
        if len(lines) < 3:
            return False
        return lines[0].strip() in self._known or (
            len(lines) == 3 and _is_short_label(lines[0]) and not _is_sentence(lines[1])
        )


def _repaired(pieces: tuple[Piece, ...], layout: _Layout) -> Iterator[tuple[Piece, bool]]:
    """Glue what a lone "-" inside a body tore apart; each piece comes with whether it is the file's last."""
    open_piece: list[Piece] = []
    for piece in pieces:
        if open_piece and layout.is_record(piece):
            yield _glued(open_piece), False
            open_piece = []
        open_piece.append(piece)
        if piece.is_closed:
            yield _glued(open_piece), piece is pieces[-1]
            open_piece = []
    if open_piece:
        yield _glued(open_piece), True


def _glued(parts: list[Piece]) -> Piece:
    lines = list(parts[0].lines)
    for part in parts[1:]:
        lines += ["-", *part.lines]
    return Piece(parts[0].line, parts[0].offset, tuple(lines))


def _fault(piece: Piece, *, is_last: bool, max_record: int) -> str:
    """Why this piece is no release; empty when it is one."""
    if is_last and not piece.is_closed:
        return "the last record does not end in a date: it is half written, or its end was lost"
    if sum(map(len, piece.lines)) > max_record:
        return f"the record is longer than {max_record:,} characters (the source's max_record)"
    if _NO_TEXT.search(piece.text):
        return "the record holds bytes that are no text in this file's encoding"
    if len(_filled(piece)) < 2:
        return "the record has one line only: a title line and a body line are needed"
    return ""


def _reject(piece: Piece, reason: str, *, is_tail: bool) -> Reject:
    return Reject(reason=reason, line=piece.line, offset=piece.offset, text=piece.text[:SHOWN], is_tail=is_tail)


def _no_dump(text: str) -> Reject:
    body = text.strip()
    if body.replace("-", "").strip():
        reason = "this is no dump: the first line that is not blank must be a lone '-'"
    else:
        reason = "the file holds no record"
    return Reject(reason=reason, line=0, offset=0, text=body[:SHOWN], is_tail=not body.replace("-", "").strip())


def _filled(piece: Piece) -> tuple[str, ...]:
    return tuple(line for line in piece.lines if line.strip())


def _is_short_label(line: str) -> bool:
    return len(line.strip()) <= LONGEST_CATEGORY and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?"))


def _date_match(text: str) -> re.Match[str] | None:
    """The date at the very end of a text, looked for in a window of fixed width so that the cost is constant."""
    return _DATE_AT_END.search(text, max(0, len(text) - _DATE_WIDTH))


def _day(match: re.Match[str] | None) -> date | None:
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:  # such as 2024-02-30: nothing better is known, so the release has no date
        return None
