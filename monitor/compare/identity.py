"""Assign the records of a dump to known releases: one to one, best evidence first.

Real near duplicates set the bounds: two releases with one exact title three days apart, photo releases that repeat
every sentence of their text release, annual reports with titles .90 similar. When in doubt a record is *new*: a wrong
"new" costs a line, a wrong merge hides an alert.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from types import MappingProxyType

from monitor.compare.candidate_pair import MIN_BODY_ALONE, CandidatePair
from monitor.compare.fingerprint import NormalForm
from monitor.compare.open_records import OpenRecords
from monitor.compare.publisher_ids import is_reading_new, may_be_captures
from monitor.compare.reservations import Unavailable
from monitor.compare.similarity import (
    MIN_TITLE_RATIO,
    are_titles_similar,
    body_ratio,
    common_words,
    own_shingles,
    share_nearly_all,
    similarity_of,
    title_ratio,
)
from monitor.frozen import dataclass
from monitor.model import Record, SeenRecord
from monitor.ports import Known

MIN_SHINGLES_SHARED = 0.12  # Jaccard similarity of two texts under one title and day that are one release
MAX_SHINGLES_DOUBTFUL = 0.8  # of those that share less, boilerplate does not count
MIN_OWN_SHINGLES = 6  # sequences without a figure that a text must have beside boilerplate to be another release
MIN_BODY = 100  # the same, where title or day agree as well; captions and numbered notices are shorter
MIN_BODY_RATIO_REDATED = 98.0  # ratio of bodies that differ by a few words
MIN_BODY_RATIO = 90.0  # ratio of bodies of which title and text were edited
MAX_DAYS_APART = timedelta(days=3)
ALL_AVAILABLE = Unavailable()
AS_SEEN = "seen before as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The release a record was found to show, and why."""

    record: Record
    number: int  # the known release; 0: none fits
    evidence: str  # "" without one


