"""Make rows of PostgreSQL read like those of SQLite: by name and by place, with the same texts and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, SupportsIndex, overload

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.numeric import Int8Dumper

from monitor.times import timestamp

_LAST_SECOND = 19  # characters of a time before its fraction: "2026-11-22 03:04:05"


class Row(tuple[Any, ...]):
    """One row: a value by its place or by the name of its column; of two columns of one name the first is read."""

    __slots__ = ()
    _places: ClassVar[Mapping[str, int]] = {}

    @overload
    def __getitem__(self, key: SupportsIndex | str, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    def __getitem__(self, key: SupportsIndex | slice | str, /) -> Any:
        try:
            return tuple.__getitem__(self, self._places[key] if isinstance(key, str) else key)
        except KeyError:
            raise IndexError(f"no column has the name {key}") from None

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._places)


def row_factory(cursor: psycopg.Cursor[Row]) -> Callable[[Sequence[Any]], Row]:
    """Return what makes a row of the values of a cursor, as psycopg asks for it."""
    return _row_class(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=1_000)
def _row_class(names: tuple[str, ...]) -> type[Row]:
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    return type("Row", (Row,), {"__slots__": (), "_places": {name: places[name] for name in names}})


class _AsText(Loader):
    """Gives what the server sends as a text: days, and JSON, which is stored and compared as it is."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _AsTimestamp(Loader):
    """Gives a time as `monitor.times.timestamp` writes it; one that is none of its years stays as it is sent."""

    def load(self, data: Buffer) -> str:
        text = bytes(data).decode()
        second, fraction = text[:_LAST_SECOND], text[_LAST_SECOND:]
        if not (fraction.startswith((".", "+")) and fraction.endswith("+00")):  # of another zone, or of no such year
            return _converted(text)
        return f"{second[:10]}T{second[11:]}.{fraction[1:-3][:3]:0<3}Z"


def _converted(text: str) -> str:
    try:
        return timestamp(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError):
        return text


class _AsNumber(Loader):
    """Gives a sum as a number of Python."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


def set_adapters(adapters: AdaptersMap) -> None:
    """Let a connection give values as SQLite does: times, days and JSON are texts, sums are numbers.

    Every whole number is sent as a bigint: else each size of a number would make a prepared statement of its own.
    """
    adapters.register_loader("timestamptz", _AsTimestamp)
    adapters.register_loader("numeric", _AsNumber)
    for name in ("date", "json", "jsonb"):
        adapters.register_loader(name, _AsText)
    adapters.register_dumper(int, Int8Dumper)
