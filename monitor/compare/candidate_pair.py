"""Say what a record and a known release that might be one have in common."""

from __future__ import annotations

from datetime import date, timedelta

from monitor.compare.fingerprint import NormalForm, is_cut_view
from monitor.frozen import dataclass
from monitor.model import PastVersion
from monitor.text import join_figures

MIN_BODY_ALONE = 200  # characters of a body that are evidence by themselves
_FRIDAY = 4  # as date.weekday() counts


@dataclass(frozen=True, slots=True)
class CandidatePair:
    """A record and a head that might be one release."""

    record: NormalForm
    known: NormalForm
    others: frozenset[PastVersion]  # the head's other versions
    is_seen: bool = False  # the record was assigned to this release before
    boilerplate: frozenset[int] = frozenset()  # three-word sequences that several other releases have
    dump_day: date | None = None  # as of which the record's dump shows its source; None: unknown
    has_rivals: bool = True  # by title, the record may be another release, or another record this one
    has_same_id: bool = False  # the release has had the record's id
    has_other_id: bool = False  # both have an id by the same mapping, and they differ
    is_id_of_other: bool = False  # the record's id is that of another known release
    is_reread: bool = False  # another mapping of the same format has given the known text

    @property
    def is_id_new(self) -> bool:
        """Whether an id that differs was only made anew, such as a link with a token: the text says so by itself.

        A short text says it where the id is that of another release, as when the numbers of rows have moved.
        """
        if self.is_id_of_other and self.is_same_text and self.record.body:
            return True
        has_same_text = self.has_same_body and self.common_length >= MIN_BODY_ALONE
        return has_same_text and (self.has_same_title or self.has_same_day)

    @property
    def is_same_text(self) -> bool:
        """Whether title, day and text are those of the release."""
        return self.has_same_title and self.record.date == self.known.date and self.has_same_body

    @property
    def has_last_id(self) -> bool:
        """Whether the record has the id that the release had last; an earlier one may be another release's now."""
        return self.has_same_id and self.record.id == self.known.id

    @property
    def has_same_title(self) -> bool:
        return self.record.title == self.known.title

    @property
    def has_same_day(self) -> bool:
        return self.record.date is not None and self.record.date == self.known.date

    @property
    def lacks_day(self) -> bool:
        return self.record.date is None or self.known.date is None

    @property
    def days_apart(self) -> timedelta:
        if self.record.date is None or self.known.date is None:
            return timedelta.max
        return abs(self.record.date - self.known.date)

    @property
    def is_dated_by_dump(self) -> bool:
        """Whether the record has the day of its dump, and the known release the day, or the weekday, before it."""
        day, before = self.record.date, self.known.date
        if day is None or before is None or not is_day_of_dump(day, self.dump_day):
            return False
        return before < day <= before + timedelta(days=7 - before.weekday() if before.weekday() >= _FRIDAY else 1)

    @property
    def has_same_body(self) -> bool:
        """Whether the bodies are equal; short ones but for spaces at figures."""
        body, other = self.record.body, self.known.body
        if body == other or max(len(body), len(other)) > MIN_BODY_ALONE:
            return body == other
        return join_figures(body) == join_figures(other)

    @property
    def has_cut_body(self) -> bool:
        """Whether one body is a cut view of the other."""
        return is_cut_view(self.record, of=self.known) or is_cut_view(self.known, of=self.record)

    @property
    def is_cut_or_earlier(self) -> bool:
        """Whether one body is a cut view of the other, or the record shows an earlier version of the release."""
        return self.has_cut_body or self.is_seen or any(self.record.text_hash == one.text_hash for one in self.others)

    @property
    def common_length(self) -> float:
        """The length of the shorter body: the longer it is, the stronger the evidence."""
        return float(min(len(self.record.body), len(self.known.body)))


def is_day_of_dump(day: date, dump_day: date | None) -> bool:
    """Return whether a day is that of a dump, or one beside it: the dump may be of another time zone."""
    return dump_day is not None and abs(day - dump_day) <= timedelta(days=1)