def as_seen(
    records: Iterable[Record], seen_records: Mapping[bytes, SeenRecord], *, is_free: Callable[[int, bytes], bool]
) -> Mapping[bytes, SeenRecord]:
    """Return the records that are unchanged since their releases were last seen, by digest; they need no comparison.

    Two records of one dump are two releases: of several that show one, the first in digest order keeps it.
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


Assigned = Mapping[bytes, tuple[int, str]]  # digest → head and evidence


def settle(compared: OpenRecords, known: Known, unavailable: Unavailable) -> Assigned:
    """Return the records that are assigned before the releases of the days around are known: most, or none.

    None where one of these releases may have the same title, or may decide whether a record is doubtful.
    """
    if known.crowded or known.doubtful:
        return {}
    return _assign_by_rules(_RULES_BEFORE_DAY, compared, known, unavailable, settled={})


def assign(
    compared: OpenRecords,
    known: Known,
    unavailable: Unavailable = ALL_AVAILABLE,
    *,
    settled: Assigned = MappingProxyType({}),
) -> tuple[Assignment, ...]:
    """Assign each record to at most one head and each head to at most one record, in the records' order.

    The result does not depend on the order of the records. `unavailable` names the releases of other records of the
    same dump: those of its other parts, and those that are unchanged.
    settled: what `settle` found; the same rules find no more.
    """
    found = settled
    if any(record.digest not in found for record in compared.records):
        found = _assign_by_rules(EVIDENCE_RULES, compared, known, unavailable, settled=settled)
    assigned = ((record, *found.get(record.digest, (0, ""))) for record in compared.records)
    return tuple(Assignment(record=record, number=number, evidence=evidence) for record, number, evidence in assigned)


def _assign_by_rules(
    rules: Iterable[EvidenceRule], compared: OpenRecords, known: Known, unavailable: Unavailable, *, settled: Assigned
) -> Assigned:
    """Add to what is settled what these rules assign, the best pairs first."""
    seen = _assign_as_seen(compared, known, unavailable)
    candidates = _Candidates(compared, known, but=seen, shown=unavailable.shown)
    found = {**settled, **seen}
    for rule in rules if candidates else ():
        taken = {number for number, _ in found.values()} | unavailable.reserved
        if rule not in STRONG_RULES:
            taken |= unavailable.for_equal_text
        if rule.entry == "id":  # records of several parts with one id are captures of one release
            taken -= unavailable.shown.difference(number for number, _ in found.values())
        for _, number, digest in sorted(candidates.scored(rule, found, taken)):
            if digest not in found and number not in taken:
                found[digest] = (number, rule.evidence)
                taken.add(number)
    return found


def _assign_as_seen(compared: OpenRecords, known: Known, unavailable: Unavailable) -> Assigned:
    """Assign the records that are the last text of a release that was withdrawn since."""
    found: dict[bytes, tuple[int, str]] = {}
    taken, seen_records = set(unavailable.reserved), compared.seen_records
    for digest in sorted(record.digest for record in compared.records if record.digest in seen_records):
        seen = seen_records[digest]
        if seen.number not in taken and known.heads[seen.number].version == seen.version:
            found[digest] = (seen.number, AS_SEEN)
            taken.add(seen.number)
    return found


class _Candidates:
    """The heads that share an index entry with a record; records without any are left out."""

    def __init__(
        self, compared: OpenRecords, known: Known, *, but: Collection[bytes], shown: Collection[int] = ()
    ) -> None:
        """but: records that are assigned already. shown: releases that earlier parts of the dump have shown."""
        self._known = known
        self._dump_day = compared.age.as_of.date()
        self._shown = shown
        self._form_cache = compared.form_cache
        self._seen = {digest: seen_record.number for digest, seen_record in compared.seen_records.items()}
        digests = (record.digest for record in compared.records if record.digest not in but)
        self._numbers_by_entry = {digest: found for digest in digests if (found := self._numbers(digest))}
        titled = chain.from_iterable(found.get("title", ()) for found in self._numbers_by_entry.values())
        self._records_by_title = Counter(titled)  # how many records a release may be by its title
        # By another mapping: some id is known, so that the ids are still the same ones.
        self._has_known_ids = any("id" in found for found in self._numbers_by_entry.values())

    def __bool__(self) -> bool:
        return bool(self._numbers_by_entry)

    def scored(self, rule: EvidenceRule, found: Assigned, taken: Collection[int]) -> list[tuple[float, int, bytes]]:
        """Return (-score, head, digest) of every free pair that this rule accepts; the best sorts first."""
        pairs = (
            (digest, number)
            for digest, by_entry in self._numbers_by_entry.items()
            if digest not in found
            for number in by_entry.get(rule.entry, ())
            if number not in taken
        )
        scores = ((_score(rule, self._pair(digest, number)), number, digest) for digest, number in pairs)
        return [(-score, number, digest) for score, number, digest in scores if score is not None]

    def _numbers(self, digest: bytes) -> dict[str, Collection[int]]:
        """Return the candidates by each index entry; the head it was assigned to before is always among them."""
        seen = self._seen.get(digest)
        found: dict[str, Collection[int]] = {}
        entries, nearest = self._form_cache.entries(digest), self._known.nearest.get(digest, {})
        for by in ("title", "body", "day", "id") if "id" in entries else ("title", "body", "day"):
            numbers = nearest.get(by) or (self._known.by_key.get(entries[by], ()) if by in entries else ())
            if seen is not None and seen not in numbers:
                numbers = (*numbers, seen)
            if numbers:
                found[by] = numbers
        return found

    def _pair(self, digest: bytes, number: int) -> CandidatePair:
        head, is_seen = self._known.heads[number], self._seen.get(digest) == number
        record, known = self._form_cache.of_record(digest), self._form_cache.of_head(head)
        has_rivals = (len(self._numbers_by_entry[digest].get("title", ())), self._records_by_title[number]) != (1, 1)
        pair = CandidatePair(record, known, head.others, is_seen, self._known.boilerplate, self._dump_day, has_rivals)
        if is_reading_new(self._form_cache.reading(digest), head.readings):
            pair = replace(pair, is_reread=True)
        heads = (record.title, record.date), (known.title, known.date)
        if record.id is None or (number in self._shown and not may_be_captures(*heads)):
            return pair
        with_id = self._numbers_by_entry[digest].get("id", ())
        has_same_id = record.id == known.id or number in with_id
        is_comparable = self._has_known_ids or self._form_cache.reading(digest) == head.release.reading
        return replace(
            pair,
            has_same_id=has_same_id,
            has_other_id=is_comparable and not has_same_id and bool(known.id),
            is_id_of_other=any(self._has_id(other, record.id) for other in with_id if other != number),
        )

    def _has_id(self, number: int, id_: str) -> bool:
        return self._form_cache.of_head(self._known.heads[number]).id == id_


def _score(rule: EvidenceRule, pair: CandidatePair) -> float | None:
    """Return how well a pair fits a rule; two ids are two releases, unless one of them was only made anew."""
    return None if pair.has_other_id and not pair.is_id_new else rule.score(pair)


def _is_same_record(pair: CandidatePair) -> float | None:
    return 1.0 if pair.has_last_id and pair.is_same_text else None


def _has_moved(pair: CandidatePair) -> float | None:
    """Believe title, day and text before an id that was another's: rows move when a table begins with a new one."""
    has_moved = bool(pair.record.id and pair.known.id) and pair.record.id != pair.known.id
    return 1.0 if has_moved and pair.is_same_text and pair.is_id_new else None


