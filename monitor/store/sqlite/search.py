"""Find releases whose current text has all given words, with a full-text index that may lag behind.

The index is filled after commits, a little at a time, because to fill it costs several times what storing costs. What
it does not hold yet is read by the same tokenizer in a table of the reader's own: late costs time and is never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from monitor.errors import UsageError
from monitor.records import PAGE
from monitor.store.sqlite.database import Handle

INDEXED_UPTO = "search_upto"  # in `meta`: the last version that the index has considered
_HANGUL_END = re.compile("[가-힣]$")


def fill_index(handle: Handle, most: int = 100) -> int:
    """Index up to `most` versions in one transaction; return how many there were, 0: the index is up to date."""
    with handle.transaction():
        rows = [dict(row) for row in handle.all("to_index", after=mark(handle), most=most)]
        if not rows:
            return 0
        heads = {row["release"]: row for row in rows if row["is_head"]}
        handle.many("unindex", [row for row in heads.values() if row["old"] is not None])
        handle.many("index_text", list(heads.values()))
        handle.many("set_indexed", list(heads.values()))
        handle.all("set_meta", k=INDEXED_UPTO, v=str(rows[-1]["id"]))
    return len(rows)


def mark(handle: Handle) -> int:
    """Return the last version that the index has considered."""
    row = handle.one("meta", k=INDEXED_UPTO)
    return int(row["v"]) if row else 0


def search(handle: Handle, words: Sequence[str], *, since: date | None = None) -> Sequence[int]:
    """Return the numbers of the releases that have all words; see `monitor.ports.Archive.search`."""
    query = fts_query(words)
    day = since.isoformat() if since else None
    after = mark(handle)
    found = {row["id"] for row in handle.all("search_index", words=query, since=day)}
    for rows in handle.pages("unindexed_heads", by="head", after=after, limit=PAGE, since=day):
        found |= _matching(handle, query, rows)
    return sorted(found)


def fts_query(words: Sequence[str]) -> str:
    """Return the query for the index; whatever a person writes is text in it, never an operator."""
    readable = (word.encode("utf-8", "replace").decode() for word in words)  # an argument may hold any bytes
    asked = [word.replace("\0", "").strip() for word in readable]
    asked = [word for word in asked if any(map(str.isalnum, word))]
    if not asked:
        raise UsageError("there is no word to search for: give a word of letters or digits")
    return " AND ".join(_term(word) for word in asked)


def _term(word: str) -> str:
    quoted = '"' + word.replace('"', '""') + '"'
    return f"{quoted} *" if _HANGUL_END.search(word) else quoted


def _matching(handle: Handle, query: str, rows: Sequence[Any]) -> set[int]:
    handle.all("begin_unindexed")
    handle.all("clear_unindexed")
    handle.many("add_unindexed", [dict(row) for row in rows])
    fitting = {row[0] for row in handle.all("search_unindexed", words=query)}
    return {row["id"] for row in rows if row["head"] in fitting}
