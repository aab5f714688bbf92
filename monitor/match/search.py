"""Search for words as a watchlist looks for them: the full-text index holds our own words, and a query names them.

The index holds each word of a text by its folded form, and where it is written with capitals, by that as well. So what
a keyword asks of a word can be asked of the distinct words of the index, and no text has to be read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from string import ascii_uppercase

from monitor.errors import UsageError
from monitor.match.evaluate import Options
from monitor.match.fast_tokens import FastTokens
from monitor.match.keywords import Keyword, keyword_fault, read_term, term_fault
from monitor.match.korean import JOINT
from monitor.match.nodes import Node, Or
from monitor.match.query import NO_ALIASES, Aliases
from monitor.match.tokens import GLUED, Token, Word, as_cased, tokens
from monitor.match.watchlist import keyword_rule
from monitor.model import Release
from monitor.readable import readable
from monitor.search_values import SearchPhrase, SearchQuery, SearchWord

_CASED = "^"  # before what tells the letter case of a word
_LAST = "\U0010ffff"  # behind every other character in the index
_MOST = 20_000  # words of past texts that are kept
_LETTERS = bytes(65 if chr(code) in ascii_uppercase else 32 if code == 32 else 97 for code in range(256))
_NO_WORD = re.compile(r"[*?:=()\"“”]")


def index_words(release: Release) -> tuple[str, str, str]:
    """Return the words of title, body and category as the index holds them, with spaces between."""
    return _index_text(release.title), _index_text(release.body), _index_text(release.category or "")


def search_query(words: Sequence[str], aliases: Aliases = NO_ALIASES) -> SearchQuery:
    """Return the query for releases that have all words, each read as a keyword. Raises UsageError.

    What is no keyword is read as text: nothing that a person types is an error, as long as there is a word in it.
    """
    decodable = (
        word.encode("utf-8", "replace").decode().replace("\0", "") for word in words
    )  # an argument may hold any bytes
    asked = [word for word in decodable if tokens(readable(word))]
    if not asked:
        raise UsageError("there is no word to search for: give a word of letters or digits")
    rules = [_rule(word, aliases) for word in asked]
    return SearchQuery(all_of=tuple(tuple(_phrases(rule)) for rule in rules), index_words=index_words)


def _rule(text: str, aliases: Aliases) -> Node:
    if keyword_fault(text) is None:
        return keyword_rule(text, Options(), aliases)
    plain = _NO_WORD.sub(";", text)  # no space: with one before it a letter could be a misread sign
    if fault := term_fault(plain, is_quoted=True):
        raise UsageError(fault, where=text)
    return read_term(plain, is_exact=False, fields=Options().fields, case="smart", inflect=True)


def _phrases(rule: Node) -> Iterator[SearchPhrase]:
    if isinstance(rule, Or):  # an alias
        for part in rule.parts:
            yield from _phrases(part)
    if isinstance(rule, Keyword):
        for words in rule.spellings:
            yield SearchPhrase(words=tuple(map(_search_word, words)), fields=rule.fields)


def _search_word(word: Word) -> SearchWord:
    return SearchWord(ranges=tuple(_ranges(word)), accepts=partial(_accepts, word))


def _ranges(word: Word) -> Iterator[tuple[str, str]]:
    """Yield where in the index the words are that it may find: to read the others costs as much as the texts found."""
    starts = ("",) if word.is_open_left else word.forms
    for start in starts if word.is_open else [form + _CASED for form in word.forms]:
        yield start, start + _LAST
    if not word.is_open:
        yield from zip(word.forms, word.forms, strict=True)


def _accepts(word: Word, indexed: str) -> bool:
    form, _, capitals = indexed.partition(_CASED)
    return word.fits(form) and (not word.is_picky or word.fits_written(_written(_bare(form), capitals)))


def _index_text(text: str) -> str:
    """Return the words of a text as the index holds them; plain ones without capitals stay as they are."""
    words = FastTokens(readable(text)).words(_index_stretch) if text else ""
    # One byte a character: to find a capital by a pattern takes three times as long.
    letters = words.encode("latin-1", "replace").translate(_LETTERS)
    made, reached, at = list[str](), 0, letters.find(b"A")
    while at >= 0:
        start, end = letters.rfind(b" ", 0, at) + 1, letters.find(b" ", at)
        word = words[start:end]
        made += words[reached:start], _indexed(word.lower(), word)
        reached, at = end, letters.find(b"A", end)
    return "".join([*made, words[reached:]])


def _index_stretch(words: Sequence[Token]) -> str:
    return " ".join([_indexed(word.form, word.raw) for word in words])


@lru_cache(maxsize=_MOST)
def _indexed(form: str, raw: str) -> str:
    """Return a word as the index holds it: `fta^111` for FTA, as the index itself ignores the case of letters."""
    plain, cased = _bare(form), as_cased(raw)
    if cased == plain:
        return form
    mask = "".join("01"[one != other] for one, other in zip(cased, plain, strict=False)).rstrip("0")
    return f"{form}{_CASED}{mask if _written(plain, mask) == cased else 'x' + cased.encode().hex()}"


def _bare(form: str) -> str:
    """Return a form without what tells that a hyphen or a dot is beside it."""
    return form.removeprefix(GLUED).partition(JOINT)[0]


def _written(form: str, capitals: str) -> str:
    if capitals.startswith("x"):
        return bytes.fromhex(capitals[1:]).decode()
    upper = (letter.upper() if bit == "1" else letter for letter, bit in zip(form, capitals, strict=False))
    return "".join(upper) + form[len(capitals) :]
