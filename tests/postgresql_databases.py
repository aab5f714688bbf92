"""Databases for the folders of a test: one of the server for each, emptied and used again by the next test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.postgresql_server import empty


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

    def url(self, folder: Path) -> str:
        """Return the URL of the database of this folder, which is empty at first."""
        for url, owner in self._owners.items():
            if owner == folder:
                return url
        url = next((url for url, owner in self._owners.items() if not (owner and owner.exists())), "") or self._made()
        _fill(url, is_pooled=self._is_pooled)
        folder.mkdir(parents=True, exist_ok=True)
        self._owners[url] = folder
        return url

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give back all of them at the end of a block."""
        yield
        self._owners = dict.fromkeys(self._owners)

    def _made(self) -> str:
        return self._stack.enter_context(self._make(f"{self._name}_{len(self._owners)}"))


def _fill(url: str, *, is_pooled: bool) -> None:
    """Give a database empty tables, and the identity of a store."""
    from monitor.secret import Secret
    from monitor.store.postgresql.address import Address
    from monitor.store.postgresql.database import migrate_database

    empty(url, but=["migration"])
    migrate_database(Address(Secret(url)), is_pooled=is_pooled)
