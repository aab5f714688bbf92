"""Find releases whose current text has all given words, with a full-text index of our own words.

The index may lag behind; what it does not hold yet is read and compared here. A `tsvector` is made of the words that
watchlists look for, so it needs no dictionary and no locale of the server: in a database of locale C, those of
PostgreSQL know no Hangul, and keep É apart from é.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from monitor.model import Release
from monitor.records import PAGE
from monitor.search_values import IndexWords, SearchPhrase, SearchQuery, SearchWord
from monitor.store.handle import Handle
from monitor.store.rows import day_text, to_json

_WORD = re.compile(r"[0-9A-Za-z.,\-^\u0080-\U0010ffff]+")
_WEIGHTS = {"title": "A", "category": "C", "body": "B"}
_PLACES = 16_000  # of one part; a tsvector counts 16,383
_REPEATS = 255  # places of one word in a part
_BYTES = 400_000  # words of a part; a tsvector holds a megabyte
_OVERLAP = 30  # words that a part has in common with the next one; a phrase has at most 25
_LONGEST = 2_000  # bytes of a word; a tsvector holds no longer one
_MOST = 1_000  # words in one question

Words = Mapping[str, Sequence[str]]  # the words of each field


def fill_index(handle: Handle, index_words: IndexWords, most: int = 100) -> int:
    """Index up to `most` versions in one transaction; return how many there were, 0: the index is up to date."""
    with handle.transaction():
        queued = to_json([row["version"] for row in handle.all("queued", most=most)])
        rows = handle.all("to_index", versions=queued)
        if not rows:
            return 0
        heads = {row["release"]: row for row in rows if row["is_head"]}
        texts = {release: list(_parts(_words_of(row, index_words))) for release, row in heads.items()}
        handle.many("forget_text", [{"release": release} for release in heads])
        handle.many(
            "index_text",
            [
                {"release": release, "part": number, "version": heads[release]["id"], "words": _vector(part)}
                for release, parts in texts.items()
                for number, part in enumerate(parts)
            ],
        )
        words = sorted({word for parts in texts.values() for part in parts for word in part})
        handle.all("add_words", words=to_json(words))
        handle.all("unqueue", versions=queued)
    return len(rows)


def search(handle: Handle, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
    """Return the numbers of the releases that the query finds; see `monitor.ports.Archive.search`."""
    day = day_text(since)
    with handle.snapshot():
        groups = (set[int]().union(*(_with_phrase(handle, phrase, day) for phrase in group)) for group in query.all_of)
        found = set.intersection(*groups)
        fits = cache(_fits)
        for rows in handle.pages("unindexed_heads", limit=PAGE, since=day):
            texts = ((row["release"], _words_of(row, query.index_words)) for row in rows)
            found |= {release for release, words in texts if _finds(query, words, fits)}
    return sorted(found)


def _words_of(row: Any, index_words: IndexWords) -> Words:
    release = Release(title=row["title"], body=row["body"], category=row["category"], date=None)
    title, body, category = (_WORD.findall(text) for text in index_words(release))
    return {"title": title, "category": category, "body": body}


def _parts(words: Words) -> Iterator[Mapping[str, list[str]]]:
    """Yield the places of each word, in as many parts as tsvectors are needed for all of them."""
    placed = list(_placed(words))
    start = 0
    while start < len(placed):
        part: dict[str, list[str]] = {}
        first, size, at = placed[start][0], 0, start
        for at in range(start, len(placed)):
            place, word, weight = placed[at]
            places = part.setdefault(word, [])
            size += 0 if places else len(word.encode())
            places.append(f"{place - first + 1}{weight}")
            if place - first >= _PLACES or size >= _BYTES or len(places) >= _REPEATS:
                break
        yield part
        start = at + 1 if at + 1 == len(placed) else max(at + 1 - _OVERLAP, start + 1)


def _placed(words: Words) -> Iterator[tuple[int, str, str]]:
    """Yield each word with its place and the weight of its field; a field begins two places behind the one before."""
    place = 0
    for field, weight in _WEIGHTS.items():
        for place, word in enumerate(words[field], place + 2):  # noqa: B020 - counted on in the next field
            if len(word.encode()) <= _LONGEST:
                yield place, word, weight


def _vector(part: Mapping[str, Sequence[str]]) -> str:
    """Return a tsvector as text; no word has a quote or a backslash in it."""
    return " ".join(f"'{word}':{','.join(places)}" for word, places in part.items())


def _with_phrase(handle: Handle, phrase: SearchPhrase, since: str | None) -> set[int]:
    words = [_known(handle, word) for word in phrase.words]
    if not all(words):
        return set()
    weights = "".join(_WEIGHTS[field] for field in phrase.fields)
    some = [words] if len(words) > 1 else [[words[0][at : at + _MOST]] for at in range(0, len(words[0]), _MOST)]
    asked = (" <-> ".join(_any_of(each, weights) for each in one) for one in some)
    return {row["release"] for wanted in asked for row in handle.all("search_texts", wanted=wanted, since=since)}


def _any_of(words: Sequence[str], weights: str) -> str:
    return " | ".join(f"'{word}':{weights}" for word in words).join("()")


def _known(handle: Handle, word: SearchWord) -> list[str]:
    """Return the words of the index that a word finds."""
    rows = (row for first, last in word.ranges for row in handle.all("search_words", first=first, last=last))
    return sorted({row["word"] for row in rows if word.accepts(row["word"])})


def _finds(query: SearchQuery, words: Words, fits: Callable[[SearchWord, str], bool]) -> bool:
    """Return whether a text has some phrase of every group."""
    return all(any(_has(words, phrase, fits) for phrase in group) for group in query.all_of)


def _has(words: Words, phrase: SearchPhrase, fits: Callable[[SearchWord, str], bool]) -> bool:
    starts = ((words[field], start) for field in phrase.fields for start in range(len(words[field])))
    length = len(phrase.words)
    return any(
        len(text) - start >= length and all(map(fits, phrase.words, text[start : start + length]))
        for text, start in starts
    )


def _fits(word: SearchWord, indexed: str) -> bool:
    return any(first <= indexed <= last for first, last in word.ranges) and word.accepts(indexed)
