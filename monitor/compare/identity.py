"""Records and heads → which record shows which release: one to one within a dump, best evidence first.

Real look-alikes set the bounds: two releases of one exact title three days apart, photo twins in which every sentence
of one stands in the other, annual reports with titles .90 alike. When in doubt a record is *new*: a wrong "new" costs
a line, a wrong merge hides an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rapidfuzz import fuzz

from monitor.compare.fingerprint import NormalForm, form, index, is_view, shingles
from monitor.compare.reservations import Unavailable
from monitor.model import Head, Record, SeenRecord
from monitor.ports import Known

SAME_STORY = 0.12  # shingles shared by two texts under one title and day that are one release
WHOLE_BODY = 200  # characters of a body that are evidence by themselves
SHORT_BODY = 100  # the same, where title or day agree as well; below it stand captions and numbered notices
TOUCHED_UP = 98.0  # ratio of bodies that differ by a few words
TITLE_LIKE, BODY_LIKE = 85.0, 90.0  # ratios of a title and a body that were both touched
FEW_DAYS = timedelta(days=3)
NOTHING_BARRED = Unavailable()
AS_SEEN = "seen before as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The release a record was found to show, and why."""

    record: Record
    number: int = 0  # the known release; 0: none fits
    evidence: str = ""  # "" without one


class FormCache:
    """The forms of what one dump shows and of what is known around it, each worked out once, when it is asked for."""

    def __init__(self, records: Iterable[Record], *, source: str) -> None:
        self._source = source
        self._records = {record.digest: record for record in records}
        self._shown: dict[bytes, NormalForm] = {}
        self._entries: dict[bytes, dict[str, bytes]] = {}
        self._known: dict[int, NormalForm] = {}

    def of_record(self, digest: bytes) -> NormalForm:
        """The form of a record of the dump."""
        found = self._shown.get(digest)
        if found is None:
            found = self._shown[digest] = form(self._records[digest].release)
        return found

    def entries(self, digest: bytes) -> dict[str, bytes]:
        """The index entries of a record of the dump, by what they index."""
        found = self._entries.get(digest)
        if found is None:
            found = self._entries[digest] = index(self._source, self.of_record(digest))
        return found

    def of_head(self, head: Head) -> NormalForm:
        """The form of a known release."""
        found = self._known.get(head.number)
        if found is None:
            found = self._known[head.number] = form(head.release)
        return found

    def day(self, digest: bytes) -> date | None:
        """The day of a record of the dump; None: it has none."""
        return self._records[digest].day

    def text_keys(self, digests: Iterable[bytes]) -> set[bytes]:
        """The index entries, but for the day, of everything that might be one of these records."""
        return {key for digest in digests for by, key in self.entries(digest).items() if by != "day"}


def as_seen(
    records: Iterable[Record], seen_records: Mapping[bytes, SeenRecord], *, is_free: Callable[[int, bytes], bool]
) -> Mapping[bytes, SeenRecord]:
    """The records that show just what their releases were last seen to say, by digest: no comparing needed.

    Two records of one dump are two releases: of several that show one, the first in the order of digests has it.
    is_free: whether the dump's other parts leave a release to a record.
    """
    found: dict[bytes, SeenRecord] = {}
    taken = set[int]()
    for digest in sorted(record.digest for record in records):
        seen = seen_records.get(digest)
        if seen is not None and seen.is_current and seen.number not in taken and is_free(seen.number, digest):
            found[digest] = seen
            taken.add(seen.number)
    return found


def assign(
    records: Sequence[Record],
    *,
    known: Known,
    seen_records: Mapping[bytes, SeenRecord],
    form_cache: FormCache,
    unavailable: Unavailable = NOTHING_BARRED,
) -> tuple[Assignment, ...]:
    """Pair each record with at most one head and each head with at most one record, in the records' order.

    The result does not depend on the order of the records. `barred` is what other records of the same dump hold: those
    of its other parts, and those that are as seen before.
    """
    found = _current(records, known, seen_records, unavailable)
    left = [record for record in records if record.digest not in found]
    candidates = _Candidates(left, known, seen_records, form_cache)
    for rank in RANKS if candidates.are_there else ():
        taken = {number for number, _ in found.values()} | unavailable.held
        if rank not in SURE_RANKS:
            taken |= unavailable.spared
        for _, number, digest in sorted(candidates.scored(rank, found, taken)):
            if digest not in found and number not in taken:
                found[digest] = (number, rank.evidence)
                taken.add(number)
    return tuple(_pairing(record, found.get(record.digest)) for record in records)


