"""Decide by the majority of a file's segments whether its records begin with a category, and parse a segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

from monitor.collect.formats.dash.splitter import DATE_WIDTH, Segment
from monitor.model import Release

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

    @property
    def has_categories(self) -> bool:
        """Return whether the records begin with a category line."""
        return self._decision[0]

    def is_record(self, segment: Segment) -> bool:
        """Return whether a segment is a record by itself: with a date, and a line for each part or more paragraphs."""
        needed = 3 if self.has_categories else 2
        lines = segment.filled
        has_title = len(lines) > needed and not _is_sentence(lines[needed - 2])
        return segment.has_date and (len(lines) == needed or has_title)

    def read(self, segment: Segment) -> Release:
        """Parse a valid segment."""
        lines = list(segment.lines)
        category = lines.pop(0).strip() if self._begins_with_category(segment.filled) else None
        while category is not None and not lines[0]:
            lines.pop(0)
        title, body = lines[0].strip(), "\n".join(lines[1:])
        if segment.has_date:
            body = body[: max(0, len(body) - DATE_WIDTH)]
        return Release(title=title, body=body.strip(), date=segment.day, category=category)

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
                firsts.add(lines[0].strip())
            if is_first and _is_short_label(lines[0]):
                votes += 1
            elif len(lines) > 2:
                others.add(lines[0].strip())
        known = self._categories | firsts.repeated()
        votes += sum(others.count(label) for label in known)
        return votes * 2 > voters, known

    def _begins_with_category(self, lines: tuple[str, ...]) -> bool:
        if len(lines) < 3:
            return False
        has_categories, known = self._decision
        return lines[0].strip() in known or (has_categories and _is_short_label(lines[0]))


class _Labels:
    """Counts first lines; beyond MAX_LABELS those that occurred once are dropped."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._is_full = False

    def add(self, label: str) -> None:
        if len(label) > MAX_LABEL_LENGTH or (self._is_full and label not in self._counts):
            return
        self._counts[label] += 1
        if len(self._counts) > MAX_LABELS:
            self._counts = Counter({label: times for label, times in self._counts.items() if times > 1})
            self._is_full = len(self._counts) > MAX_LABELS // 2

    def repeated(self) -> frozenset[str]:
        return frozenset(label for label, times in self._counts.items() if times > 1)

    def count(self, label: str) -> int:
        return self._counts[label]


def _is_short_label(line: str) -> bool:
    return len(line.strip()) <= MAX_CATEGORY_LENGTH and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?"))
