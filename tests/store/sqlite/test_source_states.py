"""When each source's newest file came."""

from __future__ import annotations

from datetime import timedelta

from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.source_states import SqliteSourceStates
from monitor.store.sqlite.store import SqliteStore
from monitor.testing import NOON
from tests.contract.takes import dump, record, take_in

HOUR = timedelta(hours=1)


def test_a_copy_and_a_reject_are_files_that_came(handle: Handle) -> None:
    store = SqliteStore(handle)
    assert SqliteSourceStates(handle).last_dumps() == {}
    take_in(store, dump(record("Talks held")))
    take_in(store, dump(record("Talks held")), source="customs", now=NOON + HOUR)
    take_in(store, dump(record("Talks held")), name="copy.txt", now=NOON + 2 * HOUR)
    take_in(store, "no dump at all", name="b.txt", source="customs", now=NOON + 3 * HOUR)
    assert SqliteSourceStates(handle).last_dumps() == {"motie": NOON + 2 * HOUR, "customs": NOON + 3 * HOUR}