_Found = dict[bytes, tuple[int, str]]  # digest → head and evidence


def _pairing(record: Record, found: tuple[int, str] | None) -> Assignment:
    return Assignment(record=record, number=found[0], evidence=found[1]) if found else Assignment(record=record)


def _current(
    records: Sequence[Record], known: Known, seen_records: Mapping[bytes, SeenRecord], unavailable: Unavailable
) -> _Found:
    """Records that were seen before as the last text of a release that was withdrawn since."""
    found: _Found = {}
    taken = set(unavailable.held)
    for digest in sorted(record.digest for record in records if record.digest in seen_records):
        seen = seen_records[digest]
        if seen.number not in taken and known.heads[seen.number].version == seen.version:
            found[digest] = (seen.number, AS_SEEN)
            taken.add(seen.number)
    return found


class _Candidates:
    """The heads that a record shares an index entry with, and the forms of both; records without any are left out."""

    def __init__(
        self, records: Sequence[Record], known: Known, seen_records: Mapping[bytes, SeenRecord], form_cache: FormCache
    ) -> None:
        self._known = known
        self._form_cache = form_cache
        self._seen = {digest: seen_record.number for digest, seen_record in seen_records.items()}
        self._near: dict[bytes, dict[str, Collection[int]]] = {}
        for record in records:
            near = self._numbers(record.digest)
            if near:
                self._near[record.digest] = near

    @property
    def are_there(self) -> bool:
        """Whether any record might be a known release."""
        return bool(self._near)

    def scored(self, rank: Rank, found: _Found, taken: Collection[int]) -> list[tuple[float, int, bytes]]:
        """(-score, head, digest) of every free pair this rank accepts; the best sorts first."""
        pairs = (
            (digest, number)
            for digest, near in self._near.items()
            if digest not in found
            for number in near.get(rank.by, ())
            if number not in taken
        )
        scores = ((rank.score(self._pair(digest, number)), number, digest) for digest, number in pairs)
        return [(-score, number, digest) for score, number, digest in scores if score is not None]

    def _numbers(self, digest: bytes) -> dict[str, Collection[int]]:
        """The heads that are candidates by each index entry, those it was taken for before always among them."""
        seen = self._seen.get(digest)
        near: dict[str, Collection[int]] = {}
        entries = self._form_cache.entries(digest)
        for by in ("title", "body", "day"):
            numbers = self._known.by_key.get(entries[by], ()) if by in entries else ()
            if seen is not None and seen not in numbers:
                numbers = (*numbers, seen)
            if numbers:
                near[by] = numbers
        return near

    def _pair(self, digest: bytes, number: int) -> Pair:
        head = self._known.heads[number]
        is_seen = self._seen.get(digest) == number
        return Pair(self._form_cache.of_record(digest), self._form_cache.of_head(head), head.past, is_seen)


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and a head that might be one release."""

    record: NormalForm
    known: NormalForm
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
        return self.is_seen or self.record.text_hash in self.past

    @property
    def shared(self) -> float:
        """Characters that both bodies have: the more of them, the stronger the evidence."""
        return float(min(len(self.record.body), len(self.known.body)))


def are_titles_alike(one: str, other: str) -> bool:
    """Whether two soft titles could be one that was touched."""
    return bool(fuzz.ratio(one, other, score_cutoff=TITLE_LIKE))


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
    if not are_titles_alike(pair.record.title, pair.known.title):
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
SURE_RANKS = RANKS[:2]  # the others are no match for a record that was seen before as an earlier text


def _likeness(one: NormalForm, other: NormalForm) -> float:
    """Jaccard likeness of three-word shingles; a cut view is compared over the length that both have."""
    words, others = one.words, other.words
    if one.is_cut or other.is_cut:
        common = min(len(words), len(others))
        words, others = words[:common], others[:common]
    mine, theirs = shingles(words), shingles(others)
    return len(mine & theirs) / max(1, len(mine | theirs))
