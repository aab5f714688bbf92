"""Stored texts → their hashes and index entries, anew: when the normal forms change, no release may look changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monitor.model import Release
from monitor.store.database import Handle
from monitor.store.rows import read_day


def rehash(
    handle: Handle,
    *,
    norm_version: int,
    text_hash: Callable[[Release], bytes],
    keys: Callable[[str, Release], tuple[bytes, ...]],
) -> int:
    """Bring a store to the normal forms of `norm_version`; how many versions were hashed, 0 where it is there already.

    One transaction: a store never holds hashes of two kinds. The functions come as arguments, for the store knows no
    normal forms.
    """
    with handle.transaction():
        stored = handle.one("meta", k="norm_version")
        if stored is not None and int(stored["v"]) == norm_version:
            return 0
        versions = [(row, _release(row)) for row in handle.all("all_versions")]
        handle.many("rehash_version", [{"id": row["id"], "hash": text_hash(release)} for row, release in versions])
        handle.all("rehash_heads")
        handle.all("forget_aliases")
        handle.all("forget_sketches")
        handle.many(
            "add_alias",
            [
                {"key": key, "release": row["release"]}
                for row, release in versions
                for key in keys(row["source"], release)
            ],
        )
        handle.all("set_meta", k="norm_version", v=str(norm_version))
    return len(versions)


def _release(row: Any) -> Release:
    return Release(title=row["title"], body=row["body"], date=read_day(row["date"]), category=row["category"])
