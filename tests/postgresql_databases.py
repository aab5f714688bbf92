"""Databases for the folders of a test: one of the server for each, emptied and used again by the next test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgresql_server import connection_to, empty

if TYPE_CHECKING:
    from monitor.store.postgresql.connection import Connection


class Databases:
    """The databases or schemas of one worker, each with the tables of a store, and the folder it belongs to now."""

    def __init__(
        self,
        make: Callable[[str], AbstractContextManager[str]],
        name: str,
        stack: ExitStack,
        *,
        is_pooled: bool = False,
    ) -> None:
        """make: makes one of this name, and gives its URL. is_pooled: that is the URL of a pooler."""
        self._make = make
        self._name = name
        self._stack = stack
        self._is_pooled = is_pooled
        self._owners: dict[str, Path | None] = {}  # by the URL of the schema; None: nobody's
        self._connections: dict[str, Connection] = {}

    def url(self, folder: Path) -> str:
        """Return the URL of the database of this folder, which is empty at first."""
        for url, owner in self._owners.items():
            if owner == folder:
                return url
        url = next((url for url, owner in self._owners.items() if not (owner and owner.exists())), "") or self._made()
        _fill(self._connections[url], is_pooled=self._is_pooled)
        folder.mkdir(parents=True, exist_ok=True)
        self._owners[url] = folder
        return url

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give back all of them at the end of a block."""
        yield
        self._owners = dict.fromkeys(self._owners)

    def _made(self) -> str:
        url = self._stack.enter_context(self._make(f"{self._name}_{len(self._owners)}"))
        self._connections[url] = self._stack.enter_context(connection_to(url, is_pooled=self._is_pooled))
        return url


def _fill(connection: Connection, *, is_pooled: bool) -> None:
    """Give a database empty tables, and the identity of a store."""
    from monitor.store.postgresql.migrations import migrate

    empty(connection, but=["migration"])
    migrate(connection, is_pooled=is_pooled)
