"""Split any text into words: tokens with their offsets in the raw text and the forms by which they are compared."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from monitor.frozen import dataclass
from monitor.match.korean import JOINT, NOTHING, Endings, is_particle, is_word
from monitor.match.lexicon import SINGULAR_IN_S, UNTOUCHABLE

# U+318D and U+119E, the letter araea, are not among them: between syllables they are list dots, as · is.
_HANGUL = (
    "\u1100-\u115e\u1161-\u119d\u119f-\u11ff\u3131-\u3163\u3165-\u318c\u318e\ua960-\ua97f\uac00-\ud7ff\uffa1-\uffdc"
)
_DOTS = "\u318d\u119e"
_MARKS = "\u0300-\u036f\u3099\u309a"
# Format characters, as `monitor.text.fold` drops them: they may stand inside a word and mean nothing.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_APOSTROPHES = "'’‘‛′`´ʼ＇"
# Raised and lowered digits belong to a word (CO₂ is CO2), but never touch a digit: 10² is not 102, as in `fold`.
_RAISED = "²³¹⁰⁴-⁹₀-₉"
_OTHER_NUMERALS = "¼-¾⅐-⅟↉①-⒛⓪-⓿❶-➓"
# A word ends where the script changes (美IRA). `re` knows no scripts, so they are told apart by their blocks. Whatever
# lies outside these has no Latin letter; µ and Ω, which compare as Greek letters, are left out.
_LATIN_BLOCKS = (
    *((0x00, 0xB4), (0xB6, 0x36F), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x2000, 0x2125), (0x2127, 0x2BFF)),
    *((0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xAB30, 0xAB6F), (0xFB00, 0xFB06), (0xFF10, 0xFF5A), (0x1D400, 0x1D7FF)),
)
_SCRIPTS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",  # Han
    "\u3041-\u309f\u30fc",  # Hiragana
    "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f",  # Katakana
    "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",  # Cyrillic
    "µ\u2126\u0370-\u03ff\u1f00-\u1fff",  # Greek
    "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefe",  # Arabic
    "\u0590-\u05ff\ufb1d-\ufb4f",  # Hebrew
    "\u0e00-\u0e7f",  # Thai
)


def _ranges(bounds: Iterable[tuple[int, int]]) -> str:
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in bounds)


_HYPHENS = r"\-‐‑–−－"
_LIST_DOTS = f"·‧∙•⋅․・･{_DOTS}"
_NEITHER = rf"\W_ʼ{_RAISED}{_OTHER_NUMERALS}"
_BETWEEN_BLOCKS = zip(
    (last + 1 for _, last in _LATIN_BLOCKS), (*(first - 1 for first, _ in _LATIN_BLOCKS[1:]), 0x10FFFF), strict=True
)
_LATIN = f"[^{_NEITHER}{_ranges(_BETWEEN_BLOCKS)}]"  # letters and digits
_FOREIGN = f"[^{_NEITHER}{_HANGUL}{_DOTS}{_ranges(_LATIN_BLOCKS)}]"
_UNSEEN = rf"[{_MARKS}{_INVISIBLE}]"
_YEAR = r"(?<![\w.,])(?:19|20)\d\d"
_RUN = rf"""
  {_LATIN}+
  (?: (?: (?<!\d){_UNSEEN} | (?<=\d){_UNSEEN}++(?![{_RAISED}]) | (?<!\d)[{_RAISED}](?!{_UNSEEN}*+\d) ) {_LATIN}* )*
  (?<![{_INVISIBLE}])
