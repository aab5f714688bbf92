"""A release → the forms in which identity is decided, and the index entries under which it is found again."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from hashlib import blake2b
from zlib import crc32

from monitor.model import Release, Sketch
from monitor.ports import Fingerprinter
from monitor.text import NORM_VERSION, is_cut, soft

FINGERPRINT_LENGTH = (
    100  # characters of a soft body that index it; every class that trusts a body wants at least as many
)
FULL_SAMPLE = 64  # three-word sequences of a text that stand in its sample all of them
NEARBY = timedelta(days=4)  # look-alikes stand within so many days of each other

_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")


@dataclass(frozen=True, kw_only=True)  # without slots: what is asked for is worked out once
class NormalForm:
    """A release's soft forms, computed once."""

    title: str
    body: str
    date: date | None
    is_cut: bool

    @cached_property
    def numbers(self) -> list[str]:
        """The figures of the body, in order."""
        return _NUMBER.findall(self.body)

    @cached_property
    def sketch(self) -> Sketch:
        """What tells whether another text may resemble this one."""
        marks = array("I", sample(self.words)).tobytes()
        return Sketch(title=self.title, length=len(self.body), sample=marks, date=self.date)

    @property
    def words(self) -> list[str]:
        """The words of the body, in order."""
        return self.body.split(" ") if self.body else []

    @cached_property
    def text_hash(self) -> bytes:
        """16 bytes over title and body: equal for texts that differ only cosmetically."""
        return _hash("text", self.title, self.body)


def normal_form(release: Release) -> NormalForm:
    """Bring a release to the forms in which identity is decided."""
    return NormalForm(
        title=soft(release.title), body=soft(release.body), date=release.date, is_cut=is_cut(release.body)
    )


def text_hash(release: Release) -> bytes:
    """The text hash of a release that has no form yet."""
    return normal_form(release).text_hash


def sketch(release: Release) -> Sketch:
    """The sketch of a release that has no form yet."""
    return normal_form(release).sketch


def index_entries(source: str, form: NormalForm) -> dict[str, bytes]:
    """The index entries under which a release can be found again: by title, by the start of its body, by day."""
    found = {"title": _hash("title", source, form.title)}
    if len(form.body) >= FINGERPRINT_LENGTH:
        found["body"] = _hash("body", source, form.body[:FINGERPRINT_LENGTH])
    if form.date is not None:
        found["day"] = _day_key(source, form.date)
    return found


def index_keys(source: str, release: Release) -> tuple[bytes, ...]:
    """All index entries of a release."""
    return tuple(index_entries(source, normal_form(release)).values())


def nearby_days(source: str, days: Iterable[date]) -> set[bytes]:
    """The index entries of all days around these, on which look-alikes may stand."""
    around = set[int]()
    for day in set(days):
        around.update(range(day.toordinal() - NEARBY.days, day.toordinal() + NEARBY.days + 1))
    return {_day_key(source, date.fromordinal(day)) for day in around if 1 <= day <= date.max.toordinal()}


def is_cut_view(short: NormalForm, *, of: NormalForm) -> bool:
    """Whether one body is the other as a listing cuts it."""
    return short.is_cut and of.body.startswith(short.body)


def shingles(words: Sequence[str]) -> set[int]:
    """Hashes of the three-word sequences of a text; of a shorter one, what there is.

    They mean nothing in another process. Two sequences of a dump share one hash once in 10 million dumps.
    """
    if len(words) < 3:
        return {hash(tuple(words))} if words else set()
    return set(map(hash, zip(words, words[1:], words[2:], strict=False)))


def sample(words: Sequence[str]) -> list[int]:
    """Some of the three-word sequences of a text, told by the same numbers in every process.

    Of a long text those whose first word is one of a quarter of all words: what two texts share is then in the samples
    of both. Their numbers can be divided by 4, and no others can, so that the sample of a short text, which holds all
    of its sequences, can be compared with that of a long one.
    """
    if len(words) < 3:
        return [_word_hash(" ".join(words)) & ~3] if words else []
    marks = list(map(_word_hash, words))
    # Multiplied, so that the same three words in another order are another sequence.
    mixed = zip(marks, marks[1:], marks[2:], strict=False)
    if len(words) - 2 > FULL_SAMPLE:
        return [one + 3 * two + 5 * three & ~3 for one, two, three in mixed if not one & 3]
    return [one + 3 * two + 5 * three & ~3 | one & 3 for one, two, three in mixed]


@lru_cache(maxsize=20_000)  # the words of a language come again and again
def _word_hash(word: str) -> int:
    """26 bits: sums of nine such numbers stay within the 30 with which Python reckons fastest."""
    return crc32(word.encode("utf-8", "surrogatepass")) >> 6


@lru_cache(maxsize=4096)  # a dump asks for the same few days again and again
def _day_key(source: str, day: date) -> bytes:
    return _hash("day", source, day.isoformat())


def _hash(*parts: str) -> bytes:
    return blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


FINGERPRINTER = Fingerprinter(norm_version=NORM_VERSION, text_hash=text_hash, keys=index_keys, sketch=sketch)
