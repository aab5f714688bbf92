"""Another database takes the place of the store beneath sessions that stay: nothing is written there, or told again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from monitor.errors import StoreError, StoreUnavailable
from monitor.ports import Store
from tests.contract.takes import dump, record, take_in
from tests.postgresql_databases import Databases
from tests.postgresql_server import swapped
from tests.store.postgresql.nodes import facts_of
from tests.store.postgresql.two_monitors import Two, two_monitors
from tests.waiting import wait_until

TALKS, VISIT = record("Talks in Seoul"), record("Visits in Seoul", "He went to Busan.")
ANOTHER = "another store"


@pytest.fixture
def urls(databases: Databases, tmp_path: Path) -> tuple[str, str]:
    """The store, and another one in which all is new."""
    return databases.url(tmp_path / "own"), databases.url(tmp_path / "other")


@pytest.fixture
def two(urls: tuple[str, str]) -> Iterator[Two]:
    with two_monitors(urls[0]) as opened:
        yield opened


def is_empty(url: str) -> bool:
    with psycopg.connect(url) as connection:
        tables = ("source", "dump", "event", "message_item", "file", "node", "lease")
        rows = " UNION ALL ".join(f"SELECT 1 FROM {table}" for table in tables)
        return not connection.execute(rows.encode()).fetchall()


def test_a_dump_is_not_stored_in_another_store(urls: tuple[str, str], two: Two) -> None:
    take_in(two.one.store, TALKS)
    with swapped(*urls):
        with pytest.raises(StoreUnavailable, match=ANOTHER):
            take_in(two.one.store, dump(TALKS, VISIT), name="b.txt")
        wait_until(partial(is_refused, two.one.store))
        assert is_empty(urls[0])
    wait_until(lambda: not is_refused(two.one.store))
    take_in(two.one.store, dump(TALKS, VISIT), name="b.txt")
    assert two.kinds() == ["new", "new"]


def is_refused(store: Store) -> bool:
    try:
        store.find_dump("motie", b"unknown")
    except StoreError as error:
        return ANOTHER in error.message
    return False


def test_a_beat_notices_it_for_all_that_the_process_does(urls: tuple[str, str], two: Two) -> None:
    facts, nodes = facts_of("one"), two.one.nodes
    assert nodes
    boot = nodes.join(facts).boot
    take_in(two.one.store, TALKS)
    with swapped(*urls):
        with pytest.raises(StoreUnavailable, match=ANOTHER):
            nodes.beat(facts)
        with pytest.raises(StoreUnavailable, match=ANOTHER):
            nodes.join(facts)
        with pytest.raises(StoreUnavailable, match=ANOTHER):
            two.one.outbox.pending_notices("team")
        assert is_empty(urls[0])
    nodes.join(facts)
    assert boot not in [node.boot for node in nodes.beat(facts).nodes]


def test_a_node_joins_no_other_store(urls: tuple[str, str], two: Two) -> None:
    assert two.one.nodes
    two.one.nodes.join(facts_of("one"))
    two.one.nodes.leave()
    with swapped(*urls):
        with pytest.raises(StoreUnavailable, match=ANOTHER):
            two.one.nodes.join(facts_of("one"))
        assert is_empty(urls[0])
