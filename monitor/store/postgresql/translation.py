"""Translate statements that are written for SQLite into the spelling that psycopg and PostgreSQL read."""

from __future__ import annotations

import re
from functools import lru_cache

# What is to be translated; or a text, a name, a comment or a cast, in which nothing is.
_TOKEN = re.compile(
    r"""
    (?P<kept> '[^']*' | "[^"]*" | --[^\n]* | /\*.*?\*/ | :: )
    | \( SELECT \s (?P<value> value | CAST\(value\sAS\sTEXT\) ) \s FROM \s json_each\( :(?P<list>\w+) \) \)
    | IN \s \( :(?P<keys>keys) \)
    | CAST\( (?P<bytes>[^()]+) \s AS \s BLOB \)
    | CROSS \s (?P<join> JOIN \s \w+ (?:\s AS \s \w+)? \s+ ON \b)
    | \s (?P<hint> INDEXED \s BY \s \w+)
    | : (?P<name>[A-Za-z_]\w*)
    | (?P<percent> % )
    """,
    re.VERBOSE | re.DOTALL,
)

_NARROWS = re.compile(r"\(:(\w+) IS NULL OR ")


@lru_cache(maxsize=1_000)
def translated(statement: str) -> str:
    """Return a statement with `%(name)s` for `:name`, and with arrays of PostgreSQL for lists of SQLite.

    `(SELECT value FROM json_each(:ids))` becomes a list of numbers, the same with `CAST(value AS TEXT)` one of texts,
    and `IN (:keys)` takes an array of bytes. A percent sign is doubled, in a text and a comment, too. What only tells
    SQLite how to read falls away: `CAST(… AS BLOB)`, `INDEXED BY`, and the CROSS of a join with a condition.
    """
    return _TOKEN.sub(_spelled, _narrowing_first(statement))


def _narrowing_first(statement: str) -> str:
    """Return a statement with `(x = :a OR :a IS NULL)` for `(:a IS NULL OR x = :a)`: else :a has no type."""
    while found := _NARROWS.search(statement):
        end = _closing(statement, found.end())
        narrowed = f"({statement[found.end() : end]} OR :{found[1]} IS NULL)"
        statement = statement[: found.start()] + narrowed + statement[end + 1 :]
    return statement


def _closing(statement: str, start: int) -> int:
    """Return the place of the parenthesis that closes what stands from here on."""
    depth = 1
    for found in re.finditer("'[^']*'|[()]", statement[start:]):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return start + found.start()
    raise ValueError(f"a parenthesis is not closed: {statement[start:]}")


def _spelled(found: re.Match[str]) -> str:
    if kept := found["kept"]:
        return kept.replace("%", "%%")
    if found["percent"]:
        return "%%"
    if name := found["list"]:
        value = "value::bigint" if found["value"] == "value" else found["value"]
        return f"(SELECT {value} FROM json_array_elements_text(%({name})s::json) AS value)"
    if found["hint"]:
        return ""
    if part := found["join"] or found["bytes"]:
        return part
    if name := found["keys"]:
        return f"= ANY(%({name})b)"
    return f"%({found['name']})s"
