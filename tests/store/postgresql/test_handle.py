"""The handle on a real server: statements, transactions, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest

from monitor.errors import Stale, StoreDamaged, StoreError, StoreUnavailable
from monitor.store.postgresql.address import Timeouts
from monitor.store.postgresql.handle import Handle
from monitor.store.stored_values import StoredValueError
from tests.store.postgresql.conftest import Open
from tests.waiting import wait_until


def texts(handle: Handle) -> dict[int, str]:
    return {row["id"]: row["text"] for row in handle.all("texts")}


def add(handle: Handle, *numbers: int) -> None:
    handle.many("add", [{"id": number, "text": f"text {number}"} for number in numbers])


def test_named_statements_give_their_rows_and_writes_give_none(handle: Handle) -> None:
    assert handle.all("add", id=1, text="100 % of 'it'") == []
    add(handle, 2, 3)
    assert texts(handle) == {1: "100 % of 'it'", 2: "text 2", 3: "text 3"}
    assert [row["id"] for row in handle.all("delete", id=3)] == [3]


def test_one_gives_the_first_row_or_none(handle: Handle) -> None:
    add(handle, 1, 2)
    first = handle.one("texts")
    assert first is not None
    assert first["id"] == 1
    assert handle.one("texts_of", ids="[9]") is None


def test_lists_of_numbers_texts_and_bytes(handle: Handle) -> None:
    add(handle, 1, 2, 3)
    assert [row[0] for row in handle.all("texts_of", ids="[1,3,9]")] == ["text 1", "text 3"]
    assert [row[0] for row in handle.all("ids_of", texts='["text 2","한글"]')] == [2]
    handle.many("add_digest", [{"id": 10 + n, "digest": bytes([n, 0, 255])} for n in range(250)])
    keys = [bytes([n, 0, 255]) for n in range(250)]
    assert [row[0] for row in handle.keyed("by_digest", keys, least=20)] == list(range(20, 260))
    assert handle.keyed("by_digest", [], least=0) == []


def test_many_of_nothing_is_nothing(handle: Handle) -> None:
    handle.many("add", [])
    assert texts(handle) == {}


def test_pages_follow_each_other_to_the_end(handle: Handle) -> None:
    add(handle, *range(1, 8))
    assert [[row["id"] for row in page] for page in handle.pages("page", limit=3)] == [[1, 2, 3], [4, 5, 6], [7]]


def fail_after(handle: Handle, *numbers: int, then: Callable[[], object] = lambda: 1 / 0) -> None:
    """Add notes in a transaction, and let it fail."""
    with handle.transaction():
        add(handle, *numbers)
        then()


def test_a_transaction_is_undone_as_a_whole(handle: Handle) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after(handle, 1, 2)
    assert texts(handle) == {}


def test_an_inner_transaction_is_undone_by_itself(handle: Handle) -> None:
    with handle.transaction():
        add(handle, 1)
        with pytest.raises(ZeroDivisionError):
            fail_after(handle, 2)
        with handle.transaction():
            add(handle, 3)
            with handle.transaction():
                add(handle, 4)
        with pytest.raises(Stale):
            fail_after(handle, 1)
        add(handle, 5)
    assert set(texts(handle)) == {1, 3, 4, 5}


def test_what_an_inner_one_has_stored_goes_with_the_outer_one(handle: Handle) -> None:
    def store() -> None:
        with handle.transaction():
            add(handle, 2)
        assert set(texts(handle)) == {1, 2}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after(handle, 1, then=store)
    assert texts(handle) == {}


def test_a_failure_that_is_passed_over_does_not_seem_stored(handle: Handle) -> None:
    def pass_over() -> None:
        with suppress(Stale):
            add(handle, 1)

    with pytest.raises(StoreError, match="the transaction was undone"):
        fail_after(handle, 1, then=pass_over)
    add(handle, 4)
    assert texts(handle) == {4: "text 4"}


def test_a_snapshot_sees_one_state(handle: Handle, postgresql_url: str, opened: Open) -> None:
    add(handle, 1)
    other = opened(postgresql_url)
    with handle.snapshot():
        assert set(texts(handle)) == {1}
        add(other, 2)
        assert set(texts(handle)) == {1}
        with handle.snapshot():
            assert set(texts(handle)) == {1}
    assert set(texts(handle)) == {1, 2}


def test_a_snapshot_in_a_transaction_sees_what_that_has_written(handle: Handle) -> None:
    with handle.transaction():
        add(handle, 1)
        with handle.snapshot():
            assert set(texts(handle)) == {1}
        add(handle, 2)
    assert set(texts(handle)) == {1, 2}


def test_after_a_failed_snapshot_everything_goes_on(handle: Handle) -> None:
    with suppress(StoreError), handle.snapshot():
        handle.all("unknown_table")
    add(handle, 1)
    assert set(texts(handle)) == {1}


def test_the_schema_differs_after_a_change_of_a_table(handle: Handle, postgresql_schema: str) -> None:
    before = handle.schema()
    add(handle, 1)
    assert handle.schema() == before
    with psycopg.connect(postgresql_schema, autocommit=True) as connection:
        connection.execute("ALTER TABLE note ADD COLUMN more text")
        assert handle.schema() != before
        connection.execute("DROP TABLE note")


def test_a_write_is_tried(handle: Handle, postgresql_url: str, opened: Open) -> None:
    handle.check_writable()
    reading = opened(postgresql_url)
    reading.all("read_only")
    with pytest.raises(StoreUnavailable, match="the server only reads"):
        reading.check_writable()


# --- errors --------------------------------------------------------------------------------------------------------


def test_tables_that_are_missing_name_the_command_that_makes_them(handle: Handle) -> None:
    with pytest.raises(StoreError, match="run `monitor db migrate`") as caught:
        handle.all("unknown_table")
    assert not isinstance(caught.value, StoreUnavailable)
    assert caught.value.where is not None
    assert caught.value.where.startswith("postgresql://postgres@127.0.0.1")


def test_another_monitor_that_was_faster_makes_a_batch_stale(handle: Handle, postgresql_url: str, opened: Open) -> None:
    add(handle, 1)
    with pytest.raises(Stale):
        add(handle, 1)
    assert handle.faults.current() is None


def test_two_that_wait_for_each_other_make_one_stale(handle: Handle, postgresql_url: str, opened: Open) -> None:
    add(handle, 1, 2)
    both = threading.Barrier(2)

    def lock(of: Handle, first: int, second: int) -> str:
        try:
            with of.transaction():
                of.all("lock", id=first)
                both.wait(10)
                of.all("lock", id=second)
        except Stale:
            return "stale"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(lock, handle, 1, 2), threads.submit(lock, opened(postgresql_url), 2, 1)]
        assert sorted(end.result() for end in ends) == ["done", "stale"]


def test_a_value_that_no_column_takes_is_a_fault_of_this_program_and_no_later_try(handle: Handle) -> None:
    for number, text in ((1, "a\0b"), (2**63, "a")):
        with pytest.raises(psycopg.DataError):
            handle.all("add", id=number, text=text)
    with pytest.raises(UnicodeEncodeError):
        handle.all("add", id=1, text="\ud800")
    with pytest.raises(psycopg.ProgrammingError):
        handle.all("wrong")
    with pytest.raises(psycopg.DataError):
        fail_after(handle, 1, then=lambda: handle.all("add", id=2, text="a\0b"))
    assert texts(handle) == {}
    assert handle.faults.current() is None


def test_a_stored_value_that_cannot_be_read_is_damage_and_stops_no_other(handle: Handle) -> None:
    def read(row: object) -> int:
        if row == (2, "text 2"):
            raise StoredValueError("a stored value cannot be read: 'text 2'")
        return 1

    add(handle, 1, 2, 3)
    assert handle.readable(handle.all("texts"), read) == [1, 1]
    assert isinstance(handle.faults.current(), StoreDamaged)


def test_a_locked_row_is_waited_for_and_then_given_up(handle: Handle, postgresql_url: str, opened: Open) -> None:
    other = opened(postgresql_url, timeouts=Timeouts(lock=0.05))
    add(handle, 1)
    with handle.transaction():
        handle.all("lock", id=1)
        with pytest.raises(StoreUnavailable, match="another session holds a lock"):
            other.all("lock", id=1)
    assert len(other.all("lock", id=1)) == 1


def test_a_statement_that_takes_too_long_is_given_up(postgresql_url: str, opened: Open) -> None:
    handle = opened(postgresql_url, timeouts=Timeouts(statement=0.05))
    with pytest.raises(StoreUnavailable, match="the server had no time for it"):
        handle.all("wait", seconds=30)
    assert handle.one("session") is not None


def test_a_process_that_stood_still_in_a_transaction_has_lost_it(postgresql_url: str, opened: Open) -> None:
    handle = opened(postgresql_url, timeouts=Timeouts(idle=0.05))
    handle.all("make")
    watching, [session] = opened(postgresql_url), handle.all("session")

    def stand_still() -> None:
        wait_until(lambda: not watching.all("is_there", pid=session["pid"]))
        add(handle, 4)

    with pytest.raises(StoreUnavailable, match="this process stood still"):
        fail_after(handle, 1, 2, 3, then=stand_still)  # several: after a pipeline, too
    assert texts(watching) == {}


@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
def test_every_session_has_the_timeouts(handle: Handle, name: str) -> None:
    row = handle.one("setting", name=name)
    assert row is not None
    assert row[0] == {"statement_timeout": "20s", "lock_timeout": "8s"}.get(name, "10s")


# --- threads -------------------------------------------------------------------------------------------------------


def test_threads_share_two_connections(handle: Handle) -> None:
    def work(number: int) -> int:
        with handle.transaction():
            add(handle, number)
            row = handle.one("session")
        assert row is not None
        return int(row["pid"])

    with ThreadPoolExecutor(8) as threads:
        sessions = set(threads.map(work, range(1, 81)))
    assert len(texts(handle)) == 80
    assert 1 <= len(sessions) <= 2


def test_a_connection_is_made_only_when_it_is_used(handle: Handle) -> None:
    for number in range(5):
        with handle.transaction():
            add(handle, number)
    assert len({row["pid"] for _ in range(5) for row in handle.all("session")}) == 1


def test_while_one_thread_waits_in_a_transaction_others_go_on_and_see_nothing_of_it(
    handle: Handle, postgresql_url: str, opened: Open
) -> None:
    other = opened(postgresql_url)
    add(handle, 1)
    waits = threading.Event()

    def take_in() -> None:
        with handle.transaction():
            add(handle, 2)
            waits.set()
            handle.all("lock", id=1)  # until the other monitor has ended its turn

    with ThreadPoolExecutor(1) as threads:
        with other.transaction():
            other.all("lock", id=1)
            end = threads.submit(take_in)
            assert waits.wait(10)
            assert set(texts(handle)) == {1}
            with handle.transaction():
                add(handle, 3)
        end.result()
    assert set(texts(handle)) == {1, 2, 3}


def test_a_closed_handle_says_so(postgresql_url: str, opened: Open) -> None:
    handle = opened(postgresql_url)
    handle.all("session")
    handle.close()
    with pytest.raises(StoreError, match="is closed"):
        handle.all("session")


def test_what_waits_for_the_commit_is_called_once_it_is_durable_and_never_for_what_is_undone(handle: Handle) -> None:
    called: list[object] = []

    def note(name: str) -> None:
        handle.after_commit(lambda: called.append((name, sorted(texts(handle)))))

    note("beside a transaction")
    with handle.transaction():
        add(handle, 1)
        note("outer")
        with suppress(ZeroDivisionError), handle.transaction():
            add(handle, 2)
            note("undone")
            raise ZeroDivisionError
        with handle.transaction():
            add(handle, 3)
            note("inner")
        assert called == [("beside a transaction", [])]
    assert called[1:] == [("outer", [1, 3]), ("inner", [1, 3])]
    with suppress(ZeroDivisionError), handle.transaction():
        note("undone as a whole")
        raise ZeroDivisionError
    with handle.transaction():
        assert handle.is_in_transaction()
    assert not handle.is_in_transaction()
    assert len(called) == 3
