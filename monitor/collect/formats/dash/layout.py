"""The pieces of a file → whether its records begin with a category line, and how a record is taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

from monitor.collect.formats.dash.splitter import DATE_WIDTH, Segment
from monitor.model import Release

MAX_CATEGORY_LENGTH = 40  # characters; of a category that nobody declared
MAX_LABEL_LENGTH = 200  # characters; of a first line that is compared with others
MAX_LABELS = 10_000  # different ones that are remembered; a file of any size may hold as many titles as it likes


class Layout:
    """Told by the majority of a file's closed pieces, in one pass when it is first asked; what it remembers is bounded.

    Most files never ask: what is known by its digest needs no taking apart.
    """

    def __init__(self, segments: Iterable[Segment], categories: Collection[str] = ()) -> None:
        self._segments = segments
        self._categories = frozenset(categories)

    @property
    def has_categories(self) -> bool:
        """Whether its records begin with a category line."""
        return self._categories_found[0]

    def is_record(self, segment: Segment) -> bool:
        """Well-formed by itself: closed and with a line for each part; more lines are paragraphs under a title."""
        needed = 3 if self.has_categories else 2
        lines = segment.filled
        return segment.is_closed and (
            len(lines) == needed or (len(lines) > needed and not _is_sentence(lines[needed - 2]))
        )

    def read(self, segment: Segment) -> Release:
        """Take a faultless piece apart."""
        lines = list(segment.lines)
        category = lines.pop(0).strip() if self._begins_with_category(segment.filled) else None
        while category is not None and not lines[0]:
            lines.pop(0)
        title, body = lines[0].strip(), "\n".join(lines[1:])
        if segment.is_closed:
            body = body[: max(0, len(body) - DATE_WIDTH)]
        return Release(title=title, body=body.strip(), date=segment.day, category=category)

    @cached_property
    def _categories_found(self) -> tuple[bool, frozenset[str]]:
        """Whether there are categories, and the labels that are some."""
        firsts, others = _Labels(), _Labels()  # first lines: of what looks like category, title, body; of the rest
        voters = votes = 0
        for piece in self._segments:
            lines = piece.filled
            if not piece.is_whole or len(lines) < 2 or not piece.is_closed:
                continue
            voters += 1
            # Under a category stands a title; under a title that two releases share stands a sentence.
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
        has_categories, known = self._categories_found
        return lines[0].strip() in known or (has_categories and _is_short_label(lines[0]))


class _Labels:
    """How often each first line stood there; of more than MOST_LABELS those that stood there once are forgotten."""

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
