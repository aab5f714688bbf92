"""Read the statements of this package's SQL files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def queries() -> dict[str, str]:
    """Return every statement of queries.sql by the name above it."""
    blocks = (block.partition("\n") for block in _read("queries.sql").split("-- name: ")[1:])
    return {name.strip(): statement.strip() for name, _, statement in blocks}


def statements(name: str) -> list[str]:
    """Return the statements of a migration's file one by one: `executescript` would commit its transaction."""
    lines = (line.partition("--")[0] for line in _read(name).split("\n"))
    return [statement for statement in map(str.strip, "\n".join(lines).split(";")) if statement]


def _read(name: str) -> str:
    return files("monitor.store.sqlite").joinpath(name).read_text("utf-8")
