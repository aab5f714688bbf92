"""Define what the adapters need of an engine: named statements, transactions, and its errors as those of a store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from monitor.errors import StoreError
from monitor.store.breaker import Breaker
from monitor.store.faults import FaultMemory

Value = TypeVar("Value")


class Row(Protocol):
    """One row of an answer: each value by the name of its column or by its place; `dict(row)` is all of them."""

    def __getitem__(self, key: str | int, /) -> Any:
        """Return a value by the name or the place of its column."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the values in their order."""

    def keys(self) -> Iterable[str]:
        """Return the names of the columns."""


class Handle(Protocol):
    """One open store of some engine, safe to share between threads; each error of the engine is a StoreError."""

    faults: FaultMemory
    breaker: Breaker

    def failure(self, error: Exception) -> StoreError:
        """Note an error of the engine, or a stored value that cannot be read, and return it as one of the store."""

    def readable(self, rows: Sequence[Any], read: Callable[[Any], Value]) -> list[Value]:
        """Return the values of rows; one that cannot be read is noted and left out, so that it stops no other."""

    def all(self, query: str, **values: object) -> Sequence[Row]:
        """Run a named query and return every row."""

    def one(self, query: str, **values: object) -> Row | None:
        """Run a named query and return its first row; None: it gave none."""

    def each(self, *queries: tuple[str, Mapping[str, object]]) -> Sequence[Sequence[Row]]:
        """Run several named queries that do not depend on each other, and return the rows of each."""

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a named query once for each row of values."""

    def pages(
        self, query: str, *, by: str = "id", after: int = 0, limit: int, **values: object
    ) -> Iterator[Sequence[Row]]:
        """Yield all rows of a named query, a page at a time; `by`: the column in whose order they come."""

    def keyed(self, query: str, keys: Collection[bytes], **values: object) -> Sequence[Row]:
        """Run a named query with any number of byte strings in place of `:keys`, which JSON cannot carry."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run a block as one transaction; inside another one of this thread it is undone by itself."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Let the reads of a block see the same state of the store; it ends with the block."""

    def schema(self) -> int:
        """Return another number after the tables were changed."""

    def check_writable(self) -> None:
        """Commit a write of a few bytes that changes nothing. Raises StoreError."""

    def close(self) -> None:
        """Close every connection."""
