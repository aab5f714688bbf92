"""A store that was just made, put where a test wants one: to make it costs ten times as much as to copy it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.store.sqlite.database import open_for_writing


def put_empty_store(state: Path) -> None:
    """Give a state folder the files of an empty store, unless it has a store."""
    state.mkdir(parents=True, exist_ok=True)
    if (state / "monitor.db").exists():
        return
    for name, content in _files().items():
        (state / name).write_bytes(content)
        (state / name).chmod(0o600)


@cache
def _files() -> Mapping[str, bytes]:
    with TemporaryDirectory() as folder:
        open_for_writing(Path(folder)).close()
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}
