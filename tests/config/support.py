"""Load configuration text from a real file, for the tests of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from monitor.config import Check, Config, load
from monitor.errors import ConfigError, Diagnostic

HEAD = 'sources: {motie: {path: in/}}\nchannels: {team: {url: "console://"}}\n'  # valid; what follows begins in line 3


def loaded(
    folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None, checks: Sequence[Check] = ()
) -> Config:
    """Load this text from a real file."""
    file = folder / "config.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file, environ=environ or {}, checks=checks)


def refused(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of a text that must not load."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, environ)
    return caught.value.faults


def as_lines(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """Format diagnostics as `line:column path: message`, for comparison with table rows."""
    return [f"{one.line}:{one.column} {one.path + ': ' if one.path else ''}{one.message}" for one in diagnostics]
