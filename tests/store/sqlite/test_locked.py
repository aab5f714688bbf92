"""Another program holds the store's write lock: who waits for it keeps nobody else from working."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.errors import StoreDown, StoreUnavailable
from monitor.store.breaker import Breaker
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.handle import Handle
from tests.waiting import wait_until

DEADLINE = 30.0  # seconds


@contextmanager
def locked(state: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def write(handle: Handle, begun: threading.Barrier) -> None:
    begun.wait(DEADLINE)
    handle.check_writable()


def test_others_read_while_one_waits_for_the_lock(state: Path) -> None:
    begun = threading.Barrier(2)
    with closing(open_for_writing(state, busy=DEADLINE)) as handle, ThreadPoolExecutor(1) as threads:
        with locked(state):
            waiting = threads.submit(write, handle, begun)
            begun.wait(DEADLINE)
            reads = [handle.one("meta", k="store_id") for _ in range(1000)]
            assert all(reads)
            assert not waiting.done()
        waiting.result(DEADLINE)


def test_a_lock_that_stays_is_reported_and_the_next_transaction_works(state: Path) -> None:
    with closing(open_for_writing(state, busy=0)) as handle:
        with locked(state), pytest.raises(StoreUnavailable, match="write lock"):
            handle.check_writable()
        handle.check_writable()


def test_while_the_store_stays_locked_one_waits_and_the_others_fail_at_once(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "monitor")
    now = [0.0]
    with closing(open_for_writing(state, busy=0)) as handle, ThreadPoolExecutor(1) as threads:
        handle.breaker = Breaker(seconds=lambda: now[0])
        with locked(state):
            with pytest.raises(StoreDown, match="write lock") as first:
                handle.check_writable()
            assert handle.breaker.retry_after() == first.value.retry_after == 0.25
            now[0] = 0.25
            assert handle.breaker.retry_after() == 0.0
            handle._busy = DEADLINE
            waiting = threads.submit(handle.check_writable)
            wait_until(handle.breaker.retry_after)
            for _ in range(1500):
                with pytest.raises(StoreDown) as later:
                    handle.check_writable()
            assert (later.value.message, later.value.since) == (first.value.message, first.value.since)
            assert not waiting.done()
            assert handle.one("meta", k="store_id")  # who only reads does not care
        waiting.result(DEADLINE)
        assert handle.breaker.retry_after() == 0.0
    assert [line.getMessage() for line in caplog.records] == ["store_lost", "store_back"]
    assert caplog.records[-1].__dict__["fields"]["calls"] == 1501
