"""Find what a change added to a release, as ranges of the new text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from monitor.match.tokens import tokens
from monitor.model import Change
from monitor.text import is_cut

_ADDS = frozenset({"insert", "replace"})


class AddedText:
    """The inserted and replaced words of one change, without the open last word of a cut body."""

    def __init__(self, change: Change) -> None:
        body = change.after.body
        # The end of the last word that is known to be whole.
        self._closed_end = max((token.end for token in tokens(body)[:-1]), default=0) if is_cut(body) else len(body)
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        for field, start, end in _added_ranges(change):
            self._ranges.setdefault(field, []).append((start, end))

    def overlaps(self, span: tuple[str, int, int]) -> bool:
        """Return whether an added word is in this location."""
        field, start, end = span
        stretches = self._ranges.get(field, [])
        if field == "body" and end > self._closed_end:
            return False
        at = bisect_right(stretches, (start, end))
        return any(left < end and start < right for left, right in stretches[max(at - 1, 0) : at + 1])


def _added_ranges(change: Change) -> Iterator[tuple[str, int, int]]:
    """Yield the ranges of new words; edits have no offsets, so they are summed up, without spaces before a word."""
    reached: dict[str, int] = {}
    for edit in change.edits:
        at = reached.get(edit.field, 0)
        reached[edit.field] = end = at + len(edit.new)
        start = end - len(edit.new.lstrip())
        if edit.op in _ADDS and start < end:
            yield edit.field, start, end
