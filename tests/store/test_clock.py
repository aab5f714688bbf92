"""A reading of the clock that is not whole is none; the newest dump says how late it is at least."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store.open import Access, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON
from tests.contract.takes import record, take_in


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", '{"at": 7}', '{"at": "noon", "wall": "noon"}'])
def test_a_reading_that_is_not_whole_is_none(tmp_path: Path, text: str) -> None:
    with open_stores(StoreLocation(folder=tmp_path), Access.WRITE) as stores:
        take_in(stores.store, record("Talks held"), now=NOON)
    with closing(sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)) as other:
        other.execute("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", (text,))
    with open_stores(StoreLocation(folder=tmp_path), Access.READ) as stores:
        known = stores.maintenance.clock()
    assert known is not None
    assert (known.at, known.boot) == (NOON, "")
