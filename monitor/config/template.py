"""A path → a commented configuration to begin with, and its JSON schema beside it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from monitor.config.json_schema import schema_text
from monitor.errors import MonitorError

SCHEMA = "config.schema.json"


def sample_config() -> str:
    """The configuration that `monitor config init` writes."""
    return files("monitor.config").joinpath("sample.yaml").read_text("utf-8")


def create_config(path: Path) -> Iterator[str]:
    """Write both, and say so line by line. Raises MonitorError where a configuration is there already."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sample_config())
    except FileExistsError:
        raise MonitorError("is there already; name another path, or remove it first", where=str(path)) from None
    yield f"wrote {path}"
    schema = path.with_name(SCHEMA)
    if not schema.exists():
        schema.write_text(schema_text(), "utf-8")
        yield f"wrote {schema}, which tells an editor the keys"
    yield f"next: make the folder {path.parent / 'seeds'} and put dump files into it, then monitor check, monitor run"
