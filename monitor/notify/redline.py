"""Turn the edits of a change into hunks and lines: what was removed and added, with a few words around.

Pure, and without markup: each medium marks the changed words its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from monitor.model import Edit

_CONTEXT = 6  # words on each side of a hunk


class Span(NamedTuple):
    """A part of a line that changed as a whole, or not at all."""

    text: str
    is_changed: bool


class DiffLine(NamedTuple):
    """One side of a hunk; of a replacement the old side comes first, then the new one."""

    field: str  # title | body | category | date
    mark: str  # "-": old; "+": new
    spans: tuple[Span, ...]


class Hunk(NamedTuple):
    """Changes of one field close to one another, with a few words around, in reading order."""

    field: str  # title | body | category | date
    edits: tuple[Edit, ...]


def hunks(edits: Sequence[Edit]) -> tuple[Hunk, ...]:
    """Return only what changed, field by field; unchanged text longer than two contexts separates hunks."""
    return tuple(
        Hunk(field=field, edits=tuple(hunk))
        for field, run in groupby(edits, key=lambda edit: edit.field)
        for hunk in _split(run)
    )


def redline(edits: Sequence[Edit]) -> tuple[DiffLine, ...]:
    """Return the hunks as lines, each with its old side first; a side on which nothing changed is left out."""
    lines = []
    for hunk in hunks(edits):
        for mark, side in (("-", "old"), ("+", "new")):
            sides = (Span(text=getattr(edit, side), is_changed=edit.op != "keep") for edit in hunk.edits)
            spans = tuple(span for span in sides if span.text)
            if any(span.is_changed for span in spans):
                lines.append(DiffLine(field=hunk.field, mark=mark, spans=spans))
    return tuple(lines)


def _split(edits: Iterator[Edit]) -> Iterator[list[Edit]]:
    """Yield runs of changes with the short unchanged parts between them, each run with its context."""
    hunk: list[Edit] = []
    for edit in edits:
        words = edit.new.split() if edit.op == "keep" else []
        if len(words) > 2 * _CONTEXT:
            if _has_change(hunk):
                start = " " if edit.new[0].isspace() else ""
                context = f"{start}{' '.join(words[:_CONTEXT])} …"
                yield [*hunk, replace(edit, old=context, new=context)]
            end = " " if edit.new[-1].isspace() else ""
            context = f"… {' '.join(words[-_CONTEXT:])}{end}"
            hunk = [replace(edit, old=context, new=context)]
        else:
            hunk.append(edit)
    if _has_change(hunk):
        yield hunk


def _has_change(hunk: list[Edit]) -> bool:
    return any(edit.op != "keep" for edit in hunk)
