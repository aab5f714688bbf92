"""Read the statements that an engine runs, each with its name above it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files


def load(engine: str) -> Mapping[str, str]:
    """Return every statement of an engine by its name: those that all engines share, and its own."""
    shared = files("monitor.store").joinpath("queries.sql").read_text("utf-8")
    return {**named(shared), **named(read(engine, "queries.sql"))}


def named(script: str) -> Mapping[str, str]:
    """Return the statements of a file by the name above each."""
    blocks = (block.partition("\n") for block in script.split("-- name: ")[1:])
    return {name.strip(): statement.strip() for name, _, statement in blocks}


def read(engine: str, name: str) -> str:
    """Return a file of an engine's folder."""
    return files(f"monitor.store.{engine}").joinpath(name).read_text("utf-8")
