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
    | : (?P<name>[A-Za-z_]\w*)
    | (?P<percent> % )
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=1_000)
def translated(statement: str) -> str:
    """Return a statement with `%(name)s` for `:name`, and with arrays of PostgreSQL for lists of SQLite.

    `(SELECT value FROM json_each(:ids))` becomes a list of numbers, the same with `CAST(value AS TEXT)` one of texts,
    and `IN (:keys)` takes an array of bytes. A percent sign is doubled, in a text and a comment, too.
    """
    return _TOKEN.sub(_spelled, statement)


def _spelled(found: re.Match[str]) -> str:
    if kept := found["kept"]:
        return kept.replace("%", "%%")
    if found["percent"]:
        return "%%"
    if name := found["list"]:
        value = "value::bigint" if found["value"] == "value" else found["value"]
        return f"(SELECT {value} FROM json_array_elements_text(%({name})s::json) AS value)"
    if name := found["keys"]:
        return f"= ANY(%({name})b)"
    return f"%({found['name']})s"
