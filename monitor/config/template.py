"""Create a commented sample configuration and its JSON schema."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from monitor.config.json_schema import schema_text
from monitor.errors import MonitorError

SCHEMA = "config.schema.json"


def sample_config() -> str:
    """Return the configuration that `monitor config init` writes."""
    return files("monitor.config").joinpath("sample.yaml").read_text("utf-8")


def create_config(path: Path) -> Iterator[str]:
    """Write both files and yield a line for each; raises MonitorError if the configuration exists already."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sample_config())
    except FileExistsError:
        raise MonitorError("already exists: name another path, or remove it first", where=str(path)) from None
    yield f"wrote {path}"
    schema = path.with_name(SCHEMA)
    if not schema.exists():
        schema.write_text(schema_text(), "utf-8")
        yield f"wrote {schema}, from which an editor knows the keys"
    yield f"next: create the folder {path.parent / 'seeds'} for dump files, then run monitor check and monitor run"
