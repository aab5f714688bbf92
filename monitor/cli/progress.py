"""Things that are worked through one by one → the same things, and a bar for a person who waits."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from monitor.cli.common import is_terminal

AFTER = 1.0  # seconds; what is done sooner needs no bar
_Thing = TypeVar("_Thing")


def with_bar(
    things: Iterable[_Thing], *, total: int, label: str, stream: TextIO | None = None, after: float = AFTER
) -> Iterator[_Thing]:
    """Give every thing; on a terminal, show how far it is once it takes longer than `after` seconds."""
    stream = stream or sys.stdout
    if not is_terminal(stream):
        yield from things
        return
    start, done, left = time.monotonic(), 0, iter(things)
    for done, thing in enumerate(left, 1):  # noqa: B007 - counted on below
        yield thing
        if time.monotonic() - start > after:
            break
    yield from _shown(left, stream, done=done, total=total, label=label)


def _shown(things: Iterator[_Thing], stream: TextIO, *, done: int, total: int, label: str) -> Iterator[_Thing]:
    first = next(things, None)
    if first is None:
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(
        console=Console(file=stream), transient=True
    ) as progress:  # what is printed meanwhile stands above it
        task = progress.add_task(label, total=total, completed=done)
        yield first
        progress.advance(task)
        for thing in things:
            yield thing
            progress.advance(task)
