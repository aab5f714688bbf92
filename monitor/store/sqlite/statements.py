"""Give the statements of SQLite in the forms that it runs fastest, and cut migrations into theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter

from monitor.store.sqlite.driver import sqlite3
from monitor.store.statements import load, read

_LEADING = re.compile(r"^(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)  # comments before a statement
_NAMED_VALUE = re.compile(r"'[^']*'|--[^\n]*|:(\w+)")  # or a text or a comment, in which there is none


@cache
def queries() -> Mapping[str, str]:
    """Return every statement of SQLite by its name."""
    return load("sqlite")


@cache
def by_place(name: str) -> tuple[str, Callable[[Mapping[str, object]], Sequence[object]]]:
    """Return a statement that takes its values by their places, and what gives the values of a row in that order.

    To bind a value by its name costs half as much again.
    """
    statement = queries()[name]
    names = [found[1] for found in _NAMED_VALUE.finditer(statement) if found[1]]
    placed = _NAMED_VALUE.sub(lambda found: "?" if found[1] else found[0], statement)
    return placed, itemgetter(*names) if len(names) > 1 else lambda row: [row[one] for one in names]


def statements(name: str) -> list[str]:
    """Return the statements of a migration's file one by one: `executescript` would commit its transaction."""
    return list(split(read("sqlite", name)))


def split(script: str) -> Iterator[str]:
    """Yield the statements of a script; SQLite itself says where a text, a comment or a trigger ends."""
    start = 0
    for found in re.finditer(r";|\Z", script):
        statement = script[start : found.end()]
        if sqlite3.complete_statement(statement) or found.end() == len(script):
            start = found.end()
            if statement := _LEADING.sub("", statement, count=1).strip():
                yield statement
