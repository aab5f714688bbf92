"""What becomes of calls when a server or a session goes: none is sent twice, none waits for ever."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from monitor.errors import StoreDown, StoreError, StoreUnavailable
from monitor.store.breaker import Breaker
from monitor.store.postgresql.address import Timeouts
from monitor.store.postgresql.handle import Handle
from tests.postgresql_server import Server
from tests.store.postgresql.conftest import Open


class Times:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def made(postgresql_url: str, opened: Open, times: Times, caplog: pytest.LogCaptureFixture) -> Handle:
    """A handle whose breaker waits for the clock of the test."""
    caplog.set_level(logging.INFO, "monitor")
    handle = opened(postgresql_url, breaker=Breaker(seconds=times))
    handle.all("make")
    return handle


@pytest.fixture
def killer(postgresql_url: str, opened: Open) -> Handle:
    return opened(postgresql_url)


def session_of(handle: Handle) -> int:
    [row] = handle.all("session")
    return int(row["pid"])


def end_session(killer: Handle, session: int) -> None:
    killer.all("end_session", pid=session)
    while killer.all("is_there", pid=session):
        pass


def texts(handle: Handle) -> dict[int, str]:
    return {row["id"]: row["text"] for row in handle.all("texts")}


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.name == "monitor"]


def test_a_session_that_was_ended_fails_one_call_and_is_replaced(
    made: Handle, killer: Handle, times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    before = session_of(made)
    end_session(killer, before)
    with pytest.raises(StoreDown, match="ended this session"):
        made.all("add", id=1, text="is not sent again")
    with pytest.raises(StoreDown, match="ended this session"):
        made.all("texts")
    times.now = 0.25
    assert texts(made) == {}
    assert session_of(made) != before
    assert events(caplog) == ["store_lost", "store_back"]
    assert caplog.records[-1].__dict__["fields"] == {"seconds": 0.2, "calls": 2}


def test_a_transaction_whose_session_is_ended_is_lost_as_a_whole(
    made: Handle, killer: Handle, times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        with made.transaction():
            made.all("add", id=1, text="a")
            end_session(killer, session_of(made))
            with suppress(StoreError), made.transaction():
                made.all("add", id=2, text="b")
            times.now += 10  # the store could be asked again, but not within this transaction
            with suppress(StoreError), made.transaction():
                made.all("add", id=3, text="c")

    with pytest.raises(StoreDown, match="ended this session"):
        fail()
    assert texts(made) == {}
    with made.transaction():
        made.all("add", id=4, text="d")
    assert texts(made) == {4: "d"}
    assert events(caplog) == ["store_lost", "store_back"]


def test_a_session_that_is_ended_before_the_commit_has_stored_nothing(
    made: Handle, killer: Handle, times: Times
) -> None:
    def fail() -> None:
        with made.transaction():
            made.all("add", id=1, text="a")
            end_session(killer, session_of(made))

    with pytest.raises(StoreUnavailable):
        fail()
    times.now = 0.25
    assert texts(made) == {}


def test_a_statement_that_is_cut_off_in_the_middle_fails_at_once(made: Handle, killer: Handle, times: Times) -> None:
    session = session_of(made)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(made.all, "wait", seconds=60)
        while not killer.all("is_busy", pid=session):
            pass
        end_session(killer, session)
        assert isinstance(waiting.exception(), StoreDown)


def test_a_snapshot_whose_session_is_ended_leaves_nothing_behind(made: Handle, killer: Handle, times: Times) -> None:
    with suppress(StoreDown), made.snapshot():
        end_session(killer, session_of(made))
        made.all("texts")
    times.now = 0.25
    assert texts(made) == {}


def test_after_one_loss_every_older_session_is_replaced_before_it_fails(
    made: Handle, killer: Handle, times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(1) as threads, made.transaction():
        first = session_of(made)
        second = threads.submit(session_of, made).result()
    assert first != second
    end_session(killer, first)
    end_session(killer, second)
    with pytest.raises(StoreDown):
        made.all("texts")
    times.now = 0.25
    with ThreadPoolExecutor(1) as threads, made.transaction():
        now = {session_of(made), threads.submit(session_of, made).result()}
    assert len(now) == 2
    assert not now & {first, second}
    assert events(caplog) == ["store_lost", "store_back"]


def test_the_fault_is_shown_until_the_next_commit(made: Handle, killer: Handle, times: Times) -> None:
    end_session(killer, session_of(made))
    with pytest.raises(StoreDown):
        made.all("texts")
    fault = made.faults.current()
    assert fault is not None
    assert "ended this session" in fault.message
    times.now = 0.25
    made.check_writable()
    assert made.faults.current() is None


# --- a whole server --------------------------------------------------------------------------------------------------


@pytest.fixture
def on_own_server(own_server: Server, opened: Open, times: Times, caplog: pytest.LogCaptureFixture) -> Handle:
    caplog.set_level(logging.INFO, "monitor")
    handle = opened(
        own_server.url, breaker=Breaker(seconds=times), timeouts=Timeouts(statement=0.4, lock=0.2, grace=0.1)
    )
    handle.all("make")
    return handle


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_stops_or_crashes_is_found_again(
    how: str, own_server: Server, on_own_server: Handle, times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    on_own_server.all("add", id=1, text="before")
    own_server.stop(how)
    refused = 0
    for _ in range(100):
        times.now += 1.0
        with pytest.raises(StoreDown):
            on_own_server.all("texts")
        refused += 1
    own_server.start()
    times.now += 5
    assert texts(on_own_server) == {1: "before"}
    assert events(caplog) == ["store_lost", "store_back"]
    assert caplog.records[-1].__dict__["fields"] == {"seconds": 104.0, "calls": refused}


def test_a_server_that_is_not_there_yet_is_no_other_error(
    own_server: Server, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    own_server.stop()
    with pytest.raises(StoreUnavailable, match="a running monitor waits for it") as caught:
        opened(own_server.url.replace("postgres@", "monitor:s3cr3t@")).all("texts")
    said = f"{caught.value.message} {caught.value.where} {caplog.text} {caught.value.__cause__}"
    assert "s3cr3t" not in said
    assert "monitor:***@127.0.0.1" in said


def test_a_server_that_stands_still_is_waited_for_no_longer_than_the_timeouts_say(
    own_server: Server, on_own_server: Handle, times: Times
) -> None:
    session = session_of(on_own_server)
    os.kill(session, signal.SIGSTOP)
    try:
        with pytest.raises(StoreDown, match="did not answer within"):
            on_own_server.all("texts")
    finally:
        os.kill(session, signal.SIGCONT)
    times.now = 0.25
    assert texts(on_own_server) == {}
    assert session_of(on_own_server) != session


def test_a_transaction_on_a_server_that_stands_still_fails_and_leaves_the_thread_free(
    own_server: Server, on_own_server: Handle, times: Times
) -> None:
    def fail() -> None:
        with on_own_server.transaction():
            on_own_server.all("add", id=1, text="a")
            os.kill(session, signal.SIGSTOP)
            on_own_server.all("texts")

    session = session_of(on_own_server)
    try:
        with pytest.raises(StoreDown, match="did not answer within"):
            fail()
    finally:
        os.kill(session, signal.SIGCONT)
    times.now = 0.25
    assert texts(on_own_server) == {}


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def test_an_address_where_nothing_answers_is_given_up(opened: Open) -> None:
    with deaf_port() as port, pytest.raises(StoreDown, match="nothing answers at this address"):
        opened(f"postgresql://postgres@127.0.0.1:{port}/news?connect_timeout=2").all("texts")
