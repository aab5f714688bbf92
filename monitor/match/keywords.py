"""Parse one keyword as a user wrote it, and find its words in a release."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import field
from functools import reduce
from itertools import pairwise, product
from typing import NamedTuple

from monitor.errors import UsageError
from monitor.frozen import dataclass
from monitor.match.document import FIELDS, Document, TokenizedField
from monitor.match.korean import JOINT, NOTHING, PARTICLES
from monitor.match.lexicon import EVERYDAY
from monitor.match.positions import NO_SPANS, Spans, phrase_ends, phrase_spans, union
from monitor.match.spellings import Piece, as_written, jointed_spellings, spellings
from monitor.match.tokens import GLUED, Token, Word, inflections, is_capitals, is_hangul, tokens
from monitor.readable import readable

CASES = ("smart", "ignore", "exact")

_LITERAL = "keywords are literal; a rule with operators goes under query:, or write one keyword per entry"
# A leading minus before a word means "without" in every query language: read as a space, it would alert on the reverse.
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR(?:/\d+)?|ATLEAST(?:/\d+)?)\b|[()]|^-(?=[^\W\d_])")
_ACRONYM = 4  # capitals that an acronym has at most; longer names read like no other word
_LONGEST = 25  # words of a phrase: the cost of a text of one repeated word grows with it
_FIELD = re.compile(r"([A-Za-z]+):(\S?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A word or phrase, prepared for evaluation; equal keywords find the same places."""

    words: tuple[Word, ...]  # never empty
    fields: tuple[str, ...]
    others: tuple[tuple[Word, ...], ...] = ()  # other spellings of it, as good as the words: COVID-19, COVID19
    jointed: tuple[tuple[Word, ...], ...] = ()  # those with a dot or a hyphen behind a lone syllable: 한·미
    is_plain: bool = field(init=False, compare=False, repr=False)  # one whole word in any letter case: the forms decide

    def __post_init__(self) -> None:
        only = self.words[0]
        is_plain = len(self.words) == 1 and not (self.others or self.jointed or only.is_open or only.is_picky)
        object.__setattr__(self, "is_plain", is_plain)  # asked for each release

    @property
    def spellings(self) -> tuple[tuple[Word, ...], ...]:
        """Each spelling as its words, the one that was written first."""
        return (self.words, *self.others, *self.jointed)

    def matches(self, document: Document) -> bool:
        """Return whether a release has it anywhere; the distinct words alone decide if they suffice."""
        if self.is_plain:
            forms = self.words[0].forms
            return any(document.field(name).has_any(forms) for name in self.fields)
        for name in self.fields:
            tokenized = document.field(name)
            for words in self._spellings_in(tokenized):
                if _has_phrase(words, tokenized):
                    return True
        return False

    def _spellings_in(self, tokenized: TokenizedField) -> tuple[tuple[Word, ...], ...]:
        """Return the spellings that a field may have."""
        return self.spellings if tokenized.has_joints else (self.words, *self.others)

    def spans(self, tokenized: TokenizedField) -> Spans:
        """Return its spans in one field.

        Whatever separates words (space, hyphen, line break, slash, other punctuation) is one gap.
        """
        return reduce(union, (_spans(words, tokenized) for words in self._spellings_in(tokenized)))


def _spans(words: Sequence[Word], tokenized: TokenizedField) -> Spans:
    if not all(map(tokenized.has, words)):
        return NO_SPANS
    return phrase_spans([tokenized.positions_of(word) for word in words], tokenized.words_alone, words[-1].stem)


def _has_phrase(words: Sequence[Word], tokenized: TokenizedField) -> bool:
    """Return whether one field has these words; the cheapest test that decides comes first."""
    if not tokenized.has(words[0]):
        return False
    if len(words) == 1:
        return not words[0].is_picky or tokenized.is_written(words[0])
    if not all(map(tokenized.has, words[1:])):
        return False
    if tokenized.has_particles or any(word.is_picky for word in words):
        return phrase_ends([tokenized.positions_of(word) for word in words], tokenized.words_alone) > 0
    if words[0].is_open_left or words[-1].is_open_right:
        return any(map(tokenized.has_phrase, _phrases(words)))
    if not all(tokenized.has_pair(left, right) for left, right in pairwise(words)):
        return False
    return len(words) == 2 or any(map(tokenized.has_phrase, _phrases(words)))


def _phrases(words: Sequence[Word]) -> Iterator[str]:
    """Yield the phrase in each of its forms; only its outer words can be open, as the field has no Hangul."""
    left = "" if words[0].is_open_left else " "
    right = "" if words[-1].is_open_right else " "
    return (left + " ".join(forms) + right for forms in product(*(word.forms for word in words)))


