"""Turn the edits of a change into hunks: what was removed and added, with a few words around.

Pure. A hunk becomes a line of text with the marks of a medium around the words that changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from monitor.frozen import dataclass
from monitor.model import Edit, Item
from monitor.text import spaced

MAX_HUNKS = 12  # of one item
_CONTEXT = 6  # words on each side of a hunk
_MARKS = re.compile(r"\[(?=-)|-(?=\])|\{(?=\+)|\+(?=\})")
_HALVES = ("[-", "-]", "{+", "+}")  # one stands in each text in which _MARKS finds anything
_DIGIT_BEFORE, _DIGIT_AFTER = re.compile(r"[\d.,]"), re.compile(r"[.,]?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks that a medium puts around words; the plain ones are those of wdiff, and quotes around a hit."""

    deleted: Callable[[str], str] = "[-{}-]".format
    inserted: Callable[[str], str] = "{{+{}+}}".format
    hit: Callable[[str], str] = "“{}”".format
    heading: Callable[[str], str] = str


PLAIN = Marks()


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


def marked(edits: Sequence[Edit], marks: Marks = PLAIN, *, clean: Callable[[str], str] = spaced) -> str:
    """Return the text with its changed words marked. clean: makes scraped text safe, and keeps the spaces at its edges.

    >>> marked([Edit(field="body", op="keep", old="rose ", new="rose "),
    ...         Edit(field="body", op="replace", old="5.1", new="5.3")])
    'rose [-5.1-]{+5.3+}'
    """
    return "".join(piece for edit in edits for piece in _pieces(edit, marks, clean))


def without_marks(text: str) -> str:
    """Return scraped text in which nothing looks like the mark of an edit.

    >>> without_marks("[-1.2] {+}")
    '[ -1.2] { + }'
    """
    for half in _HALVES:  # most texts hold none
        if half in text:
            return _MARKS.sub(r"\g<0> ", text)
    return text


def unshown_figures(item: Item, shown: Sequence[Hunk]) -> tuple[tuple[str, str], ...]:
    """Return the changed figures, each pair once, that these hunks do not show."""
    changed = [edit for hunk in shown for edit in hunk.edits if edit.op != "keep"]
    return tuple(
        (old, new)
        for old, new in dict.fromkeys(item.numbers)
        if not any(_has_figure(edit.old, old) and _has_figure(edit.new, new) for edit in changed)
    )


def _pieces(edit: Edit, marks: Marks, clean: Callable[[str], str]) -> Iterator[str]:
    """Yield an edit in pieces; the spaces and line ends around changed words stay outside of their marks."""
    if edit.op == "keep":
        yield without_marks(clean(edit.new))
        return
    old, new = edit.old.strip(), edit.new.strip()
    whole = edit.new if new or not old else edit.old
    yield clean(whole[: len(whole) - len(whole.lstrip())])
    sides = ((without_marks(clean(old)), marks.deleted), (without_marks(clean(new)), marks.inserted))
    yield from (mark(words) for words, mark in sides if words.strip())
    yield clean(whole[len(whole.rstrip()) :] if old or new else "")


def _has_figure(text: str, figure: str) -> bool:
    """Return whether a figure stands in a text, and is no part of another one."""
    at, length = text.find(figure), len(figure)
    while at >= 0 and (_DIGIT_BEFORE.match(text[at - 1 : at]) or _DIGIT_AFTER.match(text, at + length)):
        at = text.find(figure, at + 1)
    return not figure or at >= 0


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
