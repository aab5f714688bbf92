"""A database gets its tables when that is asked for, and is opened only with those of this version."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest

from monitor.errors import SchemaTooNew, StoreError, StoreUnavailable
from monitor.secret import Secret
from monitor.store.open import Stores, open_shared_stores
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.database import migrate_database
from tests.postgresql_databases import Databases
from tests.postgresql_server import schema
from tests.waiting import wait_until


def test_a_database_without_tables_is_refused_until_they_are_made(postgresql_server: str) -> None:
    with schema(postgresql_server, "first_run") as url:
        with pytest.raises(StoreError, match="monitor db migrate"):
            open_shared_stores(Secret(url))
        assert migrate_database(Address(Secret(url))) == 1
        with open_shared_stores(Secret(url)) as stores:
            identity = stores.archive.store_id()
        assert migrate_database(Address(Secret(url))) == 0
        with open_shared_stores(Secret(url)) as stores:
            assert (len(identity), stores.archive.store_id()) == (32, identity)
            assert all(not check.faults for check in stores.maintenance.verify())


def test_migrations_at_the_same_time_wait_for_each_other(postgresql_server: str) -> None:
    with schema(postgresql_server, "at_once") as url, ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda _: migrate_database(Address(Secret(url))), range(4))
        assert sorted(done) == [0, 0, 0, 1]


def test_a_store_of_a_newer_monitor_is_refused(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('m999_later')")
        try:
            with pytest.raises(SchemaTooNew, match="m999_later"):
                open_shared_stores(Secret(url))
            with pytest.raises(SchemaTooNew, match="m999_later"):
                migrate_database(Address(Secret(url)))
        finally:
            connection.execute("DELETE FROM migration WHERE name = 'm999_later'")


def test_a_server_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as found:
        open_shared_stores(Secret("postgresql://monitor:hunter2@127.0.0.1:1/monitor"))
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize("wrong", ["127.0.0.1:port/monitor", "127.0.0.1/monitor?sslmode=bogus"])
def test_an_address_with_which_no_server_can_be_asked_is_not_waited_for(wrong: str) -> None:
    with pytest.raises(StoreError, match="correct the address") as found:
        open_shared_stores(Secret(f"postgresql://monitor:hunter2@{wrong}"))
    assert not isinstance(found.value, StoreUnavailable)
    assert "hunter2" not in str(found.value)


def test_a_row_that_names_a_missing_one_is_found(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO attempt VALUES (7, 1, now(), NULL, NULL, NULL, NULL, now())")
        connection.execute("INSERT INTO alias VALUES ('key', 9)")
    with open_shared_stores(Secret(url)) as stores:
        [faults] = [check.faults for check in stores.maintenance.verify() if check.check == "references"]
    assert faults == (
        "alias 9 names a row of release that is not there",
        "attempt 7 1 names a row of message that is not there",
    )


def test_totals_that_are_not_what_the_rows_count_are_found(databases: Databases, tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO source (name, dumps, releases) VALUES ('a', 2, 7)")
        connection.execute("INSERT INTO event_total VALUES ('-infinity', 'a', 'new', 'ingest', 3)")
        connection.execute("INSERT INTO message_total VALUES ('desk', 'sent', 'delivery', 5)")
        connection.execute("INSERT INTO message_total VALUES ('desk', 'sent', 'prune', -1)")
    with open_shared_stores(Secret(url)) as stores:
        [faults] = [check.faults for check in stores.maintenance.verify() if check.check == "totals"]
    assert faults == (
        "events new of source a: 3 by the totals, 0 by the rows",
        "messages sent on channel desk: 4 by the totals, 0 by the rows",
        "source a: 2 dumps, 7 new releases by the totals, 0 dumps, 0 new releases by the rows",
    )


def test_an_address_that_leads_to_another_store_later_is_not_written_to(databases: Databases, tmp_path: Path) -> None:
    """A name that was moved, or an empty server in the place of the old one: everything would be new there."""
    url = databases.url(tmp_path)
    renamed = "UPDATE meta SET k ="
    named = Secret(f"{url}&application_name=astray")
    with psycopg.connect(url, autocommit=True) as admin, open_shared_stores(named) as stores:
        for there, back, why in (
            (f"{renamed} 'other' WHERE k = 'store_id'", f"{renamed} 'store_id' WHERE k = 'other'", "another store"),
            ("ALTER TABLE meta RENAME TO gone", "ALTER TABLE gone RENAME TO meta", "its tables are missing"),
        ):
            admin.execute(there)
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'astray'")
            wait_until(partial(fails, stores, why))
            admin.execute(back)
            wait_until(partial(fails, stores, ""))


def fails(stores: Stores, why: str) -> bool:
    """Whether a call fails for that reason; "": whether it does not fail."""
    try:
        stores.outbox.backlog()
    except StoreUnavailable as error:
        return bool(why) and why in error.message
    return not why
