"""Parse one keyword as a user wrote it, and find its words in a release."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise, product
from typing import NamedTuple

from monitor.errors import UsageError
from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.lexicon import EVERYDAY
from monitor.match.positions import NO_SPANS, Spans, phrase_ends, phrase_spans
from monitor.match.tokens import Token, Word, inflections, is_hangul, tokens

CASES = ("smart", "ignore", "exact")

_LITERAL = "keywords are literal; a rule with operators goes under query:, or write one keyword per entry"
# A leading minus before a word means "without" in every query language: read as a space, it would alert on the reverse.
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR(?:/\d+)?|ATLEAST(?:/\d+)?)\b|[()]|^-(?=[^\W\d_])")
_LONGEST = 25  # words of a phrase: the cost of a text of one repeated word grows with it
_FIELD = re.compile(r"([A-Za-z]+):(\S?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word or phrase, prepared for evaluation; equal keywords find the same places."""

    words: tuple[Word, ...]  # never empty
    fields: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it is one whole word in any letter case, so that the folded forms decide."""
        return len(self.words) == 1 and not (self.words[0].is_open or self.words[0].is_picky)

    def matches(self, document: Document) -> bool:
        """Return whether a release has it anywhere; the distinct words alone decide if they suffice."""
        return any(map(self._matches_field, map(document.field, self.fields)))

    def spans(self, tokenized: TokenizedField) -> Spans:
        """Return its spans in one field.

        Whatever separates words (space, hyphen, line break, slash, other punctuation) is one gap. A Hangul particle
        glued to a word in other letters may come between two words of the phrase: "FTA 체결" finds "FTA를 체결".
        """
        if not all(map(tokenized.has, self.words)):
            return NO_SPANS
        return phrase_spans([tokenized.positions_of(word) for word in self.words], tokenized.main_words)

    def _matches_field(self, tokenized: TokenizedField) -> bool:
        """Return whether one field has it; the cheapest test that decides comes first."""
        if not tokenized.has(self.words[0]):
            return False
        if len(self.words) == 1:
            return not self.words[0].is_picky or tokenized.positions_of(self.words[0]) > 0
        if not all(map(tokenized.has, self.words)):
            return False
        if tokenized.has_particles or any(word.is_picky for word in self.words):
            return phrase_ends([tokenized.positions_of(word) for word in self.words], tokenized.main_words) > 0
        if self.words[0].is_open_left or self.words[-1].is_open_right:
            return any(map(tokenized.has_phrase, self._phrases()))
        if not all(tokenized.has_pair(left, right) for left, right in pairwise(self.words)):
            return False
        return len(self.words) == 2 or any(map(tokenized.has_phrase, self._phrases()))

    def _phrases(self) -> Iterator[str]:
        """Yield the phrase in each of its forms; only its outer words can be open, as the field has no Hangul."""
        left = "" if self.words[0].is_open_left else " "
        right = "" if self.words[-1].is_open_right else " "
        return (left + " ".join(forms) + right for forms in product(*(word.forms for word in self.words)))


def keyword_fault(text: str) -> str | None:
    """Return what is wrong with a keyword and how to fix it, in one sentence; None: nothing."""
    return _fault(_parse(text))


def read_keyword(text: str, *, fields: Sequence[str] = FIELDS, case: str = "smart", inflect: bool = True) -> Keyword:
    """Prepare a keyword for evaluation; its own `field:` and `=` override the options. Raises UsageError."""
    written = _parse(text)
    if fault := _fault(written):
        raise UsageError(fault, where=text)
    words = _words(written, case=case, inflect=inflect)
    return Keyword(words=words, fields=(written.field,) if written.field else tuple(fields))


def alias_in(text: str, names: Collection[str]) -> tuple[str, str] | None:
    """Return the field ("" for none) and the alias that a keyword consists of; None: it is no alias."""
    written = _parse(text)
    is_alias = written.core in names and not (written.is_exact or written.is_open)
    return (written.field, written.core) if is_alias else None


def term_fault(text: str, *, is_quoted: bool) -> str | None:
    """Return what `keyword_fault` does, for a term of a query, whose operators and fields are parsed already."""
    written = _parse_core("", text, is_exact=False)
    return (None if is_quoted else _field_fault(written)) or _words_fault(written)


def read_term(text: str, *, is_exact: bool, fields: Sequence[str], case: str, inflect: bool) -> Keyword:
    """Prepare a term of a query, which `term_fault` accepts."""
    words = _words(_parse_core("", text, is_exact=is_exact), case=case, inflect=inflect)
    return Keyword(words=words, fields=tuple(fields))


class _KeywordText(NamedTuple):
    """A keyword's text taken apart: `title:=*word*`."""

    field: str  # "": none
    is_exact: bool
    is_open_left: bool
    is_open_right: bool
    core: str
    words: list[Token]

    @property
    def is_open(self) -> bool:
        return self.is_open_left or self.is_open_right


