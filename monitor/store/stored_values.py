"""Report a stored value that cannot be read as damage of the store: an engine notices only what breaks a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar

_Stored = TypeVar("_Stored")
_Value = TypeVar("_Value")
_Adapter = TypeVar("_Adapter")
_SHOWN = 40  # characters of such a value in a message


class StoredValueError(ValueError):
    """A column holds something that no monitor has written there."""


def checked(read: Callable[[_Stored], _Value]) -> Callable[[_Stored], _Value]:
    """Return a reader of stored values that raises StoredValueError for one that it cannot read."""

    @wraps(read)
    def read_checked(stored: _Stored) -> _Value:
        try:
            return read(stored)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
            raise StoredValueError(f"a stored value cannot be read: {repr(stored)[:_SHOWN]}") from error

    return read_checked


def readable(
    rows: Iterable[_Stored], read: Callable[[_Stored], _Value], *, on_fault: Callable[[StoredValueError], object]
) -> Iterator[_Value]:
    """Yield what is read of each row; one that cannot be read is left out."""
    for row in rows:
        try:
            yield read(row)
        except StoredValueError as error:
            on_fault(error)


def reports_damage(adapter: type[_Adapter]) -> type[_Adapter]:
    """Make each public method raise StoreDamaged for a stored value that cannot be read, and note it in `_handle`."""
    for name, method in list(vars(adapter).items()):
        if callable(method) and not name.startswith("_"):
            setattr(adapter, name, _reporting(method))
    return adapter


def _reporting(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **named: Any) -> Any:
        try:
            return method(self, *args, **named)
        except StoredValueError as error:
            raise self._handle.failure(error) from error

    return call
