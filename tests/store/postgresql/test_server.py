"""A server is asked about itself, and what the monitor needs of it is tried."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from monitor.errors import StoreUnavailable
from monitor.secret import Secret
from monitor.store.open import open_shared_stores
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.database import migrate_database
from tests.postgresql_databases import Databases
from tests.postgresql_server import Server


@pytest.fixture
def url(databases: Databases, tmp_path: Path) -> str:
    return databases.url(tmp_path / "shared")


def test_a_server_says_what_it_is_and_how_it_commits(url: str) -> None:
    with open_shared_stores(Secret(url)) as stores:
        assert stores.server is not None
        facts = stores.server.facts()
    with psycopg.connect(url) as connection:
        assert facts.version.split(".")[0] == str(connection.info.server_version // 10000)
    assert facts.commit == "on"
    assert facts.size > 0
    assert facts.replication == "none"


def test_a_server_nearby_is_reached_by_its_owner_and_brings_notifications(url: str) -> None:
    with open_shared_stores(Secret(url)) as stores:
        assert stores.server is not None
        exam = stores.server.examine()
    assert (exam.is_local, exam.is_encrypted, exam.notifies, exam.has_pooler) == (True, False, True, False)
    assert exam.lacking == ()
    assert abs(exam.ahead) < timedelta(seconds=5)


def test_each_table_on_which_a_right_is_missing_is_named(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS press_reader")
        connection.execute("CREATE ROLE press_reader LOGIN")
        [(here,)] = connection.execute("SELECT current_schema()").fetchall()
        try:
            connection.execute(f'GRANT USAGE ON SCHEMA "{here}" TO press_reader'.encode())
            connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{here}" TO press_reader'.encode())
            connection.execute(f'GRANT INSERT, UPDATE, DELETE ON "{here}".event TO press_reader'.encode())
            with open_shared_stores(Secret(url.replace("postgres@", "press_reader@"))) as stores:
                assert stores.server is not None
                lacking = stores.server.examine().lacking
        finally:
            connection.execute("DROP OWNED BY press_reader")
            connection.execute("DROP ROLE press_reader")
    assert "release" in lacking
    assert "event" not in lacking
    assert "migration" not in lacking


def test_behind_a_pooler_the_user_of_the_database_has_the_timeouts(own_server: Server) -> None:
    address = Address(Secret(own_server.url))
    migrate_database(address)
    for is_set in (False, True):
        with open_shared_stores(Secret(own_server.url), is_pooled=True) as stores:
            assert stores.server is not None
            assert stores.server.examine().has_timeouts is is_set
        migrate_database(address, is_pooled=True)


def test_a_server_that_has_gone_is_said(own_server: Server) -> None:
    migrate_database(Address(Secret(own_server.url)))
    with open_shared_stores(Secret(own_server.url)) as stores:
        assert stores.server is not None
        own_server.stop()
        with pytest.raises(StoreUnavailable):
            stores.server.examine()
        with pytest.raises(StoreUnavailable):
            stores.server.facts()
