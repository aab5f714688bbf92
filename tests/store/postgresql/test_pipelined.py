"""A transaction that waits for the server where it asks, and at its end: what is stored, undone, or raised."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from monitor.errors import Stale, StoreDown, StoreError, StoreUnavailable
from monitor.store.postgresql.address import Timeouts
from monitor.store.postgresql.handle import Handle
from tests.store.postgresql.conftest import Open
from tests.waiting import wait_until


def numbers(handle: Handle) -> set[int]:
    return {row["id"] for row in handle.all("texts")}


def add(handle: Handle, *ids: int, text: str = "a") -> None:
    handle.many("add", [{"id": number, "text": text} for number in ids])


def fail_after(handle: Handle, *ids: int, then: Callable[[], object] = lambda: 1 / 0) -> None:
    """Add notes in a transaction that asks first, and let it fail."""
    with handle.pipelined():
        assert len(handle.each(("session", {}), ("texts", {}))) == 2
        add(handle, *ids)
        then()


def test_what_is_written_is_stored_at_the_end_and_seen_by_what_is_asked_before(handle: Handle) -> None:
    called: list[set[int]] = []
    with handle.pipelined():
        add(handle, 1, *range(100, 130))
        handle.after_commit(lambda: called.append(numbers(handle)))
        assert 129 in numbers(handle)
        add(handle, 2)
        assert not called
    assert numbers(handle) == {1, 2, *range(100, 130)} == called[0]
    with handle.pipelined():
        add(handle, 3)
    with handle.pipelined():
        pass
    assert 3 in numbers(handle)


def test_it_is_undone_as_a_whole(handle: Handle) -> None:
    add(handle, 9)
    for error, then in (
        (ZeroDivisionError, lambda: 1 / 0),
        (Stale, lambda: add(handle, 9)),  # the first of what fails is named, and not what follows from it
        (Stale, lambda: add(handle, *range(20, 50), 9, *range(50, 90))),
        (psycopg.DataError, lambda: add(handle, 4, text="a\0b")),
        (psycopg.ProgrammingError, lambda: handle.all("wrong")),
    ):
        with pytest.raises(error):
            fail_after(handle, 1, 2, then=then)
        assert numbers(handle) == {9}


def test_a_failure_that_is_passed_over_does_not_seem_stored(handle: Handle) -> None:
    def pass_over() -> None:
        with suppress(Stale):
            handle.all("add", id=9, text="a")

    add(handle, 9)
    with pytest.raises(StoreError, match="the transaction was undone"):
        fail_after(handle, 1, then=pass_over)
    assert numbers(handle) == {9}


def test_within_another_transaction_it_is_undone_by_itself(handle: Handle) -> None:
    with handle.transaction():
        add(handle, 1)
        with pytest.raises(ZeroDivisionError):
            fail_after(handle, 2)
        with handle.pipelined():
            add(handle, 3)
        with pytest.raises(Stale):
            fail_after(handle, 6, 1, then=lambda: None)
        with suppress(ZeroDivisionError), handle.pipelined():
            add(handle, 4)
            raise ZeroDivisionError  # nothing was sent yet
        fail_after(handle, 5, then=lambda: None)
    assert numbers(handle) == {1, 3, 5}


@pytest.mark.parametrize("is_within", [False, True])
def test_a_process_that_stands_still_loses_it(postgresql_url: str, opened: Open, is_within: bool) -> None:
    handle = opened(postgresql_url, timeouts=Timeouts(idle=0.05))
    handle.all("make")
    watching, [session] = opened(postgresql_url), handle.all("session")

    def stand_still() -> None:
        wait_until(lambda: not watching.all("is_there", pid=session["pid"]))

    def stand_still_behind_it() -> None:
        with handle.transaction():
            fail_after(handle, 1, 2, 3, then=lambda: None)
            stand_still()

    with pytest.raises(StoreUnavailable):
        stand_still_behind_it() if is_within else fail_after(handle, 1, 2, 3, then=stand_still)
    assert numbers(watching) == set()


def test_a_session_that_is_ended_meanwhile_has_stored_nothing(
    handle: Handle, postgresql_url: str, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    killer = opened(postgresql_url)

    def end_session() -> None:
        killer.all("end_session", pid=handle.all("session")[0]["pid"])

    def pass_over() -> None:
        end_session()
        with suppress(StoreError):
            handle.all("texts")

    for then in (end_session, pass_over):
        with pytest.raises(StoreDown):
            fail_after(handle, 1, 2, then=then)
        wait_until(lambda: not handle.breaker.retry_after())
        assert numbers(handle) == set()
    add(handle, 1)
    assert numbers(handle) == {1}
    assert not [line for line in caplog.records if line.name == "psycopg"]