def _has_same_id(pair: CandidatePair) -> float | None:
    """Believe an id that was used for this release where title or text speak for it as well."""
    if not pair.has_last_id:
        return None
    title = title_ratio(pair.record.title, pair.known.title)
    is_same_text = pair.is_seen or (bool(pair.common_length) and (pair.has_same_body or pair.is_cut_or_earlier))
    text = 1.0 if is_same_text else similarity_of(pair.record, pair.known)
    fits = title >= MIN_TITLE_RATIO or text >= MIN_SHINGLES_SHARED
    return title / 100 + 2 * text + pair.has_same_day if fits else None


def _has_same_id_and_day(pair: CandidatePair) -> float | None:
    """Believe an id also where all was written anew and only the day does not speak against it."""
    return 1.0 if pair.has_last_id and (pair.has_same_day or pair.lacks_day) else None


def _is_same_release(pair: CandidatePair) -> float | None:
    return 1.0 if pair.is_same_text else None


def _is_cut_or_earlier(pair: CandidatePair) -> float | None:
    has_same_head = pair.has_same_title and pair.record.date == pair.known.date
    fits = pair.is_seen or (has_same_head and pair.is_cut_or_earlier)
    return pair.common_length if fits else None


def _is_undated(pair: CandidatePair) -> float | None:
    fits = pair.has_same_title and pair.lacks_day and (pair.has_same_body or pair.is_cut_or_earlier)
    return pair.common_length if fits else None


def is_doubtful(record: NormalForm, known: NormalForm) -> bool:
    """Return whether two texts of one title and day share so little that boilerplate could be all of it."""
    has_same_head = record.title == known.title and record.date is not None and record.date == known.date
    if not has_same_head or share_nearly_all(record, known, least=MAX_SHINGLES_DOUBTFUL):
        return False
    return MIN_SHINGLES_SHARED <= similarity_of(record, known) < MAX_SHINGLES_DOUBTFUL


def _has_same_title_and_day(pair: CandidatePair) -> float | None:
    if not (pair.has_same_title and pair.has_same_day):
        return None
    if not pair.has_rivals and share_nearly_all(pair.record, pair.known, least=MAX_SHINGLES_DOUBTFUL):
        return MAX_SHINGLES_DOUBTFUL
    similarity = similarity_of(pair.record, pair.known)
    if pair.boilerplate and similarity < MAX_SHINGLES_DOUBTFUL:
        mine, theirs = (own_shingles(words, pair.boilerplate) for words in common_words(pair.record, pair.known))
        if min(len(mine), len(theirs)) >= MIN_OWN_SHINGLES:
            similarity = min(similarity, len(mine & theirs) / len(mine | theirs))
    return similarity if similarity >= MIN_SHINGLES_SHARED else None


def _is_redated(pair: CandidatePair) -> float | None:
    return 1.0 if pair.has_same_title and pair.has_same_body and pair.common_length >= MIN_BODY_ALONE else None


