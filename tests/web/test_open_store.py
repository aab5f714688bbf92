"""The one connection to the store that all requests share."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from monitor.config import Config, load_without_secrets
from monitor.errors import SchemaTooNew, StoreError, StoreLost, StoreUnavailable
from monitor.inspect.pending import ReadOnlyStores
from monitor.records import EventFilter
from monitor.web.open_store import OpenStore
from tests.web.processes import make_newer
from tests.web.site import filled


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_without_secrets(filled(tmp_path / "p") / "config.yaml")


def events(stores: ReadOnlyStores) -> int:
    return len(stores.archive.events(EventFilter(), after=0, limit=100))


def database(config: Config) -> Path:
    return config.state / "monitor.db"


def test_requests_share_one_connection(config: Config) -> None:
    store = OpenStore()
    with store.of(config) as first, store.of(config) as second:
        assert first is second
    with store.of(config) as third:
        assert third is first
    store.close()


def test_a_replaced_database_is_opened_anew_while_another_request_still_reads_the_old_one(config: Config) -> None:
    store = OpenStore()
    with store.of(config) as old:
        shutil.copy(database(config), database(config).with_name("copy"))
        database(config).with_name("copy").replace(database(config))
        with store.of(config) as new:
            assert new is not old
            assert events(old) == events(new) > 0
    with pytest.raises(StoreError):
        events(old)
    with store.of(config) as again:
        assert again is new
    store.close()


def test_without_a_store_it_says_how_one_is_made_and_finds_it_later(config: Config, tmp_path: Path) -> None:
    config.state.rename(tmp_path / "away")
    store = OpenStore()
    with pytest.raises(StoreUnavailable, match="there is no store yet: `monitor run`"), store.of(config):
        pass
    (tmp_path / "away").rename(config.state)
    with store.of(config) as stores:
        assert events(stores)
    store.close()


def test_a_store_that_is_lost_while_it_is_open_is_noticed(config: Config) -> None:
    store = OpenStore()
    with store.of(config) as stores:
        assert events(stores)
    database(config).unlink()
    with pytest.raises(StoreLost, match="the store of this folder is gone"), store.of(config):
        pass
    store.close()


def test_a_store_that_a_newer_monitor_migrates_while_it_is_open_is_refused(config: Config) -> None:
    store = OpenStore()
    with store.of(config) as stores:
        assert events(stores)
    make_newer(database(config))
    with pytest.raises(SchemaTooNew), store.of(config):
        pass
    store.close()


def test_a_store_of_a_newer_monitor_is_refused(config: Config) -> None:
    make_newer(database(config))
    with pytest.raises(SchemaTooNew), OpenStore().of(config):
        pass


def test_reading_leaves_the_database_as_it_is(config: Config) -> None:
    before = hashlib.sha256(database(config).read_bytes()).digest()
    store = OpenStore()
    with store.of(config) as stores:
        assert events(stores)
    store.close()
    assert hashlib.sha256(database(config).read_bytes()).digest() == before