def keyword_fault(text: str) -> str | None:
    """Return what is wrong with a keyword and how to fix it, in one sentence; None: nothing."""
    return _fault(_parse(text))


def read_keyword(text: str, *, fields: Sequence[str] = FIELDS, case: str = "smart", inflect: bool = True) -> Keyword:
    """Prepare a keyword for evaluation; its own `field:` and `=` override the options. Raises UsageError."""
    written = _parse(text)
    if fault := _fault(written):
        raise UsageError(fault, where=text)
    return _keyword(written, fields=(written.field,) if written.field else tuple(fields), case=case, inflect=inflect)


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
    written = _parse_core("", text, is_exact=is_exact)
    return _keyword(written, fields=tuple(fields), case=case, inflect=inflect)


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
    core = readable(core)
    inner = core.removeprefix("*").removesuffix("*")
    return _KeywordText(
        field=field,
        is_exact=is_exact,
        is_open_left=core.startswith("*"),
        is_open_right=len(core) > 1 and core.endswith("*"),
        core=inner,
        words=tokens(inner) if inner.isascii() else _without_joints(tokens(inner)),
    )


def _without_joints(words: Sequence[Token]) -> list[Token]:
    """Return the words of a keyword: a dot or a hyphen parts them, and `jointed_spellings` joins them again."""
    return [one._replace(form=one.form.partition(JOINT)[0]) for one in words]


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
    from difflib import get_close_matches

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


def _keyword(written: _KeywordText, *, fields: tuple[str, ...], case: str, inflect: bool) -> Keyword:
    jointed: list[tuple[Piece, ...]] = []
    if written.is_exact:
        spelled = [as_written(written.words, endings=NOTHING)]
    elif inflect:
        spelled = list(spellings(written.words, written.core))
        jointed = [] if written.core.isascii() else list(jointed_spellings(written.words))
    else:
        spelled = [as_written(written.words, endings=PARTICLES)]
    words, *others = [_words(pieces, written, case=case, inflect=inflect) for pieces in spelled]
    with_joints = tuple([_words(pieces, written, case=case, inflect=inflect) for pieces in jointed])
    return Keyword(words=words, fields=fields, others=tuple(others), jointed=with_joints)


def _words(pieces: Sequence[Piece], written: _KeywordText, *, case: str, inflect: bool) -> tuple[Word, ...]:
    acronyms = _acronyms(pieces) if case == "smart" and not written.is_exact else set()
    return tuple(
        _word(
            piece,
            is_cased=written.is_exact or case == "exact",
            is_acronym=at in acronyms,
            inflect=inflect and not written.is_exact and at == len(pieces) - 1,
            is_open=(written.is_open_left and at == 0, written.is_open_right and at == len(pieces) - 1),
        )
        for at, piece in enumerate(pieces)
    )


def _word(piece: Piece, *, is_cased: bool, is_acronym: bool, inflect: bool, is_open: tuple[bool, bool]) -> Word:
    """Return a word with its forms; one that is open is compared letter by letter where capitals count."""
    cased: tuple[str, ...] = (piece.cased,)
    forms: tuple[str, ...] = (piece.form,)
    if inflect and not piece.form.startswith(GLUED):
        cased = tuple(sorted(inflections(piece.cased)))
        forms = tuple(dict.fromkeys(spelling.casefold() for spelling in cased))
    left, right = is_open
    return Word(
        forms=forms,
        cased=cased if is_cased or (is_acronym and (left or right)) else (),
        needs_capitals=is_acronym and not (left or right),
        is_open_left=left,
        is_open_right=right,
        endings=NOTHING if right else piece.endings,
    )


def _acronyms(pieces: Sequence[Piece]) -> set[int]:
    """Return which words want capitals in the text: those of two to four capitals, and names that read like a word.

    A phrase all in capitals is shouted if one of its words is longer; in K-POP the last letters are no acronym. Single
    letters are one together (R&D).
    """
    capitals = {
        at: piece.cased.removesuffix("s")
        for at, piece in enumerate(pieces)
        if piece.cased[:1].isupper() and is_capitals(piece.cased) and piece.cased.isalpha()
    }
    if len(pieces) == 1:
        return {at for at, name in capitals.items() if 1 < len(name) <= _ACRONYM or name.lower() in EVERYDAY}
    if len(capitals) == len(pieces) <= _ACRONYM and all(len(name) == 1 for name in capitals.values()):
        return set(capitals)
    if len(capitals) == len(pieces) and any(len(name) > _ACRONYM for name in capitals.values()):
        return set()
    short = {at for at, name in capitals.items() if 1 < len(name) <= _ACRONYM and not pieces[at].has_number}
    return {at for at in short if not at or len(pieces[at - 1].form) > 1}
