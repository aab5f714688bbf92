"""Records and heads → which record shows which release: one to one within a dump, best evidence first.

Real look-alikes set the bounds: two releases of one exact title three days apart, photo twins in which every sentence
of one stands in the other, annual reports with titles .90 alike. When in doubt a record is *new*: a wrong "new" costs
a line, a wrong merge hides an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rapidfuzz import fuzz

from monitor.compare.forms import Form, form, hash_of_text, index, is_view, shingles
from monitor.model import Head, Record, Sighting
from monitor.ports import Known

SAME_STORY = 0.12  # shingles shared by two texts under one title and day that are one release
WHOLE_BODY = 200  # characters of a body that are evidence by themselves
SHORT_BODY = 100  # the same, where title or day agree as well; below it stand captions and numbered notices
TOUCHED_UP = 98.0  # ratio of bodies that differ by a few words
TITLE_LIKE, BODY_LIKE = 85.0, 90.0  # ratios of a title and a body that were both touched
FEW_DAYS = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The release a record was found to show, and why."""

    record: Record
    head: Head | None  # None: no known release fits
    evidence: str  # "" without a head


def assign(
    records: Sequence[Record], *, source: str, known: Known, sightings: Mapping[bytes, Sighting]
) -> tuple[Pairing, ...]:
    """Pair each record with at most one head and each head with at most one record, in the records' order.

    The result does not depend on the order of the records.
    """
    found = _current(records, known, sightings)
    candidates = _Candidates([r for r in records if r.digest not in found], source, known, sightings)
    for rank in RANKS:
        taken = {head.number for head, _ in found.values()}
        for _, number, digest in sorted(candidates.scored(rank, found, taken)):
            if digest not in found and number not in taken:
                found[digest] = (known.heads[number], rank.evidence)
                taken.add(number)
    return tuple(
        Pairing(record=record, head=found[record.digest][0], evidence=found[record.digest][1])
        if record.digest in found
        else Pairing(record=record, head=None, evidence="")
        for record in records
    )


_Found = dict[bytes, tuple[Head, str]]  # digest → head and evidence


def _current(records: Sequence[Record], known: Known, sightings: Mapping[bytes, Sighting]) -> _Found:
    """Records that were seen before as the current text of their release: no comparing needed."""
    found: _Found = {}
    taken = set()
    for digest in sorted(record.digest for record in records if record.digest in sightings):
        head = known.heads[sightings[digest].number]
        if head.version == sightings[digest].version and head.number not in taken:
            found[digest] = (head, "seen before as it is")
            taken.add(head.number)
    return found


