"""Split any text into words: tokens with their offsets in the raw text and the forms by which they are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from monitor.match.lexicon import SINGULAR_IN_S, UNTOUCHABLE

_HANGUL = "\u1100-\u115e\u1161-\u11ff\u3131-\u3163\u3165-\u318e\ua960-\ua97f\uac00-\ud7ff\uffa1-\uffdc"
_MARKS = "\u0300-\u036f"
# Format characters, as `monitor.text.fold` drops them: they may stand inside a word and mean nothing.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_APOSTROPHES = "'’‘‛′`´ʼ＇"
# Raised and lowered digits belong to a word (CO₂ is CO2), but never touch a digit: 10² is not 102, as in `fold`.
_RAISED = "²³¹⁰⁴-⁹₀-₉"
_OTHER_NUMERALS = "¼-¾⅐-⅟↉①-⒛⓪-⓿❶-➓"
_LETTER = rf"[^\W_{_HANGUL}{_RAISED}{_OTHER_NUMERALS}ʼ]"
_TOKEN = re.compile(
    rf"""
      [A-Za-z0-9]{{2,}}+ (?![^\x00-\x7f])                                      # most words, the quick way
    | (?! (?<=[\w.{_MARKS}][{_APOSTROPHES}]) [sS] (?!{_LETTER}|[{_MARKS}]) )   # not the s of a possessive
      (?: [A-Z](?:\.[A-Z])+ (?!{_LETTER}|[{_MARKS}]) \.?                       # dotted capitals, their last dot too
        | {_LETTER}+ (?: (?: [{_MARKS}{_INVISIBLE}] | (?<!\d)[{_RAISED}](?!\d) ) {_LETTER}* )* (?<![{_INVISIBLE}])
        | [{_HANGUL}] [{_HANGUL}{_INVISIBLE}]* (?<![{_INVISIBLE}])
      )
    """,
    re.VERBOSE,
)
_MARK = re.compile(f"[{_MARKS}]")
_HANGUL_START = re.compile(f"[{_HANGUL}]")


class Token(NamedTuple):
    """One word of a text; a release has hundreds, and a named tuple costs a third of a dataclass."""

    start: int  # character offsets into the raw text
    end: int
    raw: str
    form: str  # folded: what words are compared by

    @property
    def cased(self) -> str:
        """The form with its letter case kept."""
        return as_cased(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word to search for, in all its forms."""

    forms: tuple[str, ...]  # folded, each once; any of them will do
    cased: tuple[str, ...] = ()  # the same with their letter case; empty: case is ignored
    needs_capitals: bool = False
    is_open_left: bool = False  # more letters may stand before it
    is_open_right: bool = False

    @property
    def is_open(self) -> bool:
        """Whether more letters may come before or after it."""
        return self.is_open_left or self.is_open_right

    @property
    def is_picky(self) -> bool:
        """Whether the folded form does not decide, but the word as it is written."""
        return self.needs_capitals or bool(self.cased)


def tokens(text: str) -> list[Token]:
    """Return every word of a text, in order: runs of letters and digits, Hangul apart from all other letters.

    A possessive 's is dropped, dotted capitals are one word, combining and invisible characters cut no word.
    The last token of a body that `monitor.text.is_cut` calls cut is open: more of that word may have followed.
    """
    found = (Token(m.start(), m.end(), m.group(), _fold(m.group())) for m in _TOKEN.finditer(text))
    return [token for token in found if token.form]


def is_hangul(form: str) -> bool:
    """Return whether a form is Hangul, which particles may follow without a space."""
    return _HANGUL_START.match(form) is not None


def is_capitals(raw: str) -> bool:
    """Return whether a word is in capitals, except for a plural s: FTA, U.S., EVs."""
    return raw.isupper() or (len(raw) > 2 and raw[-1] == "s" and raw[:-1].isupper())


def as_cased(raw: str) -> str:
    """Fold a word but keep its letter case: "U.S." gives US, "Café" gives Cafe."""
    if raw.isascii():
        return raw.replace(".", "")
    # Marks go first: NFKD sorts those behind one letter in quadratic time.
    bare = _MARK.sub("", unicodedata.normalize("NFKD", _MARK.sub("", raw)))
    # Some letters stand for several characters, not all of them letters; only letters and digits make a word.
    return "".join(char for char in unicodedata.normalize("NFKC", bare) if char.isalnum())


def inflections(word: str) -> frozenset[str]:
    """Return a word and its regular plural, or its regular singular if it is a plural; letter case is kept.

    Some results are no English words ("hous" for houses); they find nothing. Those that would find something else
    are in `monitor.match.lexicon`.
    """
    lower = word.casefold()
    if lower in UNTOUCHABLE or not lower[-1:].isalpha() or not lower.isascii():
        return frozenset({word})
    plurals = {plural for plural in _plurals(word, lower) if plural.casefold() not in SINGULAR_IN_S}
    made = _singulars(word, lower) or plurals
    return frozenset({word, *(other for other in made if other.casefold() not in UNTOUCHABLE)})


def _fold(raw: str) -> str:
    if raw.isascii():
        return raw.replace(".", "").lower()
    if raw.isalnum() and "가" <= raw[0] <= "힣" and unicodedata.is_normalized("NFKC", raw):
        return raw
    return as_cased(raw).casefold()


def _plurals(word: str, lower: str) -> set[str]:
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return {word + "es"}
    if lower[-1] == "y" and lower[-2:-1] not in set("aeiou"):
        return {word[:-1] + "ies"}
    return {word + "s", word + "es"} if lower[-1] == "o" else {word + "s"}


def _singulars(word: str, lower: str) -> set[str]:
    if not lower.endswith("s") or lower.endswith(("ss", "us", "is")) or lower in SINGULAR_IN_S:
        return set()
    if word.isupper():  # the S of GPS or AIDS is a part of the name; a plural is written FTAs
        return set()
    found = {word[:-1]} if len(word) > 3 or word[:-1].isupper() else set()  # EVs has EV, but "was" no "wa"
    if lower.endswith("ies") and len(word) > 4:
        found.add(word[:-3] + "y")
    if lower.endswith(("ses", "xes", "zes", "ches", "shes", "oes")) and len(word) > 4:
        found.add(word[:-2])
    return found
