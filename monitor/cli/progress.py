"""Show the progress of long work on stderr when it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from monitor.cli.common import is_terminal

_Item = TypeVar("_Item")


@contextmanager
def progress_bar(label: str, *, total: int | None = None) -> Iterator[Callable[..., object]]:
    """Yield a function that updates the bar by `advance=`, `completed=` or `total=`; without a terminal a no-op."""
    if not is_terminal(sys.stderr):  # rich takes a tenth of a second to load
        yield lambda **_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    # On one terminal, printed lines go through the bar's console and stand above it, unwrapped.
    console = Console(stderr=True, soft_wrap=True)
    with Progress(console=console, transient=True, redirect_stdout=is_terminal()) as progress:
        yield partial(progress.update, progress.add_task(label, total=total))


def with_bar(items: Iterable[_Item], *, total: int, label: str) -> Iterator[_Item]:
    """Yield every item and show how many are done."""
    with progress_bar(label, total=total) as update:
        for item in items:
            yield item
            update(advance=1)
