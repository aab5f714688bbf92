"""How many statements a small file costs, whatever the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.store.sqlite.handle import Handle
from monitor.store.store import SqlStore
from tests.contract.takes import keys_of, record, take_in

MOST = 41  # statements of a changed file; nine of them read the days around it


@contextmanager
def counted(handle: Handle) -> Iterator[list[str]]:
    """The statements that are run within a block."""
    found = list[str]()
    handle._connection.set_trace_callback(found.append)
    try:
        yield found
    finally:
        handle._connection.set_trace_callback(None)


def texts(number: int, figure: int) -> str:
    return record(f"Notice {number}", f"Office {number * 13} wrote item {number * 7} of {figure}.")


def test_a_small_file_costs_the_same_few_statements_in_a_larger_store(handle: Handle) -> None:
    store, counts = SqlStore(handle), list[int]()
    for first in (0, 40):
        for number in range(first, first + 40):
            take_in(store, texts(number, 1), name=f"{number}.txt")
        with store.shared_transaction():
            take_in(store, texts(first, 2), name=f"{first}.txt")
            with counted(handle) as found:
                take_in(store, texts(first + 1, 2), name=f"{first + 1}.txt")
        counts.append(len(found))
    assert counts[0] == counts[1] <= MOST


def test_files_that_share_a_transaction_read_a_sketch_once_and_see_what_changed(handle: Handle) -> None:
    store, keys = SqlStore(handle), keys_of(record("Talks held"))
    take_in(store, record("Talks held", "One text."), name="a.txt")
    with store.shared_transaction():
        before = store.sketches(keys)
        assert before
        with counted(handle) as found:
            assert store.sketches(keys) == before
        assert not any("JOIN sketch" in statement for statement in found)
        take_in(store, record("Talks held", "Another and much longer text."), name="b.txt")
        assert store.sketches(keys) != before
    with counted(handle) as found:
        store.sketches(keys)
    assert any("JOIN sketch" in statement for statement in found), "outside of it others may have written"
