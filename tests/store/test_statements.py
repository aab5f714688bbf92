"""The statements that all engines share and those of each: every name is used, and none stands in vain."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import pytest

from monitor.store.statements import load, named, read

ENGINES = ["sqlite", "postgresql"]
SHARED = files("monitor.store").joinpath("queries.sql").read_text("utf-8")
CALLS = re.compile(
    r"""\.(?:all|one|many|keyed|pages)\(\s*"(\w+)"|queries\(\)\["(\w+)"\]|\("(\w+)", (?:(?:wanted|decided_on)\)|\{")"""
)
SQLITE_ALONE = re.compile(
    r"\b(?:iif|strftime|datetime|instr|json_(?!each\()\w+|REPLACE|IGNORE|rowid)\b|\b(?:max|min)\([^()]*,"
)
A_LIST = re.compile(r"\(SELECT (?:value|CAST\(value AS TEXT\)) FROM json_each\(:\w+\)\)")


def _used(engine: str) -> set[str]:
    texts = [
        path.read_text("utf-8")
        for folder in ("monitor.store", f"monitor.store.{engine}")
        for path in files(folder).iterdir()
        if path.name.endswith(".py")
    ]
    return {next(filter(None, found)) for text in texts for found in CALLS.findall(text)}


def _words(statement: str) -> str:
    """A statement without its comments and its line ends."""
    return " ".join(re.sub(r"--[^\n]*", "", statement).split())


@pytest.mark.parametrize("engine", ENGINES)
def test_every_statement_is_used_and_every_used_name_is_a_statement(engine: str) -> None:
    assert _used(engine) == set(load(engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_name_stands_twice(engine: str) -> None:
    assert (SHARED + read(engine, "queries.sql")).count("-- name: ") == len(load(engine))


def test_what_two_engines_run_word_for_word_is_shared() -> None:
    own = {engine: named(read(engine, "queries.sql")) for engine in ENGINES}
    for one, other in combinations(ENGINES, 2):
        both = own[one].keys() & own[other].keys()
        assert [name for name in both if _words(own[one][name]) == _words(own[other][name])] == []


@pytest.mark.parametrize("name", named(SHARED))
def test_a_shared_statement_has_nothing_that_only_sqlite_reads(name: str) -> None:
    statement = _words(named(SHARED)[name])
    assert not SQLITE_ALONE.search(statement)
    assert "json_each" not in A_LIST.sub("", statement), "a list is read as a subquery of its values"
    assert not re.search(r"(?<!\():\w+ IS NULL OR", statement), "what a value narrows stands in parentheses"


def test_that_search_finds_what_only_sqlite_reads() -> None:
    assert all(map(SQLITE_ALONE.search, ("SELECT iif(a, b, c)", "SELECT max(a, :b)", "INSERT OR IGNORE INTO a")))
    assert not SQLITE_ALONE.search("SELECT max(a), min(b) FROM c WHERE d IN (SELECT value FROM json_each(:e))")
