"""One keyword as a user wrote it → the words to look for, and the places where a release says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from monitor.errors import UsageError
from monitor.match.lexicon import EVERYDAY
from monitor.match.reading import FIELDS, Reading
from monitor.match.words import Token, Word, inflections, tokens

CASES = ("smart", "ignore", "exact")

_LITERAL = "keywords are literal; boolean rules are not available in this version yet, write one keyword per entry"
# A leading minus before a word means "without" in every query language: read as a blank, it would alert on the reverse.
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR(?:/\d+)?|ATLEAST(?:/\d+)?)\b|[()]|^-(?=[^\W\d_])")
_FIELD = re.compile(r"([A-Za-z]+):(\S?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word or phrase, ready to be looked for; equal keywords find the same places."""

    words: tuple[Word, ...]  # never empty
    fields: tuple[str, ...]

    def find(self, reading: Reading) -> Iterator[tuple[str, int, int]]:
        """Every place as (field, start, end), offsets into the raw text; a phrase stays within one field.

        Whatever separates words (blank, hyphen, line break, slash, other punctuation) is one gap. A Hangul particle
        glued to a word in other letters may stand between two words of the phrase: "FTA 체결" finds "FTA를 체결".
        """
        for field in self.fields:
            page = reading.page(field)
            for first in page.places_of(self.words[0]):
                last = _follow(self.words, page.tokens, first)
                if last is not None:
                    yield field, page.tokens[first].start, page.tokens[last].end


def keyword_fault(text: str) -> str | None:
    """What is wrong with a keyword and how to cure it, in one sentence; None: nothing."""
    written = _take_apart(text)
    return _operator_fault(written) or _field_fault(written) or _emptiness_fault(written) or _wildcard_fault(written)


def read_keyword(text: str, *, fields: Sequence[str] = FIELDS, case: str = "smart", inflect: bool = True) -> Keyword:
    """Prepare a keyword to be looked for; its own `field:` and `=` win over the options. Raises UsageError."""
    fault = keyword_fault(text)
    if fault:
        raise UsageError(fault, where=text)
    written = _take_apart(text)
    words = _words(written, case=case, inflect=inflect)
    return Keyword(words=words, fields=(written.field,) if written.field else tuple(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A keyword's text taken apart: `title:=*word*`."""

    field: str  # "": none
    is_exact: bool
    is_open_left: bool
    is_open_right: bool
    core: str

    @property
    def is_open(self) -> bool:
        return self.is_open_left or self.is_open_right


def _take_apart(text: str) -> _Written:
    rest = text.strip()
    name, colon, after = rest.partition(":")
    field = name if colon and name in FIELDS else ""
    rest = after.strip() if field else rest
    core = rest.removeprefix("=").strip()
    return _Written(
        field=field,
        is_exact=rest.startswith("="),
        is_open_left=core.startswith("*"),
        is_open_right=len(core) > 1 and core.endswith("*"),
        core=core.removeprefix("*").removesuffix("*"),
    )


def _operator_fault(written: _Written) -> str | None:
    found = _OPERATOR.search(written.core)
    return f"{_LITERAL} (found '{found.group()}')" if found else None


def _field_fault(written: _Written) -> str | None:
    found = _FIELD.match(written.core)
    if not found:
        return None
    name, glued = found.groups()
    if name in FIELDS:
        return f"'{name}:' must come first and alone; write {name}:word or {name}:=word"
    close = get_close_matches(name.lower(), FIELDS, n=1)
    if close:
        return f"unknown field '{name}:' — did you mean {close[0]}:?"
    if glued:
        return f"unknown field '{name}:' — the fields are title:, body: and category:; a literal colon needs a blank"
    return None


def _emptiness_fault(written: _Written) -> str | None:
    if tokens(written.core):
        return None
    return "there is no letter or digit to look for; write a word or a phrase"


def _wildcard_fault(written: _Written) -> str | None:
    if "?" in written.core:
        return "'?' is no wildcard; leave it out, or end the word with * for any letters"
    if "*" in written.core:
        return "'*' may stand only at the beginning or the end of a keyword; leave the others out"
    if not written.is_open:
        return None
    found = tokens(written.core)
    left = found[0] if written.is_open_left else None
    right = found[-1] if written.is_open_right else None
    if (left and left.start > 0) or (right and right.end < len(written.core)):
        return "'*' must touch a letter or a digit; leave out what stands between"
    short = next((token for token in (left, right) if token and _is_short(token)), None)
    if not short:
        return None
    shown = ("*" if short is left else "") + short.raw + ("*" if short is right else "")
    return f"'{shown}' covers too many words; use 3 letters or more (2 syllables in Korean)"


def _is_short(token: Token) -> bool:
    return len(token.form) < (2 if token.is_hangul else 3)


def _words(written: _Written, *, case: str, inflect: bool) -> tuple[Word, ...]:
    found = tokens(written.core)
    spellings = [frozenset({token.cased}) for token in found]
    if inflect and not written.is_exact:
        spellings[-1] = inflections(found[-1].cased)
    is_cased = written.is_exact or case == "exact"
    is_alone = len(found) == 1 and not written.is_open
    return tuple(
        Word(
            forms=frozenset(spelling.casefold() for spelling in cased),
            cased=cased if is_cased else frozenset(),
            needs_capitals=is_alone and case == "smart" and _is_name_like_a_word(token),
            is_open_left=written.is_open_left and token is found[0],
            is_open_right=(written.is_open_right and token is found[-1]) or (token.is_hangul and not written.is_exact),
        )
        for token, cased in zip(found, spellings, strict=True)
    )


def _is_name_like_a_word(token: Token) -> bool:
    return token.cased.isupper() and token.form in EVERYDAY


def _follow(words: tuple[Word, ...], page_tokens: Sequence[Token], first: int) -> int | None:
    """The place of a phrase's last word when its first stands at `first`; None: the phrase breaks off."""
    at: int | None = first
    for word in words[1:]:
        if at is None:
            return None
        at = _next(word, page_tokens, at)
    return at


def _next(word: Word, page_tokens: Sequence[Token], at: int) -> int | None:
    after = page_tokens[at + 1 : at + 3]
    if after and word.fits(after[0]):
        return at + 1
    if len(after) == 2 and _is_particle_of(page_tokens[at], after[0]) and word.fits(after[1]):
        return at + 2
    return None


def _is_particle_of(token: Token, following: Token) -> bool:
    return following.is_hangul and not token.is_hangul and token.end == following.start
