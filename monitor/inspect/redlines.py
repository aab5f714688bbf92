"""Compare two texts of a release: what differs, as edits and as hunks to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from monitor.model import Edit
from monitor.notify.redline import Hunk, hunks

__all__ = ["Comparison", "Hunk", "Text", "compare", "fact_edits", "hunks"]


class Text(Protocol):
    """What is compared: a release, or one version of it."""

    @property
    def title(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def date(self) -> date | None: ...
    @property
    def category(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The differences between two texts; empty where there is no earlier one."""

    edits: tuple[Edit, ...] = ()  # of title and body where they differ, with the unchanged text between
    numbers: tuple[tuple[str, str], ...] = ()  # figures that differ, old and new, in order
    facts: tuple[Edit, ...] = ()  # of date and category; `old` is "" where it was unknown

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """Return only what changed, with a few words around, in reading order."""
        return hunks(self.edits)

    @property
    def is_longer(self) -> bool:
        """Return whether the text only goes on where the earlier one ended: its last edit is that end."""
        changed = [edit.op for edit in self.edits if edit.op != "keep"]
        return changed == ["insert"] and self.edits[-1].op == "insert"


def compare(before: Text | None, after: Text) -> Comparison:
    """Compare word by word; if one text is cut short, only over the length that both have. before None: none."""
    from monitor.compare.diff import redline

    if before is None:
        return Comparison()
    lines = [redline("title", before.title, after.title), redline("body", before.body, after.body)]
    return Comparison(
        edits=tuple(edit for line in lines if line.places for edit in line.edits),
        numbers=tuple(pair for line in lines for pair in line.numbers),
        facts=tuple(fact_edits(before, after)),
    )


def fact_edits(before: Text, after: Text) -> Sequence[Edit]:
    """Return the edits of date and category; `old` is "" where it was unknown."""
    pairs = {"date": (before.date, after.date), "category": (before.category, after.category)}
    return [
        Edit(field=name, op="replace", old=str(old or ""), new=str(new or ""))
        for name, (old, new) in pairs.items()
        if old != new
    ]