"""
# Compiled at their first use: it takes 20 ms, and a command that only checks plain keywords needs none of them.
_TOKEN = rf"""
      [A-Za-z0-9]{{2,}}+ (?! [^\x00-\x7f] | [.,-] (?<=[0-9].) \d )                  # most words, the quick way
    | (?P<hangul> [{_HANGUL}] [{_HANGUL}{_INVISIBLE}]* (?<![{_INVISIBLE}]) )
    | {_YEAR} (?= [.．] (?:1[0-2]|0?[1-9]) (?: [.．](?!\d) | [(월] ) )                # the year of 2024.7. or 2024.7월
    | (?=\d) (?<!{_LATIN}) (?: (?<![.,{_HYPHENS}]) | (?<!\d[.,{_HYPHENS}]) (?=0\d|\d{{4}}) )
      (?: (?: \d{{1,3}} (?:,\d{{3}})++ | \d++ ) (?:\.\d++)? (?! {_UNSEEN}*+{_LATIN} | [.,．，{_HYPHENS}]\d )  # most
        | (?P<figures> \d++ (?: [.,．，{_HYPHENS}] \d++ )++ (?!{_UNSEEN}*+{_LATIN}) )
      )
    | (?=\w) (?! [sS] (?<=[\w.{_MARKS}][{_APOSTROPHES}].) (?!{_LATIN}|[{_MARKS}]) )    # not the s of a possessive
      (?: [A-Z](?:\.[A-Z])+ (?!{_LATIN}|[{_MARKS}]) \.?                             # dotted capitals, the last dot too
        | {_RUN} (?: (?<=\d)[.,．，](?=\d) {_RUN} )*
        | (?P<foreign> {_FOREIGN}+ (?: [{_MARKS}{_INVISIBLE}] {_FOREIGN}* )* (?<![{_INVISIBLE}]) )
      )
    """
# The same for a text in ASCII, which most are: the classes of all scripts take nine tenths of the time to compile.
_NEVER = r"[^\s\S]"
_ASCII_TOKEN = _TOKEN.replace(_LATIN, "[A-Za-z0-9]").replace(_FOREIGN, _NEVER).replace(_UNSEEN, _NEVER)
_SCRIPT_RUN = "|".join(
    rf"(?:[{first}][{first}{_MARKS}{_INVISIBLE}]*)(?<![{_INVISIBLE}])"
    for first in (*_SCRIPTS, f"^{_MARKS}{_INVISIBLE}{''.join(_SCRIPTS)}")
)
# What a figure, a short name or a bracket ends in, and then a particle that touches it.
_TOUCHED = rf"(?:{_LATIN}|[^\s(\[{{][)\]\"'”’」』》〉>])\Z"
_NOT_AFTER_FIGURES = ("만", "도", "인", "엔", "일")  # 10만 is a figure, 5도 a temperature, 100엔 are yen
# A short name and its number: a hyphen between them parts nothing.
_NAME = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{1,5}}[{_HYPHENS}]\Z")
_NUMBER = re.compile(r"\d{1,3}(?![\d.,])")
_NUMBERED = re.compile(rf"\d[{_HYPHENS}]\Z")
GLUED = "-"  # begins the form of a number that belongs to the name before the hyphen: COVID-19 is covid and -19
_SYLLABLE = "[가-힣\u1100-\u11ff]"
_JOINED = re.compile(rf"(?<={_SYLLABLE})[{_HYPHENS}{_LIST_DOTS}]{_SYLLABLE}")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,])")
_YEARS = re.compile(r"\d{4,}(?:,\d{4,})+")
_DAY = re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}")
_HYPHENATED_DAY = r"(?:\d{4}-\d{1,2}-\d{1,2}|(?:19|20)\d\d-(?:0[1-9]|1[0-2]))"
_HYPHENATED_DAYS = re.compile(rf"{_HYPHENATED_DAY}(?:-{_HYPHENATED_DAY})*")
_DIGITS = re.compile(r"\d+")
_ACCENT = re.compile("[\u0300-\u036f]")
# Words of letters alone between single spaces, as most keywords are; they need no rule of the pattern above.
_PLAIN_WORDS = re.compile("(?:[A-Za-z]{2,}|[가-힣]+)(?: (?:[A-Za-z]{2,}|[가-힣]+))*")
_NOT_SPACE = re.compile("[^ ]+")
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
    endings: Endings = NOTHING  # what may follow it in Korean

    def __hash__(self) -> int:
        return hash(self.forms)  # words are looked up for each release; few differ in nothing else

    @property
    def is_open(self) -> bool:
        """Whether its form is but a part of the words that it finds."""
        return self.is_open_left or self.is_open_right or bool(self.endings)

    @property
    def is_picky(self) -> bool:
        """Whether the folded form does not decide, but the word as it is written."""
        return self.needs_capitals or bool(self.cased)

    @property
    def stem(self) -> str:
        """The part of a found word that is marked as the hit; "": all of it."""
        return self.forms[0] if self.endings and not self.is_open_right else ""

    def fits(self, form: str) -> bool:
        """Return whether it finds a word with this folded form, in some letter case."""
        if self.endings:
            return is_word(form, self.forms[0], self.endings, is_open_left=self.is_open_left)
        return _fits(form, self.forms, self)

    def fits_written(self, raw: str) -> bool:
        """Return whether a word whose form fits is written in the letter case that it wants."""
        if self.needs_capitals and not is_capitals(raw):
            return False
        return not self.cased or bool(self.endings) or _fits(as_cased(raw), self.cased, self)


def tokens(text: str) -> list[Token]:
    """Return every word of a text, in order: runs of letters of one script; digits go with Latin letters.

    A possessive 's is dropped, and so is a particle that touches a Latin word or a bracket (FTA를). Dotted capitals are
    one word, combining and invisible characters cut no word, a comma or a point between digits cuts no figure.
    The last token of a body that `monitor.text.is_cut` calls cut is open: more of that word may have followed.
    """
    if _PLAIN_WORDS.fullmatch(text):
        return [Token(one.start(), one.end(), one[0], _fold(one[0])) for one in _NOT_SPACE.finditer(text)]
    found: list[Token] = []
    for match in _compiled(_ASCII_TOKEN if text.isascii() else _TOKEN, re.VERBOSE).finditer(text):
        kind, raw = match.lastgroup, match.group()
        start, end = match.span()
        if kind is None and not (len(raw) > 7 and raw[0].isdecimal() and _are_several(_plain(raw))):
            form = _fold(raw)
            if start and text[start - 1] in _HYPHENS and _is_glued(text, start, raw):
                form = GLUED + form
        elif kind == "hangul":
            form = _fold(raw)
            if start and text[start - 1] != " " and _is_particle_at(text, start, form):
                continue
            if found and found[-1].end == start - 1 and _JOINED.match(text, start - 1):
                found[-1] = _joined(found[-1], form)
        else:  # also a day or years that a longer number hid
            pieces = _compiled(_SCRIPT_RUN).finditer(raw) if kind == "foreign" else _figures(raw)
            found += [Token(start + one.start(), start + one.end(), one[0], _fold(one[0])) for one in pieces]
            continue
        found.append(Token(start, end, raw, form))
    return found if text.isascii() else [token for token in found if token.form]


@cache
def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def is_hangul(form: str) -> bool:
    """Return whether a form is Hangul, which particles may follow without a space."""
    return _HANGUL_START.match(form) is not None


def is_capitals(raw: str) -> bool:
    """Return whether a word is in capitals, except for a plural s: FTA, U.S., EVs."""
    return raw.isupper() or (len(raw) > 2 and raw[-1] == "s" and raw[:-1].isupper())


def as_cased(raw: str) -> str:
    """Fold a word but keep its letter case: "U.S." gives US, "Café" gives Cafe."""
    if raw.isascii():
        return _figure(raw) if raw[0].isdigit() else raw.replace(".", "") if raw[1:2] == "." else raw
    # Marks go first: NFKD sorts those behind one letter in quadratic time.
    bare = unicodedata.normalize("NFKC", _ACCENT.sub("", unicodedata.normalize("NFKD", _ACCENT.sub("", raw))))
    # Some letters stand for several characters, not all of them letters; only letters, digits and figures make a word.
    kept = "".join(char for char in bare if char.isalnum() or char in ".,")
    return _figure(kept) if raw[0].isdecimal() else kept


def stem_length(raw: str, stem: str) -> int:
    """Return the characters of a written word up to the end of the stem in it."""
    form = _fold(raw)
    end = len(stem) if form.startswith(stem) else form.rfind(stem) + len(stem)
    if raw == form:
        return end
    longest = bisect_right(range(len(raw) + 1), end, key=lambda length: len(_fold(raw[:length])) if length else 0) - 1
    return bisect_left(range(longest), 1, lo=1, key=lambda length: _fold(raw[:length]) == form[:end])


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


def _fits(text: str, wanted: Iterable[str], word: Word) -> bool:
    if word.is_open_left:
        return any(part in text if word.is_open_right else text.endswith(part) for part in wanted)
    return any(text.startswith(part) for part in wanted) if word.is_open_right else text in wanted


def _is_glued(text: str, start: int, raw: str) -> bool:
    """Return whether a word behind a hyphen is the number of a name (KF-21), or the letter of a number (5-G)."""
    if raw[0].isdecimal():
        return _NUMBER.match(raw) is not None and _NAME.search(text, max(0, start - 8), start) is not None
    return len(raw) == 1 and _NUMBERED.search(text, max(0, start - 2), start) is not None


def _is_particle_at(text: str, start: int, form: str) -> bool:
    """Return whether a run of syllables is but a particle of the word it touches: FTA를, 협정(FTA)이란."""
    if not _compiled(_TOUCHED).search(text, max(0, start - 2), start) or not is_particle(form):
        return False
    return not (text[start - 1].isdecimal() and form.startswith(_NOT_AFTER_FIGURES))


def _joined(before: Token, form: str) -> Token:
    """Return a word that a dot or a hyphen joins to the next one: if it is one syllable, its form tells of both."""
    is_lone = len(before.form) == 1 and "가" <= before.form <= "힣"
    return before._replace(form=before.form + JOINT + form[0]) if is_lone else before


def _figures(raw: str) -> Iterator[re.Match[str]]:
    """Yield the figures that digits with hyphens, points and commas between them are.

    A range (2024-2025), a day (2024-07-01) and a list of years are several; a telephone number is one.
    """
    plain = _plain(raw)  # of the same length
    is_number = _is_number(plain.split("-")) and not _HYPHENATED_DAYS.fullmatch(plain)
    for part in re.finditer(r".+" if is_number else rf"[^{_HYPHENS}]+", raw):
        one = plain[part.start() : part.end()]
        are_several = _are_several(one)
        yield from _DIGITS.finditer(raw, *part.span()) if are_several else [part]


def _are_several(figure: str) -> bool:
    return bool(_DAY.fullmatch(figure) or _YEARS.fullmatch(figure))


def _is_number(parts: Sequence[str]) -> bool:
    """Return whether figures with hyphens between are one number: three or more, the first with a 0, or descending."""
    if not all(part.isdecimal() for part in parts):
        return False
    return len(parts) > 2 or parts[0][0] == "0" or _size(parts[0]) > _size(parts[-1])


def _size(digits: str) -> tuple[int, str]:
    """Return a sort key; `int` refuses figures of more than 4,300 digits."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _plain(raw: str) -> str:
    """Return digits and what is between them in ASCII."""
    if raw.isascii():
        return raw
    return "".join("-" if char in _HYPHENS else unicodedata.normalize("NFKC", char) for char in raw)


def _fold(raw: str) -> str:
    if "가" <= raw[0] <= "힣" and raw.isalnum() and unicodedata.is_normalized("NFKC", raw):
        return raw
    if raw.isascii():
        return as_cased(raw).lower()
    return as_cased(raw).casefold()


def _figure(plain: str) -> str:
    """Return a figure as it is compared: without the hyphens of a number and the commas of thousands."""
    if "," in plain:
        plain = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), plain, count=1)
    return plain.replace("-", "")


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
