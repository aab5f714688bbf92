"""Words → releases whose current text has them all, through a full-text index that may lag behind.

The index is filled after commits, a little at a time, because to fill it costs several times what storing costs. What
it does not hold yet is read by the same tokenizer in a table of the reader's own: late costs time and is never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

from monitor.errors import UsageError
from monitor.records import PAGE, Stored
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.database import Handle

MARK = "search_upto"  # the last version that has been looked at for the index
_HANGUL_END = re.compile("[가-힣]$")


class SearchIndex:
    """Keeps the index up to date; the write side."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def fill(self, most: int = 100) -> int:
        """Look at up to so many versions in one short transaction; how many there were, 0: it is up to date."""
        with self._handle.transaction():
            rows = [dict(row) for row in self._handle.all("to_index", after=mark(self._handle), most=most)]
            if not rows:
                return 0
            heads = {row["release"]: row for row in rows if row["is_head"]}
            self._handle.many("unindex", [row for row in heads.values() if row["old"] is not None])
            self._handle.many("index_text", list(heads.values()))
            self._handle.many("set_indexed", list(heads.values()))
            self._handle.all("set_meta", k=MARK, v=str(rows[-1]["id"]))
        return len(rows)


def mark(handle: Handle) -> int:
    """The last version that the index has been told of."""
    row = handle.one("meta", k=MARK)
    return int(row["v"]) if row else 0


def search(handle: Handle, words: Sequence[str], *, since: date | None = None) -> Iterator[Stored]:
    """Releases in whose title, body and category all words stand, oldest first; a word with blanks is a phrase.

    Letter case and accents mean nothing. A word that ends in Hangul also finds it with particles behind it. Raises
    UsageError where there is nothing to look for.
    """
    query = query_of(words)
    day = since.isoformat() if since else None
    upto = mark(handle)
    found = {row["id"] for row in handle.all("found", words=query, since=day)}
    late = _late(handle, query, upto=upto, since=day)
    return _read(SqliteArchive(handle), sorted(found.union(late)))


def query_of(words: Sequence[str]) -> str:
    """What the index is asked; whatever a person writes is text in it, and never an operator."""
    readable = (word.encode("utf-8", "replace").decode() for word in words)  # an argument may hold any bytes
    asked = [word.replace("\0", "").strip() for word in readable]
    asked = [word for word in asked if any(map(str.isalnum, word))]
    if not asked:
        raise UsageError("there is nothing to look for: give a word of letters or digits")
    return " AND ".join(_term(word) for word in asked)


def _term(word: str) -> str:
    quoted = '"' + word.replace('"', '""') + '"'
    return f"{quoted} *" if _HANGUL_END.search(word) else quoted


def _read(archive: SqliteArchive, numbers: Sequence[int]) -> Iterator[Stored]:
    """Yield releases by number: of all that was found only the numbers are held."""
    for start in range(0, len(numbers), PAGE):
        yield from archive.heads_of(numbers[start : start + PAGE])


def _late(handle: Handle, query: str, *, upto: int, since: str | None) -> Iterator[int]:
    return chain.from_iterable(_fitting(handle, query, rows) for rows in _pages(handle, upto=upto, since=since))


def _pages(handle: Handle, *, upto: int, since: str | None) -> Iterator[Sequence[Any]]:
    while rows := handle.all("unindexed", after=upto, since=since, most=PAGE):
        yield rows
        upto = rows[-1]["head"]


def _fitting(handle: Handle, query: str, rows: Sequence[Any]) -> Iterator[int]:
    handle.all("try_on")
    handle.all("try_clear")
    handle.many("try_add", [_text(row) for row in rows])
    fitting = {row[0] for row in handle.all("try_found", words=query)}
    return (row["id"] for row in rows if row["head"] in fitting)


def _text(row: Any) -> Mapping[str, object]:
    return {name: row[name] for name in ("head", "title", "body", "category")}
