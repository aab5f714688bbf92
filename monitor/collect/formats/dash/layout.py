"""Decide by the majority of a file's segments whether its records begin with a category, and parse a segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from monitor.collect.formats.dash.end_label import DamagedEnd
from monitor.collect.formats.dash.splitter import Segment
from monitor.model import Release
from monitor.readable import readable

MAX_CATEGORY_LENGTH = 40  # characters; of a category that is not declared
MAX_LABEL_LENGTH = 200  # characters; of a first line that is counted
MAX_LABELS = 10_000  # different ones that are kept, however many titles a file has


class Layout:
    """The layout of one file, decided by the majority of its dated segments; its memory is bounded.

    The decision takes one pass when it is first needed. Most files never need it: known records are not parsed.
    """

    def __init__(self, segments: Iterable[Segment], categories: Collection[str] = ()) -> None:
        self._segments = segments
        self._categories = frozenset(categories)

    def is_record(self, segment: Segment) -> bool:
        """Return whether a segment is a record by itself: with a date, and a line for each part or more paragraphs.

        Behind a label and no "-" the rest of a text is likelier than elsewhere: there its title must be no sentence.
        """
        has_categories, _ = self._decision
        needed = 3 if has_categories else 2
        lines = segment.filled
        if not segment.has_date or len(lines) < needed:
            return False
        title = lines[needed - 2]
        if segment.is_welded:
            return any(map(str.isalnum, title)) and not _is_sentence(title)
        return len(lines) == needed or not _is_sentence(title)

    def begins_record(self, lines: Sequence[str], *, after: DamagedEnd) -> bool:
        """Return whether these filled lines, of which the last ends in a date, may be a record by themselves.

        The rest of a text is none: it goes on in small letters. Behind a doubtful end it may also go on with a
        sentence, or its lines are parts of one.
        """
        has_categories, _ = self._decision
        needed = 3 if has_categories else 2
        if len(lines) < needed or lines[0][0].islower():
            return False
        title, first, *others = lines[needed - 2 :]
        is_plain = not _is_sentence(title) and (not others or _is_sentence(first))
        return any(map(str.isalnum, title)) and (is_plain or after is DamagedEnd.CUT)

    def read(self, segment: Segment) -> Release:
        """Parse a valid segment."""
        lines, filled, category = segment.lines, segment.filled, None
        if len(filled) > 2 and self._is_category(filled[0]):
            category = readable(filled[0]).strip()
            lines = lines[lines.index(filled[1], 1) :]
        title, body = readable(lines[0]).strip(), "\n".join(lines[1:])
        if segment.label:
            body = body[: max(0, len(body) - segment.label.length)]
        return Release(title=title, body=readable(body).strip(), date=segment.day, category=category)

    @cached_property
    def _decision(self) -> tuple[bool, frozenset[str]]:
        """Return whether the records begin with a category, and the labels that are categories."""
        firsts = _Labels()  # first lines of segments that look like category, title, body
        others = _Labels()  # of all other segments
        voters = votes = 0
        for segment in self._segments:
            lines = segment.filled
            if not segment.is_whole or len(lines) < 2 or not segment.has_date:
                continue
            voters += 1
            # The line after a category is a title; the line after a title that two releases share is a sentence.
            is_first = len(lines) == 3 and not _is_sentence(lines[1])
            if is_first:
                firsts.add(readable(lines[0]).strip())
            if is_first and _is_short_label(lines[0]):
                votes += 1
            elif len(lines) > 2:
                others.add(readable(lines[0]).strip())
        known = self._categories | firsts.repeated()
        votes += sum(others[label] for label in known)
        return votes * 2 > voters, known

    def _is_category(self, line: str) -> bool:
        has_categories, known = self._decision
        label = readable(line).strip()
        return label in known or (has_categories and _is_short_label(label))


class _Labels(Counter[str]):
    """Counts first lines; beyond MAX_LABELS those that occurred once are dropped."""

    _is_full = False

    def add(self, label: str) -> None:
        if len(label) > MAX_LABEL_LENGTH or (self._is_full and label not in self):
            return
        self[label] += 1
        if len(self) > MAX_LABELS:
            for once in self.keys() - self.repeated():
                del self[once]
            self._is_full = len(self) > MAX_LABELS // 2

    def repeated(self) -> frozenset[str]:
        return frozenset(label for label, times in self.items() if times > 1)


def _is_short_label(line: str) -> bool:
    return len(readable(line).strip()) <= MAX_CATEGORY_LENGTH and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?"))
