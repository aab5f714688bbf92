"""The name of a verb → the JSON schema of what it prints with `--json`."""

from __future__ import annotations

from importlib.resources import files

from monitor.errors import UsageError


def outputs() -> tuple[str, ...]:
    """Every name there is a schema for."""
    return tuple(sorted(one.name.removesuffix(".json") for one in files("monitor").joinpath("schemas").iterdir()))


def output_schema(name: str) -> str:
    """The schema's text. Raises UsageError."""
    if name not in outputs():
        raise UsageError(f"there is no output {name!r}; choose from {', '.join(outputs())}")
    return files("monitor").joinpath("schemas", f"{name}.json").read_text("utf-8")