def _is_dated_anew(pair: CandidatePair) -> float | None:
    fits = pair.has_same_title and pair.has_same_body and pair.record.body and pair.is_dated_by_dump
    return -float(pair.days_apart.days) if fits else None


def _is_retitled(pair: CandidatePair) -> float | None:
    fits = pair.has_same_day and (pair.has_same_body or pair.has_cut_body) and pair.common_length >= MIN_BODY
    return pair.common_length if fits else None


def _is_redated_and_edited(pair: CandidatePair) -> float | None:
    fits = pair.has_same_title and pair.days_apart <= MAX_DAYS_APART and pair.common_length >= MIN_BODY
    if not fits or pair.record.numbers != pair.known.numbers:
        return None
    return body_ratio(pair.record, pair.known, least=MIN_BODY_RATIO_REDATED)


def _is_retitled_and_edited(pair: CandidatePair) -> float | None:
    fits = pair.has_same_day and pair.common_length >= MIN_BODY
    if not fits or not are_titles_similar(pair.record.title, pair.known.title):
        return None
    if pair.has_same_title and pair.boilerplate and _has_same_title_and_day(pair) is None:
        return None  # most of their letters are boilerplate
    return body_ratio(pair.record, pair.known, least=MIN_BODY_RATIO)


def _has_same_body(pair: CandidatePair) -> float | None:
    fits = pair.has_same_body and not pair.lacks_day and pair.common_length >= MIN_BODY_ALONE
    return pair.common_length if fits else None


def _is_reread(pair: CandidatePair) -> float | None:
    """Believe one title and day, or one title and text, where the mapping alone may have made the rest another."""
    is_same_text = pair.has_same_body and pair.days_apart <= MAX_DAYS_APART
    fits = pair.is_reread and pair.has_same_title and (pair.has_same_day or is_same_text)
    return pair.has_same_body + similarity_of(pair.record, pair.known) + pair.has_same_day if fits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRule:
    """One class of evidence: how well a pair fits it (None: not at all), and the words of the reason."""

    entry: str  # the index entry that both must share: title | body | day | id
    score: Callable[[CandidatePair], float | None]
    evidence: str


EVIDENCE_RULES = (
    EvidenceRule(entry="id", score=_is_same_record, evidence="same id"),
    EvidenceRule(entry="title", score=_has_moved, evidence="same title, day and text"),
    EvidenceRule(entry="id", score=_has_same_id, evidence="same id"),
    EvidenceRule(entry="title", score=_is_same_release, evidence="same title, day and text"),
    EvidenceRule(
        entry="title", score=_is_cut_or_earlier, evidence="same title and day, and one text is a cut or earlier view"
    ),
    # Later, for an id may be a row's number: the row may hold another release, and this one stand in another row.
    EvidenceRule(entry="id", score=_has_same_id_and_day, evidence="same id, and no other day"),
    EvidenceRule(entry="title", score=_is_undated, evidence="same title and text, and one view has no date"),
    EvidenceRule(entry="title", score=_has_same_title_and_day, evidence="same title and day"),
    EvidenceRule(entry="title", score=_is_redated, evidence="same title and text"),
    EvidenceRule(entry="title", score=_is_dated_anew, evidence="same title and text, dated by the day of each dump"),
    EvidenceRule(entry="body", score=_is_retitled, evidence="same day and text"),
    EvidenceRule(
        entry="title",
        score=_is_redated_and_edited,
        evidence="same title, days close by, nearly the same text and figures",
    ),
    EvidenceRule(entry="day", score=_is_retitled_and_edited, evidence="same day, title and text nearly the same"),
    EvidenceRule(entry="body", score=_has_same_body, evidence="same text"),
    EvidenceRule(entry="title", score=_is_reread, evidence="same title, and the same day or text by another mapping"),
)
_RULES_BEFORE_DAY = EVIDENCE_RULES[: [rule.entry for rule in EVIDENCE_RULES].index("day")]
STRONG_RULES = EVIDENCE_RULES[:5]  # the others never win over a record that was seen before as an earlier text
