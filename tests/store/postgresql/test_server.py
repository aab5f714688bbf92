"""A server is asked about itself, and what the monitor needs of it is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from monitor.errors import StoreError, StoreUnavailable
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


@pytest.fixture
def reader(url: str) -> Iterator[Callable[..., str]]:
    """Grant a user rights on this schema, and return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS press_reader")
        connection.execute("CREATE ROLE press_reader LOGIN")
        [(here,)] = connection.execute("SELECT current_schema()").fetchall()

        def granted(*rights: str) -> str:
            for right in rights:
                connection.execute(f"GRANT {right} TO press_reader".replace("HERE", here).encode())
            return url.replace("postgres@", "press_reader@")

        yield granted
        connection.execute("DROP OWNED BY press_reader")
        connection.execute("DROP ROLE press_reader")


USAGE, READ = "USAGE ON SCHEMA HERE", "SELECT ON ALL TABLES IN SCHEMA HERE"
WORK, COUNT = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA HERE", "USAGE ON ALL SEQUENCES IN SCHEMA HERE"


def test_each_table_on_which_a_right_is_missing_is_named(reader: Callable[..., str]) -> None:
    with open_shared_stores(Secret(reader(USAGE, READ, "INSERT, UPDATE, DELETE ON HERE.event"))) as stores:
        assert stores.server is not None
        exam = stores.server.examine()
    assert "release" in exam.lacking
    assert "event" not in exam.lacking
    assert "migration" not in exam.lacking
    assert exam.grants.startswith("let postgres run: GRANT USAGE ON ALL SEQUENCES IN SCHEMA ")
    assert "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " in exam.grants


def test_a_user_without_rights_is_told_who_grants_them_and_how(reader: Callable[..., str]) -> None:
    for rights, told in (
        ((), "let postgres run: GRANT USAGE ON SCHEMA "),
        ((USAGE,), "let postgres run: GRANT USAGE ON ALL SEQUENCES"),
    ):
        address = Secret(reader(*rights))
        with pytest.raises(StoreError, match=told):
            open_shared_stores(address)
        with pytest.raises(StoreError, match="let postgres run: GRANT USAGE, CREATE ON SCHEMA "):
            migrate_database(Address(address))
    with open_shared_stores(Secret(reader(WORK, COUNT))) as stores:
        assert stores.server is not None
        assert stores.server.examine().grants == ""


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
