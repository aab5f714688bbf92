"""Records and heads → which record shows which release: one to one within a dump, best evidence first.

Real look-alikes set the bounds: two releases of one exact title three days apart, photo twins in which every sentence
of one stands in the other, annual reports with titles .90 alike. When in doubt a record is *new*: a wrong "new" costs
a line, a wrong merge hides an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from monitor.model import Head, Record, Release
from monitor.ports import Known
from monitor.text import is_cut, soft

FINGERPRINT = 100  # characters of a soft body that index it; every class that trusts a body wants at least as many
SAME_STORY = 0.12  # shingles shared by two texts under one title and day that are one release


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A release's soft forms, computed once."""

    title: str
    body: str
    date: date | None
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The release a record was found to show, and why."""

    record: Record
    head: Head | None  # None: no known release fits
    evidence: str  # "" without a head
    related: tuple[int, ...] = ()  # same title, but another release


def form(release: Release) -> Form:
    """Bring a release to the forms in which identity is decided."""
    return Form(title=soft(release.title), body=soft(release.body), date=release.date, is_cut=is_cut(release.body))


def text_hash(release: Release) -> bytes:
    """16 bytes over the soft title and body: equal for texts that differ only cosmetically."""
    return _hash("text", soft(release.title), soft(release.body))


def keys(source: str, release: Release) -> tuple[bytes, ...]:
    """The index entries under which a release can be found again, whatever else changes about it."""
    shape = form(release)
    found = [_hash("title", source, shape.title)]
    if len(shape.body) >= FINGERPRINT:
        found.append(_hash("body", source, shape.body[:FINGERPRINT]))
    return tuple(found)


def assign(records: Sequence[Record], *, source: str, known: Known, seen: Mapping[bytes, int]) -> tuple[Pairing, ...]:
    """Pair each record with at most one head and each head with at most one record, in the records' order.

    `seen` names the release whose current text a record's digest is known to show. The result does not depend on the
    order of the records.
    """
    heads = {record.digest: known.heads[seen[record.digest]] for record in records if record.digest in seen}
    evidence = dict.fromkeys(heads, "the record is known")
    free = [record for record in records if record.digest not in heads]
    likely = _Candidates(free, source=source, known=known)
    for rank in RANKS:
        taken = {head.number for head in heads.values()}
        for _, number, digest in sorted(likely.scored(rank)):
            if digest in heads or number in taken:
                continue
            heads[digest], evidence[digest] = known.heads[number], rank.evidence
            taken.add(number)
    return tuple(
        Pairing(
            record=record,
            head=heads.get(record.digest),
            evidence=evidence.get(record.digest, ""),
            related=() if record.digest in heads else likely.same_title(record),
        )
        for record in records
    )


class _Candidates:
    """The pairs of record and head that share an index key, with their forms."""

    def __init__(self, records: Sequence[Record], *, source: str, known: Known) -> None:
        self._known = known
        self._forms = {record.digest: form(record.release) for record in records}
        self._heads = {
            record.digest: sorted(
                {number for key in keys(source, record.release) for number in known.by_key.get(key, ())}
            )
            for record in records
        }
        self._head_forms = {
            number: form(known.heads[number].release) for numbers in self._heads.values() for number in numbers
        }

    def scored(self, rank: Rank) -> list[tuple[float, int, bytes]]:
        """(-score, head, digest) of every pair this rank accepts."""
        found = []
        for digest, numbers in self._heads.items():
            for number in numbers:
                pair = Pair(self._forms[digest], self._head_forms[number], self._known.heads[number])
                score = rank.score(pair)
                if score is not None:
                    found.append((-score, number, digest))
        return found

    def same_title(self, record: Record) -> tuple[int, ...]:
        title = self._forms[record.digest].title
        return tuple(n for n in self._heads[record.digest] if self._head_forms[n].title == title)


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and a head that might be one release."""

    record: Form
    known: Form
    head: Head

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
    def has_body(self) -> bool:
        return self.record.body == self.known.body

    @property
    def has_view(self) -> bool:
        """One body is a cut view of the other."""
        return is_view(self.record, of=self.known) or is_view(self.known, of=self.record)

    @property
    def is_past(self) -> bool:
        """The record shows an earlier version of the release."""
        return _hash("text", self.record.title, self.record.body) in self.head.past


def is_view(short: Form, *, of: Form) -> bool:
    """Whether one body is the other as a listing cuts it."""
    return short.is_cut and of.body.startswith(short.body)


def _same(pair: Pair) -> float | None:
    return 1.0 if pair.has_title and pair.record.date == pair.known.date and pair.has_body else None


def _same_view(pair: Pair) -> float | None:
    has_day = pair.record.date == pair.known.date
    return _length(pair) if pair.has_title and has_day and (pair.has_view or pair.is_past) else None


def _same_undated(pair: Pair) -> float | None:
    fits = pair.has_body or pair.has_view or pair.is_past
    return _length(pair) if pair.has_title and pair.misses_day and fits else None


def _same_story(pair: Pair) -> float | None:
    if not (pair.has_title and pair.has_day):
        return None
    likeness = _likeness(pair.record, pair.known)
    return likeness if likeness >= SAME_STORY else None


def _redated(pair: Pair) -> float | None:
    return 1.0 if pair.has_title and pair.has_body and len(pair.record.body) >= 200 else None


def _retitled(pair: Pair) -> float | None:
    fits = pair.has_day and (pair.has_body or pair.has_view)
    return _length(pair) if fits and _length(pair) >= 100 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """One class of evidence: how well a pair meets it (None: not at all), and how that is told."""

    score: Callable[[Pair], float | None]
    evidence: str


RANKS = (
    Rank(score=_same, evidence="same title, day and text"),
    Rank(score=_same_view, evidence="same title and day, and one text is a cut or earlier view of the other"),
    Rank(score=_same_undated, evidence="same title and text, and one view has no date"),
    Rank(score=_same_story, evidence="same title and day"),
    Rank(score=_redated, evidence="same title and text"),
    Rank(score=_retitled, evidence="same day and text"),
)


def _length(pair: Pair) -> float:
    """Characters that both texts have: the more of them, the stronger the evidence of a view."""
    return float(min(len(pair.record.body), len(pair.known.body)))


def _likeness(one: Form, other: Form) -> float:
    """Jaccard likeness of three-word shingles; a cut view is compared over the length that both have."""
    words, others = one.body.split(" "), other.body.split(" ")
    if one.is_cut or other.is_cut:
        common = min(len(words), len(others))
        words, others = words[:common], others[:common]
    shingles, other_shingles = _shingles(words), _shingles(others)
    return len(shingles & other_shingles) / len(shingles | other_shingles)


def _shingles(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def _hash(*parts: str) -> bytes:
    return blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
