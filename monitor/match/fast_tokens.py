"""Split a text into the words of `monitor.match.tokens.tokens`, all at once and at a tenth of the cost.

The plain way matches a pattern for every word. Most of a text needs no pattern: between two spaces only letters,
digits and marks of ASCII, or Hangul syllables and marks behind them, where a table of characters and `split` give the
same words. Only the stretches that the table cannot judge (another script, a possessive, dotted capitals, FTA를) go to
the pattern. A space only means that a word ends there, so the text between two spaces can be read by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, compress, pairwise
from typing import NamedTuple

from monitor.match.tokens import Token, tokens

# A dot behind a syllable that stands alone, or beside a letter of one: `tokens` reads it like a hyphen.
_JOINT = re.compile(r"·(?:(?<=[가-힣]·)(?<![가-힣]{2}·)(?=[가-힣])|(?<=[\u1100-\u11ff]·)|(?=[\u1100-\u11ff]))")
_POINT = re.compile(rb"\.(?<=[0-9]\.)(?=[0-9])")  # of a figure
_KEPT = 0xFF  # stands for such a point while the others become spaces; no byte of UTF-8
# All beyond ASCII stays.
_AS_WRITTEN = bytes(46 if code == _KEPT else code if code > 127 or chr(code).isalnum() else 32 for code in range(256))
_LOWER = bytes(range(256)).lower()
_FOLDED = _AS_WRITTEN.translate(_LOWER)
_INNER_MARKS = b".,-"
# Marks that fill English texts: to take them for others changes no word, and keeps their stretches plain.
_LIKE_ASCII = (("’", "'"), ("‘", "'"), ("–", "-"), *((mark, " ") for mark in "“”—…·\u00a0"))
# Marks that may belong to a word or a figure; patterns that begin with one letter are fast.
_ODD = (
    re.compile("'[sS]"),
    re.compile(r"\.(?:(?<=[A-Z]\.)[A-Z]|(?<=[0-9]\.)[0-9]{1,2}\.[0-9]|(?<=(?:19|20)[0-9]{2}\.)[0-9]{1,2}[.(])"),
    re.compile(r",(?<=[0-9],)[0-9]"),
    re.compile(r"-(?:(?<=[A-Za-z0-9]-)[0-9]|(?<=[0-9]-)[A-Za-z](?![A-Za-z0-9]))"),
)
_ODD_MARKS = "'.,-"  # what each of them begins with
_FOREIGN = re.compile(r"[^\x00-\x7f][^ ]*")
# In Korean: what is neither ASCII nor a syllable, and what is before a syllable or, if it is a letter, behind one.
_NOT_KOREAN = re.compile(r"[^ 가-힣](?:(?<![\x00-\x7f])|(?=[가-힣])|(?<=[가-힣][A-Za-z0-9]))[^ ]*")
_MANY = 0.1  # share of bytes beyond ASCII from which a text is read as a Korean one
_MOST = 0.5  # share of a text that may be such stretches; with more, all of it is read as one
_SHORT = 40  # letters of a stretch that is worth remembering


class FastTokens:
    """The words of a text twice, as they are written and folded, at the same places of two long strings.

    Both strings consist of words with spaces around each. `location` converts places in the strings to offsets into
    the text.
    """

    def __init__(self, text: str) -> None:
        self._text = plain = _normalized(text)
        self._special = [(start, end, _stretch(plain[start:end])) for start, end in _special_ranges(plain)]

    @cached_property
    def folded(self) -> str:
        """The words in their folded forms."""
        return self._joined([stretch.folded for _, _, stretch in self._special], _FOLDED)

    @cached_property
    def written(self) -> str:
        """The words as they are written."""
        return self._joined([stretch.written for _, _, stretch in self._special], _AS_WRITTEN)

    def words(self, write: Callable[[Sequence[Token]], str]) -> str:
        """Return `written` with those of a stretch that the table cannot judge as `write` writes it."""
        return self._joined([write(stretch.words) for _, _, stretch in self._special], _AS_WRITTEN)

    @cached_property
    def starts(self) -> list[int]:
        """The start of each word, the same in both strings."""
        pieces = self.folded.split(" ")
        words = list(filter(None, pieces))
        letters = compress(accumulate(map(len, pieces)), pieces)
        gaps = compress(range(len(pieces)), pieces)
        return [letter + gap - len(word) for letter, gap, word in zip(letters, gaps, words, strict=True)]

    def places_of(self, form: str) -> Iterator[int]:
        """Yield the places of the words with this folded form."""
        wanted = f" {form} "
        at = self.folded.find(wanted)
        while at >= 0:
            yield at + 1
            at = self.folded.find(wanted, at + len(wanted) - 1)

    def written_at(self, place: int) -> str:
        """Return the word at a place as it is written."""
        return self.written[place : self.written.index(" ", place)]

    def location(self, first: int, last: int) -> tuple[int, int]:
        """Return the offsets into the text from the word at the first place to the word at the last."""
        start, end = self._span(first)
        return start, end if last == first else self._span(last)[1]

    def locations_of(self, form: str, most: int) -> list[tuple[int, int]]:
        """Return the offsets into the text of the words with this folded form; at most so many."""
        wanted, find, length = f" {form} ", self.folded.find, len(form)
        found, at = list[int](), find(wanted)
        while at >= 0 and len(found) < most:
            found.append(at)
            at = find(wanted, at + length + 1)
        if self._special:
            return [self._span(at + 1) for at in found]
        return [(at, at + length) for at in found]  # the string has one space more before its words

    def _span(self, place: int) -> tuple[int, int]:
        """Return the offsets into the text of the word at a place."""
        shift = 1
        if at := bisect_right(self._stretch_places, place):
            start, end, stretch = self._special[at - 1]
            inside, width = place - self._stretch_places[at - 1], len(stretch.folded)
            if inside < width:
                token = stretch.words[bisect_right(stretch.places, inside) - 1]
                return start + token.start, start + token.end
            shift = place - inside + width - end
        return place - shift, self.folded.index(" ", place) - shift

    def _joined(self, pieces: Sequence[str], table: bytes) -> str:
        letters = self._text.encode("utf-8", "surrogatepass")
        if b"." in letters:
            letters = _POINT.sub(bytes([_KEPT]), letters)
        plain = letters.translate(table).decode("utf-8", "surrogatepass")
        made, reached = [" "], 0
        for (start, end, _), piece in zip(self._special, pieces, strict=True):
            made += plain[reached:start], piece
            reached = end
        return "".join([*made, plain[reached:], " "])

    @cached_property
    def glued(self) -> frozenset[int]:
        """The places of words with nothing between them and the word before, as 를 in "FTA를"."""
        stretches = zip(self._stretch_places, self._special, strict=True)
        return frozenset([place + one for place, (_, _, stretch) in stretches for one in stretch.glued])

    @cached_property
    def _stretch_places(self) -> list[int]:
        """The places where the stretches begin that the table cannot judge."""
        places, shift = [], 1
        for start, end, stretch in self._special:
            places.append(start + shift)
            shift += len(stretch.folded) - (end - start)
        return places


def searchable_text(text: str) -> str | None:
    """Return a string that contains every folded form of the text; None: its words have to be read for that.

    In ASCII a form is a stretch of the text, its letter case and the marks apart that may be inside a word.
    """
    plain = _normalized(text)
    return plain.encode().translate(_LOWER, _INNER_MARKS).decode() if plain.isascii() else None


def without_marks(form: str) -> str:
    """Return a form as `searchable_text` has it: without the marks that may be inside a word, as in 1,232."""
    return form.translate(dict.fromkeys(_INNER_MARKS))


def _normalized(text: str) -> str:
    if not text.isascii():
        text = _JOINT.sub("-", text) if "·" in text else text
        for mark, plain in _LIKE_ASCII:
            text = text.replace(mark, plain)
    return text.replace("\n", " ").replace("`", "'")


def _special_ranges(text: str) -> Sequence[tuple[int, int]]:
    """Return the ranges between spaces that the tables cannot split."""
    patterns = [pattern for mark, pattern in zip(_ODD_MARKS, _ODD, strict=True) if mark in text]
    if not text.isascii():
        is_korean = len(text.encode("utf-8", "surrogatepass")) > len(text) * (1 + _MANY)
        patterns.append(_NOT_KOREAN if is_korean else _FOREIGN)
    ranges, end = [], 0
    for place in sorted([found.start() for pattern in patterns for found in pattern.finditer(text)]):
        if place >= end:
            start = text.rfind(" ", end, place) + 1 or end
            end = text.find(" ", place)
            end = end if end >= 0 else len(text)
            ranges.append((start, end))
    return [(0, len(text))] if sum([end - start for start, end in ranges]) > len(text) * _MOST else ranges


class _Stretch(NamedTuple):
    """The words of a stretch of text, and both of its strings."""

    words: Sequence[Token]
    folded: str
    written: str
    places: Sequence[int]  # of the words in both
    glued: Sequence[int]  # those of words with nothing between them and the word before


def _stretch(text: str) -> _Stretch:
    return _cached_stretch(text) if len(text) <= _SHORT else _read(text)


@lru_cache(maxsize=5_000)
def _cached_stretch(text: str) -> _Stretch:
    """Return the words of a short stretch; most are the same few: Korea's, U.S., 5%p."""
    return _read(text)


def _read(text: str) -> _Stretch:
    words = tokens(text)
    widths = [max(len(token.raw), len(token.form)) for token in words]
    folded = " ".join([token.form.ljust(width) for token, width in zip(words, widths, strict=True)])
    written = " ".join([token.raw.ljust(width) for token, width in zip(words, widths, strict=True)])
    places = [0, *accumulate(width + 1 for width in widths[:-1])]
    glued = [place for place, (one, other) in zip(places[1:], pairwise(words), strict=False) if one.end == other.start]
    return _Stretch(words, folded, written, places, glued)
