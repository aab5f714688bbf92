"""Edits of a change → the hunks and lines that show it: what went, what came, and a few words around.

Pure, and without markup: each medium paints what was touched its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from monitor.model import Edit

_CONTEXT = 6  # words on each side of a hunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A stretch of a line that was touched throughout, or not at all."""

    text: str
    is_touched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One side of a hunk; the two sides of a replacement follow each other, the old one first."""

    field: str  # title | body | category | date
    mark: str  # "-": as it was; "+": as it is
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Touched words of one field close to one another, with a few words around, in reading order."""

    field: str  # title | body | category | date
    edits: tuple[Edit, ...]


def hunks(edits: Sequence[Edit]) -> tuple[Hunk, ...]:
    """Only what changed, field by field; unchanged stretches longer than two contexts part the hunks."""
    return tuple(
        Hunk(field=field, edits=tuple(hunk))
        for field, run in groupby(edits, key=lambda edit: edit.field)
        for hunk in _parted(list(run))
    )


def redline(edits: Sequence[Edit]) -> tuple[DiffLine, ...]:
    """The hunks as lines: first how each read, then how it reads."""
    return tuple(line for hunk in hunks(edits) for line in _sides(hunk))


def _parted(edits: list[Edit]) -> Iterator[list[Edit]]:
    """Runs of touched edits with the short unchanged stretches between them, each run with its context."""
    hunk: list[Edit] = []
    for edit in edits:
        if edit.op == "keep" and len(edit.new.split()) > 2 * _CONTEXT:
            if _is_news(hunk):
                yield [*hunk, _kept(edit, _first_words(edit.new))]
            hunk = [_kept(edit, _last_words(edit.new))]
        else:
            hunk.append(edit)
    if _is_news(hunk):
        yield hunk


def _is_news(hunk: list[Edit]) -> bool:
    return any(edit.op != "keep" for edit in hunk)


def _kept(edit: Edit, text: str) -> Edit:
    return Edit(field=edit.field, op="keep", old=text, new=text)


def _first_words(text: str) -> str:
    start = " " if text[0].isspace() else ""
    return start + " ".join(text.split()[:_CONTEXT]) + " …"


def _last_words(text: str) -> str:
    end = " " if text[-1].isspace() else ""
    return "… " + " ".join(text.split()[-_CONTEXT:]) + end


def _sides(hunk: Hunk) -> Iterator[DiffLine]:
    """The old side and the new one; a side on which nothing was touched has nothing to show."""
    old = tuple(Stroke(text=e.old, is_touched=e.op != "keep") for e in hunk.edits if e.old)
    new = tuple(Stroke(text=e.new, is_touched=e.op != "keep") for e in hunk.edits if e.new)
    for mark, strokes in (("-", old), ("+", new)):
        if any(stroke.is_touched for stroke in strokes):
            yield DiffLine(field=hunk.field, mark=mark, strokes=strokes)
