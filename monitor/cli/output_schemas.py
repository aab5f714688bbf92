"""Read the JSON schemas of what the commands print with `--json`."""

from __future__ import annotations

from importlib.resources import files

from monitor.errors import UsageError


def outputs() -> tuple[str, ...]:
    """Return every name that has a schema."""
    return tuple(sorted(one.name.removesuffix(".json") for one in files("monitor").joinpath("schemas").iterdir()))


def output_schema(name: str) -> str:
    """Return the text of a schema. Raises UsageError."""
    if name not in outputs():
        raise UsageError(f"there is no output {name!r}; choose from {', '.join(outputs())}")
    return files("monitor").joinpath("schemas", f"{name}.json").read_text("utf-8")
