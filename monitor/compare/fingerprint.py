"""Bring releases to the normal form in which identity is decided, and compute their index entries."""

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
from monitor.text import NORM_VERSION, is_cut, join_figures, soft

FINGERPRINT_LENGTH = 100  # characters of a normalized body that index it; each rule that trusts a body needs as many
FULL_SAMPLE = 64  # three-word sequences up to which a text's sample holds all of them
MAX_SAMPLE = 4_096  # numbers in a sample; a longer text keeps its smallest ones
MAX_TITLE = 1_000  # characters of a title that are compared with a similar one
_MAX_WORDS = 20_000  # whose hashes are kept
NEARBY = timedelta(days=4)  # near duplicates are at most so many days apart

_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")


@dataclass(frozen=True, kw_only=True)  # without slots: cached properties need a dict
class NormalForm:
    """A release's normalized title and body, with what is computed from them once."""

    title: str
    body: str
    date: date | None
    is_cut: bool
    id: str | None = None  # the publisher's; None: it has none

    @cached_property
    def numbers(self) -> list[str]:
        """The figures of the body, in order."""
        return _NUMBER.findall(self.body)

    @cached_property
    def sketch(self) -> Sketch:
        """The sample of the text by which near duplicates are found."""
        marks = array("I", sample(self.words)).tobytes()
        return Sketch(title=self.title[:MAX_TITLE], length=len(self.body), sample=marks, date=self.date)

    @property
    def words(self) -> list[str]:
        """The words of the body, in order."""
        return self.body.split(" ") if self.body else []

    @cached_property
    def shingles(self) -> set[int]:
        """Hashes of the three-word sequences of the body."""
        return shingles(self.words)

    @cached_property
    def text_hash(self) -> bytes:
        """16 bytes over title and body: equal for texts that differ only cosmetically."""
        return _hash("text", self.title, self.body)


def normal_form(release: Release) -> NormalForm:
    """Return the form of a release in which identity is decided."""
    return NormalForm(
        title=join_figures(soft(release.title)),
        body=soft(release.body),
        date=None if release.is_day_of_update else release.date,
        is_cut=is_cut(release.body),
        id=None if release.ref is None else normal_id(release.ref),
    )


def normal_id(ref: str) -> str | None:
    """Return a publisher's id as it is compared: a link without its scheme, its host in lower case; None: it is empty.

    >>> normal_id(" HTTPS://Example.org/News?id=7 ")
    '//example.org/News?id=7'
    """
    ref = ref.strip()
    scheme, slashes, rest = ref.partition("://")
    if slashes and scheme.lower() in ("http", "https"):
        end = next((at for at, char in enumerate(rest) if char in "/?#"), len(rest))
        return f"//{rest[:end].lower()}{rest[end:]}"
    return ref or None


def text_hash(release: Release) -> bytes:
    """Return the text hash of a release."""
    return normal_form(release).text_hash


def sketch(release: Release) -> Sketch:
    """Return the sketch of a release."""
    return normal_form(release).sketch


def index_entries(source: str, form: NormalForm) -> dict[str, bytes]:
    """Return the index entries of a release: by title, by the start of its body, by day, by the publisher's id."""
    found = {"title": _hash("title", source, form.title)}
    if len(form.body) >= FINGERPRINT_LENGTH:
        found["body"] = _hash("body", source, form.body[:FINGERPRINT_LENGTH])
    if form.date is not None:
        found["day"] = _day_key(source, form.date)
    if form.id is not None:
        found["id"] = id_key(source, form.id)
    return found


def id_key(source: str, id_: str) -> bytes:
    """Return the index entry of a publisher's id in its normal form."""
    return _hash("id", source, id_)


def index_keys(source: str, release: Release) -> tuple[bytes, ...]:
    """Return all index entries of a release."""
    return tuple(index_entries(source, normal_form(release)).values())


def nearby_days(source: str, days: Iterable[date]) -> set[bytes]:
    """Return the index entries of all days within NEARBY of these."""
    around = set[int]()
    for day in set(days):
        around.update(range(day.toordinal() - NEARBY.days, day.toordinal() + NEARBY.days + 1))
    return {_day_key(source, date.fromordinal(day)) for day in around if 1 <= day <= date.max.toordinal()}


def is_cut_view(short: NormalForm, *, of: NormalForm) -> bool:
    """Return whether one body is the other as a listing cuts it."""
    return short.is_cut and of.body.startswith(short.body)


def shingles(words: Sequence[str]) -> set[int]:
    """Return hashes of the three-word sequences of a text, or of all its words if it is shorter.

    They differ between processes. Two sequences of a dump share one hash once in 10 million dumps.
    """
    if len(words) < 3:
        return {hash(tuple(words))} if words else set()
    return set(map(hash, zip(words, words[1:], words[2:], strict=False)))


def sample(words: Sequence[str]) -> list[int]:
    """Return some of the three-word sequences of a text as numbers that are the same in every process.

    A long text is sampled by first word: one of a quarter of all words. What two texts share is then in both samples.
    Only these numbers can be divided by 4, so the full sample of a short text can be compared with that of a long one.
    Of a very long text only the smallest numbers are kept, which two such texts share as well as all of them.
    """
    if len(words) < 3:
        return [_WORD_HASHES[" ".join(words)] & ~3] if words else []
    marks = list(map(_WORD_HASHES.__getitem__, words))
    # Multiplied, so that the same three words in another order are another sequence.
    mixed = zip(marks, marks[1:], marks[2:], strict=False)
    if len(words) - 2 > FULL_SAMPLE:
        found = [one + 3 * two + 5 * three & ~3 for one, two, three in mixed if not one & 3]
        return found if len(found) < MAX_SAMPLE else sorted(set(found))[:MAX_SAMPLE]
    return [one + 3 * two + 5 * three & ~3 | one & 3 for one, two, three in mixed]


class _WordHashes(dict[str, int]):
    """The hashes of the words of a language, which repeat; an lru_cache takes twice as long to find one."""

    def __missing__(self, word: str) -> int:
        """Return 26 bits: sums of nine such numbers fit into the 30 bits with which Python computes fastest."""
        if len(self) >= _MAX_WORDS:
            self.clear()
        number = self[word] = crc32(word.encode("utf-8", "surrogatepass")) >> 6
        return number


_WORD_HASHES = _WordHashes()


@lru_cache(maxsize=4096)  # the days of a dump repeat
def _day_key(source: str, day: date) -> bytes:
    return _hash("day", source, day.isoformat())


def _hash(*parts: str) -> bytes:
    return blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


FINGERPRINTER = Fingerprinter(norm_version=NORM_VERSION, text_hash=text_hash, keys=index_keys, sketch=sketch)
