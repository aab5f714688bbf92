"""Find releases whose current text has all given words, with a full-text index that may lag behind.

The index is filled after commits, a little at a time, because to fill it costs several times what storing costs. What
it does not hold yet is indexed in the same way in a table of the reader's own: late costs time and is never wrong.

A query is a condition on the words that the index holds. Its distinct words are asked first; then the index says which
texts have those that fit, and for a phrase where they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Any, NamedTuple

from monitor.model import Release
from monitor.records import PAGE
from monitor.search_values import IndexWords, SearchPhrase, SearchQuery, SearchWord
from monitor.store.handle import Handle
from monitor.store.rows import parse_number

INDEXED_UPTO = "search_upto"  # in `meta`: the last version that the index has considered
_MOST = 100  # words or phrases in one question to the index
_MOST_PHRASES = 1_000  # ways to write a phrase that are asked one by one; of more, the places of each word are read
_ALL_FIELDS = frozenset({"title", "body", "category"})


def fill_index(handle: Handle, index_words: IndexWords, most: int = 100) -> int:
    """Index up to `most` versions in one transaction; return how many there were, 0: the index is up to date."""
    with handle.transaction():
        rows = [dict(row) for row in handle.all("to_index", after=mark(handle), most=most)]
        if not rows:
            return 0
        heads = {row["release"]: row for row in rows if row["is_head"]}
        former = [_former(row) for row in heads.values() if row["old"] is not None]
        handle.many("unindex", [_indexed(row, index_words) for row in former])
        handle.many("index_text", [_indexed(row, index_words) for row in heads.values()])
        handle.many("set_indexed", [{"release": row["release"], "id": row["id"]} for row in heads.values()])
        handle.all("set_meta", k=INDEXED_UPTO, v=str(rows[-1]["id"]))
    return len(rows)


def mark(handle: Handle) -> int:
    """Return the last version that the index has considered."""
    row = handle.one("meta", k=INDEXED_UPTO)
    return parse_number(row["v"]) if row else 0


def search(handle: Handle, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
    """Return the numbers of the releases that the query finds; see `monitor.ports.Archive.search`."""
    day = since.isoformat() if since else None
    after = mark(handle)
    found = _current(handle, _texts(_stored_index(handle), query), day)
    for rows in handle.pages("unindexed_heads", by="id", after=after, limit=PAGE, since=day):
        index = _own_index(handle)
        handle.all("clear_unindexed")
        handle.many("add_unindexed", [_indexed(row, query.index_words) for row in rows])
        found |= _current(handle, _texts(index, query), day)
    return sorted(found)


def _indexed(row: Any, index_words: IndexWords) -> dict[str, object]:
    release = Release(title=row["title"], body=row["body"], category=row["category"], date=None)
    title, body, category = index_words(release)
    return {"id": row["id"], "title": title, "body": body, "category": category}


def _former(row: dict[str, Any]) -> dict[str, Any]:
    """Return the text that is in the index for the release of this version."""
    return {name: row[f"old_{name}"] for name in ("title", "body", "category")} | {"id": row["old"]}


def _current(handle: Handle, versions: set[int], since: str | None) -> set[int]:
    return {row["id"] for row in handle.all("current_releases", versions=json.dumps(sorted(versions)), since=since)}


class _Index(NamedTuple):
    """The questions to one full-text index."""

    words: Callable[[str, str], Sequence[Any]]  # its distinct words from one to another
    texts: Callable[[str], Sequence[Any]]  # those that a query of its own language finds
    places: Callable[[str], Sequence[Any]]  # where some words are, given as JSON


def _stored_index(handle: Handle) -> _Index:
    handle.all("begin_search_words")
    handle.all("begin_search_places")
    return _Index(
        words=lambda first, last: handle.all("search_words", first=first, last=last),
        texts=lambda words: handle.all("search_texts", words=words),
        places=lambda words: handle.all("search_places", words=words),
    )


def _own_index(handle: Handle) -> _Index:
    handle.all("begin_unindexed")
    handle.all("begin_unindexed_words")
    handle.all("begin_unindexed_places")
    return _Index(
        words=lambda first, last: handle.all("unindexed_words", first=first, last=last),
        texts=lambda words: handle.all("unindexed_texts", words=words),
        places=lambda words: handle.all("unindexed_places", words=words),
    )


def _texts(index: _Index, query: SearchQuery) -> set[int]:
    """Return the rows of an index that have some phrase of every group."""
    found = (set[int]().union(*(_with_phrase(index, phrase) for phrase in group)) for group in query.all_of)
    return set.intersection(*found)


def _with_phrase(index: _Index, phrase: SearchPhrase) -> set[int]:
    words = [_fitting(index, word) for word in phrase.words]
    if prod(map(len, words)) > _MOST_PHRASES and len(words) > 1:
        return _side_by_side(index, words, phrase.fields)
    where = "" if set(phrase.fields) == _ALL_FIELDS else f"{{{' '.join(phrase.fields)}}} : "
    spelled = [f'"{" ".join(one)}"' for one in product(*words)]
    asked = (" OR ".join(some) for some in _batched(spelled))
    return {row["rowid"] for some in asked for row in index.texts(f"{where}({some})")}


def _fitting(index: _Index, word: SearchWord) -> list[str]:
    """Return the words of the index that a word finds."""
    known = {row["term"] for bounds in word.ranges for row in index.words(*bounds)}
    return sorted(filter(word.accepts, known))


def _side_by_side(index: _Index, words: Sequence[Sequence[str]], fields: Sequence[str]) -> set[int]:
    """Return the rows where these words follow each other in one of the fields."""
    reached: set[tuple[int, str, int]] = set()
    for number, some in enumerate(words):
        rows = index.places(json.dumps(some))
        places = {(row["doc"], row["col"], row["offset"] - number) for row in rows if row["col"] in fields}
        reached = reached & places if number else places
        if not reached:
            return set()
    return {text for text, _, _ in reached}


def _batched(words: Sequence[str]) -> Iterator[Sequence[str]]:
    return (words[start : start + _MOST] for start in range(0, len(words), _MOST))