class _Candidates:
    """The heads that a record shares an index entry with, and the forms of both."""

    def __init__(
        self, records: Sequence[Record], source: str, known: Known, sightings: Mapping[bytes, Sighting]
    ) -> None:
        self._known = known
        self._seen = {digest: sighting.number for digest, sighting in sightings.items()}
        self._forms = {record.digest: form(record.release) for record in records}
        self._index = {digest: index(source, shape) for digest, shape in self._forms.items()}
        self._head_forms: dict[int, Form] = {}

    def scored(self, rank: Rank, found: _Found, taken: Collection[int]) -> list[tuple[float, int, bytes]]:
        """(-score, head, digest) of every free pair this rank accepts; the best sorts first."""
        pairs = (
            (digest, number)
            for digest in self._forms
            if digest not in found
            for number in self._numbers(digest, rank.by)
            if number not in taken
        )
        scores = ((rank.score(self._pair(digest, number)), number, digest) for digest, number in pairs)
        return [(-score, number, digest) for score, number, digest in scores if score is not None]

    def _numbers(self, digest: bytes, by: str) -> Collection[int]:
        key = self._index[digest].get(by)
        numbers = self._known.by_key.get(key, ()) if key else ()
        seen = self._seen.get(digest)
        return numbers if seen is None or seen in numbers else (*numbers, seen)

    def _pair(self, digest: bytes, number: int) -> Pair:
        head = self._known.heads[number]
        if number not in self._head_forms:
            self._head_forms[number] = form(head.release)
        is_seen = self._seen.get(digest) == number
        return Pair(self._forms[digest], self._head_forms[number], head.past, is_seen)


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and a head that might be one release."""

    record: Form
    known: Form
    past: frozenset[bytes]  # text hashes of the head's earlier versions
    is_seen: bool = False  # the record was taken for this release before

    @property
    def has_title(self) -> bool:
        return self.record.title == self.known.title

    @property
    def has_day(self) -> bool:
        return self.record.date is not None and self.record.date == self.known.date

    @property
    def misses_day(self) -> bool:
        return self.record.date is None or self.known.date is None

    @property
    def days_apart(self) -> timedelta:
        if self.record.date is None or self.known.date is None:
            return timedelta.max
        return abs(self.record.date - self.known.date)

    @property
    def has_body(self) -> bool:
        return self.record.body == self.known.body

    @property
    def has_view(self) -> bool:
        """One body is a cut view of the other."""
        return is_view(self.record, of=self.known) or is_view(self.known, of=self.record)

    @property
    def is_past(self) -> bool:
        """The record shows an earlier version of the release."""
        return self.is_seen or hash_of_text(self.record.title, self.record.body) in self.past

    @property
    def shared(self) -> float:
        """Characters that both bodies have: the more of them, the stronger the evidence."""
        return float(min(len(self.record.body), len(self.known.body)))


def _same(pair: Pair) -> float | None:
    return 1.0 if pair.has_title and pair.record.date == pair.known.date and pair.has_body else None


def _same_view(pair: Pair) -> float | None:
    fits = pair.has_title and pair.record.date == pair.known.date and (pair.has_view or pair.is_past)
    return pair.shared if fits or pair.is_seen else None


def _same_undated(pair: Pair) -> float | None:
    fits = pair.has_title and pair.misses_day and (pair.has_body or pair.has_view or pair.is_past)
    return pair.shared if fits else None


def _same_story(pair: Pair) -> float | None:
    if not (pair.has_title and pair.has_day):
        return None
    likeness = _likeness(pair.record, pair.known)
    return likeness if likeness >= SAME_STORY else None


def _redated(pair: Pair) -> float | None:
    return 1.0 if pair.has_title and pair.has_body and pair.shared >= WHOLE_BODY else None


def _retitled(pair: Pair) -> float | None:
    fits = pair.has_day and (pair.has_body or pair.has_view) and pair.shared >= SHORT_BODY
    return pair.shared if fits else None


def _redated_touched_up(pair: Pair) -> float | None:
    fits = pair.has_title and pair.days_apart <= FEW_DAYS and pair.shared >= SHORT_BODY
    if not fits or pair.record.numbers != pair.known.numbers:
        return None
    return fuzz.ratio(pair.record.body, pair.known.body, score_cutoff=TOUCHED_UP) or None


def _touched_twice(pair: Pair) -> float | None:
    if not pair.has_day or pair.shared < SHORT_BODY:
        return None
    if not fuzz.ratio(pair.record.title, pair.known.title, score_cutoff=TITLE_LIKE):
        return None
    return fuzz.ratio(pair.record.body, pair.known.body, score_cutoff=BODY_LIKE) or None


def _same_body(pair: Pair) -> float | None:
    return pair.shared if pair.has_body and not pair.misses_day and pair.shared >= WHOLE_BODY else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """One class of evidence: how well a pair meets it (None: not at all), and how that is told."""

    by: str  # the index entry that both must share: title | body | day
    score: Callable[[Pair], float | None]
    evidence: str


RANKS = (
    Rank(by="title", score=_same, evidence="same title, day and text"),
    Rank(by="title", score=_same_view, evidence="same title and day, and one text is a cut or earlier view"),
    Rank(by="title", score=_same_undated, evidence="same title and text, and one view has no date"),
    Rank(by="title", score=_same_story, evidence="same title and day"),
    Rank(by="title", score=_redated, evidence="same title and text"),
    Rank(by="body", score=_retitled, evidence="same day and text"),
    Rank(by="title", score=_redated_touched_up, evidence="same title, days close by, nearly the same text and figures"),
    Rank(by="day", score=_touched_twice, evidence="same day, title and text nearly the same"),
    Rank(by="body", score=_same_body, evidence="same text"),
)


def _likeness(one: Form, other: Form) -> float:
    """Jaccard likeness of three-word shingles; a cut view is compared over the length that both have."""
    words, others = one.words, other.words
    if one.is_cut or other.is_cut:
        common = min(len(words), len(others))
        words, others = words[:common], others[:common]
    mine, theirs = shingles(words), shingles(others)
    return len(mine & theirs) / max(1, len(mine | theirs))
