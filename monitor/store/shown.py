"""Store which releases each dump showed, and find the dumps that showed a release.

Releases that came together have neighbouring numbers, and dumps show them together: a block is a byte for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.store.handle import Handle
from monitor.store.rows import blocks


def add_shown(handle: Handle, dump: int, numbers: Iterable[int]) -> None:
    """Note that a dump, or a further part of it, showed these releases."""
    rows = [{"block": block, "dump": dump, "places": places} for block, places in blocks(numbers).items()]
    handle.many("add_shown", rows)


def showing(handle: Handle, release: int, *, after: int, limit: int) -> Sequence[Any]:
    """Return the first dumps after this one that showed a release."""
    return handle.all("dumps_showing", **_where(release), after=after, limit=limit)


def newest_showing(handle: Handle, release: int, *, before: int, limit: int) -> Sequence[Any]:
    """Return the last dumps before this one that showed a release, the newest first."""
    return handle.all("newest_dumps_showing", **_where(release), before=before, limit=limit)


def _where(release: int) -> Mapping[str, object]:
    [(block, place)] = blocks([release]).items()
    return {"block": block, "place": place}
