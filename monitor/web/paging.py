"""Cut lists into pages: newest first, and the address says where a page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.requests import Request

from monitor.errors import UsageError

SIZE = 50  # values on one page
_MAX_DIGITS = 18
_Value = TypeVar("_Value")


def older_than(request: Request) -> int | None:
    """Return the number that the values of a page are below; None: it begins with the newest. Raises UsageError."""
    text = request.query_params.get("before", "")
    return number_in(text, "before") if text else None


def number_in(text: str, name: str) -> int:
    """Return the number that a parameter of an address has. Raises UsageError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise UsageError(f"{name}={text[:40]}: this is no number of a value in this list")
    return int(text)


def page_of(read: Callable[[int], Sequence[_Value]]) -> tuple[Sequence[_Value], bool]:
    """Return one page of a list, and whether there is more behind it. read: its first values, so many at most."""
    found = read(SIZE + 1)
    return found[:SIZE], len(found) > SIZE
