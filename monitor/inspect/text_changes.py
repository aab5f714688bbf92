"""Compare two texts of a release in full, and shorten what a list shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.inspect.redlines import Hunk, Text, fact_edits, hunks
from monitor.model import Edit

_MOST = 320  # characters that a list shows of one edit


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChanges:
    """The whole of two texts, with the differences between them."""

    title: tuple[Edit, ...]
    body: tuple[Edit, ...]  # to the end of the longer text
    facts: tuple[Edit, ...]  # of date and category; `old` is "" where it was unknown
    is_cut: bool  # the later text ends before the earlier one, as a view that is cut short does

    @property
    def places(self) -> int:
        """Return the number of places in which the texts differ."""
        return sum(edit.op != "keep" for edit in (*self.facts, *self.title, *self.body))

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """Return only what changed, with a few words around, in reading order."""
        return hunks([*self.facts, *self.title, *self.body])


def text_changes(before: Text, after: Text) -> TextChanges:
    """Compare two texts word by word. What only the longer one has stands at the end, as text that was added."""
    title, _ = _edits("title", before.title, after.title)
    body, is_cut = _edits("body", before.body, after.body)
    return TextChanges(title=title, body=body, facts=tuple(fact_edits(before, after)), is_cut=is_cut)


def shortened(hunk: Hunk) -> Hunk:
    """Return a hunk whose edits show their first words only, as a list does with a text that came in whole."""
    return hunk._replace(
        edits=tuple(replace(one, old=first_words(one.old), new=first_words(one.new)) for one in hunk.edits)
    )


def first_words(text: str, most: int = _MOST) -> str:
    """Return a text, or its first words of about `most` characters."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"


def _edits(field: str, old: str, new: str) -> tuple[tuple[Edit, ...], bool]:
    """Return the edits to the end of both texts, and whether the new one is cut short of the old one."""
    if old == new:
        return (Edit(field=field, op="keep", old=old, new=new),), False
    from monitor.compare.diff import redline  # it loads rapidfuzz

    edits = redline(field, old, new).edits
    old_rest, new_rest = (_rest(text, edits, side) for text, side in ((old, "old"), (new, "new")))
    if len(new_rest) > len(old_rest):
        kept = old_rest if new_rest.startswith(old_rest) and not new_rest[len(old_rest)].isalnum() else ""
        known = (Edit(field=field, op="keep", old=kept, new=kept),) if kept else ()
        return (*edits, *known, Edit(field=field, op="insert", old="", new=new_rest[len(kept) :])), False
    if old_rest.strip():
        return (*edits, Edit(field=field, op="keep", old=old_rest, new=old_rest)), True
    return edits, False


def _rest(text: str, edits: Sequence[Edit], side: str) -> str:
    """Return what stands behind the part of a text that both views reach."""
    return text[sum(len(getattr(edit, side)) for edit in edits) :]
