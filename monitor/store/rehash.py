"""Compute all hashes and index entries again when the normal forms change: no release may look changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from monitor.model import Release
from monitor.ports import Fingerprinter
from monitor.store.handle import Handle
from monitor.store.rows import parse_number, release_of, sketch_row

_PAGE = 1_000  # versions that are held at once


def rehash(handle: Handle, fingerprinter: Fingerprinter) -> int:
    """Bring a store to the fingerprinter's version; return how many versions were hashed, 0: it was there already.

    One transaction: a store never holds hashes of two kinds.
    """
    count = 0
    with handle.transaction():
        stored = handle.one("meta", k="norm_version")
        if stored is not None and parse_number(stored["v"]) == fingerprinter.norm_version:
            return 0
        handle.all("delete_aliases")
        for rows in handle.pages("versions_after", limit=_PAGE):
            _rehash(handle, [(row, release_of(row)) for row in rows], fingerprinter)
            count += len(rows)
        handle.all("rehash_heads")
        handle.all("set_meta", k="norm_version", v=str(fingerprinter.norm_version))
    return count


def keys_of(row: Any, release: Release, keys: Callable[[Release], tuple[bytes, ...]]) -> tuple[bytes, ...]:
    """Return the index entries of a version; those of a head also by the id that its release has now."""
    if not row["is_head"] or row["newest_ref"] == row["ref"]:
        return keys(release)
    return keys(release) + keys(replace(release, ref=row["newest_ref"]))


def _rehash(handle: Handle, versions: Sequence[tuple[Any, Release]], fingerprinter: Fingerprinter) -> None:
    hashes = [{"id": row["id"], "hash": fingerprinter.text_hash(release)} for row, release in versions]
    handle.many("rehash_version", hashes)
    keys = {
        (key, row["release"])
        for row, release in versions
        for key in keys_of(row, release, partial(fingerprinter.keys, row["source"]))
    }
    handle.many("add_alias", [{"key": key, "release": release} for key, release in sorted(keys)])
    heads = [(row["release"], fingerprinter.sketch(release)) for row, release in versions if row["is_head"]]
    handle.many("set_sketch", [sketch_row(release, sketch) for release, sketch in heads])
