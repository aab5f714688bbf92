"""What the suite runs against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

import pytest

from monitor.records import Archive
from tests.contract.filled import fill
from tests.contract.pairs import OUTBOXES, PAIRS, POOLED, WAYS, Pair, Place, SharedPair
from tests.postgresql_databases import Databases
from tests.postgresql_fixtures import own_name
from tests.postgresql_server import schema

_ALSO_POOLED = ("test_maintenance.py", "test_shared_transaction.py")  # what is most likely to need a session


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave most of the way through a pooler to a full run: it doubles what PostgreSQL costs here."""
    if config.getoption("--full"):
        return
    left = [item for item in items if _is_pooled(item) and item.path.name not in _ALSO_POOLED]
    items[:] = [item for item in items if item not in set(left)]
    config.hook.pytest_deselected(items=left)


def _is_pooled(item: pytest.Item) -> bool:
    return (
        isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.callspec.params.get("pair") == POOLED
    )


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Callable[[Path], Place]:
    """Where the store of a folder is; a database is made once one is asked for."""

    def place_of(folder: Path) -> Place:
        def url(databases: str) -> str:
            found: Databases = request.getfixturevalue(databases)
            return found.url(folder)

        return Place(folder, partial(url, "databases"), partial(url, "pooled_databases"))

    return place_of


@pytest.fixture(params=WAYS)
def pair(request: pytest.FixtureRequest, tmp_path: Path, place: Callable[[Path], Place]) -> Iterator[Pair]:
    with OUTBOXES[request.param](place(tmp_path / "state")) as made:
        yield made


@pytest.fixture
def filled(pair: Pair) -> Pair:
    """A store of four days."""
    fill(pair)
    return pair


@pytest.fixture
def archive(shared_pair: SharedPair) -> Archive:
    """The archive of a store of four days, which is only read."""
    return shared_pair(fill).archive


@pytest.fixture(params=PAIRS)
def shared_pair(request: pytest.FixtureRequest, shared_pairs: Callable[[str], SharedPair]) -> SharedPair:
    """Return the open store that a function has filled, once for all tests of a worker: they only read."""
    return shared_pairs(request.param)


@pytest.fixture(scope="session")
def shared_pairs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], SharedPair]]:
    with ExitStack() as stack:

        @cache
        def databases() -> Databases:
            return Databases(partial(schema, request.getfixturevalue("postgresql_server")), own_name("shared"), stack)

        @cache
        def made(name: str, fill: Callable[[Pair], None]) -> Pair:
            folder = tmp_path_factory.mktemp("shared") / "state"

            def url() -> str:
                return databases().url(folder)

            pair = stack.enter_context(PAIRS[name](Place(folder, url, url)))
            fill(pair)
            return pair

        yield lambda name: partial(made, name)
