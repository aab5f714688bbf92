"""Rename a source in every row, so that its releases do not look new.

Index entries are hashes over the name, so they are computed again from the stored texts. Every other row has the name
in a column; a record that was seen before keeps its release, and is not parsed or compared again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from monitor.model import Release
from monitor.store.handle import Handle
from monitor.store.rehash import keys_of
from monitor.store.rows import release_of

Keys = Callable[[str, Release], tuple[bytes, ...]]  # the index entries of a release, by its source's name

_PAGE = 500  # versions read at a time


def rename(handle: Handle, *, old: str, new: str, keys: Keys, between: Callable[[], None] = lambda: None) -> int | None:
    """Move all that is stored under `old` to `new`; return how many releases, None: nothing is stored under `old`.

    One transaction. Where `new` has releases of its own, it has both sets from now on: what both hold is there twice.
    Of a listing that both have, what only `old` has shown is not withdrawn until it is shown again.
    between: called every few hundred texts; a million of 1.6 kB took 36 s and 72 MB.
    """
    with handle.transaction():
        if not handle.one("any_dump", source=old):
            return None
        _move_marks(handle, old=old, new=new)
        _move_dumps(handle, old=old, new=new)
        _hash_anew(handle, old, new=new, keys=keys, between=between)
        count = int(handle.all("count_of_source", source=old)[0][0])
        handle.all("rename_releases", old=old, new=new)
        handle.all("rename_events", old=old, new=new)
        handle.all("rename_rejects", old=old, new=new)
    return count


def _move_marks(handle: Handle, *, old: str, new: str) -> None:
    """Move the baseline and the silence; a source that has dumps of its own keeps its own."""
    has_own = handle.one("any_dump", source=new) is not None
    for mark in ("baseline", "expected", "silent", "ids_changed"):
        if not has_own:
            handle.all("delete_meta", k=f"{mark}:{new}")
            handle.all("rename_meta", old=f"{mark}:{old}", new=f"{mark}:{new}")
        handle.all("delete_meta", k=f"{mark}:{old}")


def _move_dumps(handle: Handle, *, old: str, new: str) -> None:
    """Join the rows that both names have, then rename the rest."""
    handle.all("join_dumps", old=old, new=new)
    handle.all("rename_dumps", old=old, new=new)
    handle.all("join_files", old=old, new=new)
    handle.all("rename_files", old=old, new=new)
    handle.all("join_listings", old=old, new=new)
    handle.all("rename_listings", old=old, new=new)
    handle.all("join_seen", old=old, new=new)
    handle.all("rename_seen", old=old, new=new)


def _hash_anew(handle: Handle, old: str, *, new: str, keys: Keys, between: Callable[[], None]) -> None:
    handle.all("delete_aliases_of", source=old)
    handle.all("begin_keys")
    for rows in handle.pages("versions_of_source", source=old, limit=_PAGE):
        found = [
            {"key": key, "release": row["release"]}
            for row in rows
            for key in keys_of(row, release_of(row), partial(keys, new))
        ]
        handle.many("note_key", found)
        between()
    handle.all("add_keys")
    handle.all("end_keys")
