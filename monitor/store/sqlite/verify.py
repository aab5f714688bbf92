"""Verify a SQLite store, check by check; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.state_values import IntegrityCheck
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.open_files import SIDECAR
from monitor.store.sqlite.store_id import read_store_id
from monitor.store.verify import MAX_FAULTS, verify_rows


def verify(handle: Handle, state: Path) -> Iterator[IntegrityCheck]:
    """Check the pages, the references, and whether the files belong together."""
    damage = [str(row[0]) for row in handle.pragma(f"integrity_check({MAX_FAULTS})") if row[0] != "ok"]
    yield IntegrityCheck(check="pages and indexes", faults=tuple(damage))
    broken = [
        f"{row[0]} {row[1]} names a row of {row[2]} that is not there" for row in handle.pragma("foreign_key_check")
    ]
    yield IntegrityCheck(check="references", faults=tuple(broken[:MAX_FAULTS]))
    yield IntegrityCheck(check="STORE_ID", faults=_identity(handle, state))
    yield from verify_rows(handle)


def _identity(handle: Handle, state: Path) -> tuple[str, ...]:
    stored = handle.one("meta", k="store_id")
    sidecar = state / SIDECAR
    if stored is None:
        return ("the database has no identity",)
    named = read_store_id(sidecar)
    if named is None:
        return ("the file is missing or cannot be read; the next start writes it again",)
    return () if named == stored["v"] else ("it names another store",)
