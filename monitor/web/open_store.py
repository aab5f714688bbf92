"""Keep one read-only connection to the store for all requests; a replaced or migrated one is opened anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.config import Config
from monitor.errors import NotFound, StoreUnavailable
from monitor.inspect.pending import ReadOnlyStores, open_read_only, store_identity


class OpenStore:
    """The store of a site; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: _Connection | None = None

    @contextmanager
    def of(self, config: Config) -> Iterator[ReadOnlyStores]:
        """Give the store of a configuration. Raises StoreError; where there is none yet, StoreUnavailable."""
        connection = self._joined(config)
        try:
            yield connection.stores
        finally:
            with self._lock:
                connection.users -= 1
                self._close_unused(connection)

    def close(self) -> None:
        """Close the connection as soon as nobody uses it."""
        with self._lock:
            self._retire()

    def _joined(self, config: Config) -> _Connection:
        with self._lock:
            identity = store_identity(config)
            if self._current is None or self._current.is_outdated(identity):
                self._retire()
                self._current = _Connection(identity, _opened(config))
            self._current.users += 1
            return self._current

    def _retire(self) -> None:
        connection, self._current = self._current, None
        if connection:
            self._close_unused(connection)

    def _close_unused(self, connection: _Connection) -> None:
        if connection.users == 0 and connection is not self._current:
            connection.stores.close()


class _Connection:
    """One connection and how many requests use it."""

    def __init__(self, identity: object, stores: ReadOnlyStores) -> None:
        self.identity = identity
        self.stores = stores
        self.users = 0
        self._schema = stores.schema()

    def is_outdated(self, identity: object) -> bool:
        """Return whether the database is another file, or a newer monitor may have migrated it."""
        return self.identity != identity or self.stores.schema() != self._schema


def _opened(config: Config) -> ReadOnlyStores:
    try:
        return open_read_only(config)
    except NotFound as error:  # for a page this is no missing page
        raise StoreUnavailable(error.message, where=error.where) from error
