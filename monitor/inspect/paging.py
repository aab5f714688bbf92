"""Read a list from any place in either direction; the rows say where the page behind them begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from monitor.errors import UsageError
from monitor.frozen import dataclass
from monitor.records import PAGE, Listed, read_all

_Listed = TypeVar("_Listed", bound=Listed)
_MOST = 2**63 - 1  # a store counts no further


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a part of a list begins, and in which direction it goes on."""

    after: Any = None  # the cursor before the first value, oldest first; None: newest first
    before: Any = None  # newest first from below this cursor; None: from the newest one
    limit: int = PAGE  # values that are read at a time


OLDEST = Place(after=0)  # all of a list of numbered values, oldest first


class ListedRow(dict[str, object]):
    """A row with its place in the list; the same to everybody who prints it."""

    __slots__ = ("cursor",)

    def __init__(self, row: Mapping[str, object], cursor: str = "") -> None:
        """cursor: the `after` or `before` of the page behind this row; "": it is on one page alone."""
        super().__init__(row)
        self.cursor = cursor


def read_from(
    place: Place, *, forward: Callable[..., Sequence[_Listed]], backward: Callable[..., Sequence[_Listed]]
) -> Iterator[_Listed]:
    """Yield the values of a list from a place on, with one page of them in memory."""
    if place.after is not None:
        yield from read_all(forward, after=place.after, limit=place.limit)
        return
    before = place.before
    while page := backward(before=before, limit=place.limit):
        yield from page
        if len(page) < place.limit:
            return
        before = page[-1].cursor


def numbers_from(place: Place, numbers: Iterable[int]) -> list[int]:
    """Return those of some ascending numbers that lie behind a place, in its direction."""
    if place.after is not None:
        return [number for number in numbers if number > place.after]
    return [number for number in numbers if place.before is None or number < place.before][::-1]


def number_cursor(text: str) -> int:
    """Return the cursor of a list whose values are numbered. Raises UsageError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < _MOST):
        raise UsageError(f"{text[:40]!r} is no number of a value in this list")
    return int(text)