def _parse(text: str) -> _KeywordText:
    rest = text.strip()
    name, colon, after = rest.partition(":")
    field = name if colon and name in FIELDS else ""
    rest = after.strip() if field else rest
    return _parse_core(field, rest.removeprefix("=").strip(), is_exact=rest.startswith("="))


def _parse_core(field: str, core: str, *, is_exact: bool) -> _KeywordText:
    inner = core.removeprefix("*").removesuffix("*")
    return _KeywordText(
        field=field,
        is_exact=is_exact,
        is_open_left=core.startswith("*"),
        is_open_right=len(core) > 1 and core.endswith("*"),
        core=inner,
        words=tokens(inner),
    )


def _fault(written: _KeywordText) -> str | None:
    if found := _OPERATOR.search(written.core):
        return f"{_LITERAL} (found '{found.group()}')"
    return _field_fault(written) or _words_fault(written)


def _field_fault(written: _KeywordText) -> str | None:
    found = _FIELD.match(written.core)
    if not found:
        return None
    name, glued = found.groups()
    if name in FIELDS:
        return f"'{name}:' must come first and alone; write {name}:word or {name}:=word"
    if close := get_close_matches(name.lower(), FIELDS, n=1):
        return f"unknown field '{name}:' — did you mean {close[0]}:?"
    if glued:
        return f"unknown field '{name}:' — the fields are title:, body: and category:; a literal colon needs a space"
    return None


def _words_fault(written: _KeywordText) -> str | None:
    count = len(written.words)
    if not count:
        return "there is no letter or digit to search for; write a word or a phrase"
    if count > _LONGEST:
        return f"a phrase of {count} words; use at most {_LONGEST}, a few rare ones in a row find the same"
    if "?" in written.core:
        return "'?' is not a wildcard; remove it, or end the word with * for any letters"
    if "*" in written.core:
        return "'*' is allowed only at the beginning or the end of a keyword; remove the others"
    left = written.words[0] if written.is_open_left else None
    right = written.words[-1] if written.is_open_right else None
    if (left and left.start > 0) or (right and right.end < len(written.core)):
        return "'*' must touch a letter or a digit; remove what is between"
    bounds = ((token, 2 if is_hangul(token.form) else 3) for token in (left, right) if token)
    short = next((token for token, least in bounds if len(token.form) < least), None)
    if not short:
        return None
    shown = ("*" if short is left else "") + short.raw + ("*" if short is right else "")
    return f"'{shown}' covers too many words; use 3 letters or more (2 syllables in Korean)"


def _words(written: _KeywordText, *, case: str, inflect: bool) -> tuple[Word, ...]:
    found = written.words
    is_cased = written.is_exact or case == "exact"
    is_alone = len(found) == 1 and not written.is_open
    *others, last = (token.cased for token in found)
    numbers = tuple(sorted(inflections(last))) if inflect and not written.is_exact else (last,)
    return tuple(
        Word(
            forms=tuple(dict.fromkeys(spelling.casefold() for spelling in cased)),
            cased=cased if is_cased else (),
            needs_capitals=is_alone and case == "smart" and token.form in EVERYDAY and token.cased.isupper(),
            is_open_left=written.is_open_left and token is found[0],
            is_open_right=(written.is_open_right and token is found[-1])
            or (is_hangul(token.form) and not written.is_exact),
        )
        for token, cased in zip(found, [*((other,) for other in others), numbers], strict=True)
    )
