"""Behind a pooler in transaction mode no session is a monitor's own, and what that breaks is said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import StoreUnavailable
from monitor.secret import Secret
from monitor.store.open import migrate_shared_store, open_shared_stores
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.database import open_shared
from monitor.store.postgresql.release_numbers import ReleaseNumbers
from monitor.store_location import StoreLocation
from tests.pgbouncer import Pgbouncer, database, pgbouncer
from tests.postgresql_fixtures import own_name, require_pooler
from tests.waiting import wait_until

CURE = "`pooler: true`"


@pytest.fixture
def name(postgresql_server: str) -> Iterator[str]:
    """A database without tables."""
    require_pooler()
    with database(postgresql_server, own_name("b")) as made:
        yield made


def test_an_address_that_refuses_or_drops_the_settings_of_a_session_is_said_to_be_a_pooler(
    postgresql_server: str, pooler: Pgbouncer, name: str
) -> None:
    assert migrate_shared_store(StoreLocation(folder=Path(), url=Secret(pooler.url(name)), is_pooled=True)) == 1
    with pytest.raises(StoreUnavailable, match=CURE):
        open_shared_stores(Secret(pooler.url(name)))
    with pgbouncer(postgresql_server, more="ignore_startup_parameters = options") as silent:
        with pytest.raises(StoreUnavailable, match=CURE):
            open_shared_stores(Secret(silent.url(name)))
        open_shared_stores(Secret(silent.url(name)), is_pooled=True).close()


def test_who_has_the_last_connection_of_a_pooler_waits_for_nobody_who_wants_one(
    postgresql_server: str, name: str
) -> None:
    with pgbouncer(postgresql_server, size=1) as small, ThreadPoolExecutor() as threads:
        url = small.url(name)
        migrate_shared_store(StoreLocation(folder=Path(), url=Secret(url), is_pooled=True))
        with closing(open_shared(Address(Secret(url)), is_pooled=True)) as shared:
            numbers = ReleaseNumbers(shared.handle)
            with shared.handle.transaction():
                first = numbers.first_of(1)
                with numbers.storing(range(first, first + 900)):
                    other = threads.submit(numbers.stock)
                    wait_until(lambda: small.waiting(name))
                assert numbers.first_of(500) >= first + 900
            other.result()
