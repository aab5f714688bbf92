"""Stored texts → their hashes and index entries, anew: when the normal forms change, no release may look changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.model import Release, Sketch
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import read_day, sketch_row

_PAGE = 1_000  # versions that are held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """What is worked out from a text; handed in, for the store knows no normal forms."""

    text_hash: Callable[[Release], bytes]
    keys: Callable[[str, Release], tuple[bytes, ...]]  # takes the source's name as well
    sketch: Callable[[Release], Sketch]


def rehash(handle: Handle, *, norm_version: int, forms: Forms) -> int:
    """Bring a store to the normal forms of `norm_version`; how many versions were hashed, 0 where it is there already.

    One transaction: a store never holds hashes of two kinds.
    """
    count = after = 0
    with handle.transaction():
        stored = handle.one("meta", k="norm_version")
        if stored is not None and int(stored["v"]) == norm_version:
            return 0
        handle.all("forget_aliases")
        while rows := handle.all("versions_after", id=after, most=_PAGE):
            _rehash(handle, [(row, _release(row)) for row in rows], forms)
            after, count = rows[-1]["id"], count + len(rows)
        handle.all("rehash_heads")
        handle.all("set_meta", k="norm_version", v=str(norm_version))
    return count


def _rehash(handle: Handle, versions: Sequence[tuple[Any, Release]], forms: Forms) -> None:
    handle.many("rehash_version", [{"id": row["id"], "hash": forms.text_hash(release)} for row, release in versions])
    keys = {(key, row["release"]) for row, release in versions for key in forms.keys(row["source"], release)}
    handle.many("add_alias", [{"key": key, "release": release} for key, release in sorted(keys)])
    heads = [(row["release"], forms.sketch(release)) for row, release in versions if row["is_head"]]
    handle.many("set_sketch", [sketch_row(release, sketch) for release, sketch in heads])


def _release(row: Any) -> Release:
    return Release(title=row["title"], body=row["body"], date=read_day(row["date"]), category=row["category"])
