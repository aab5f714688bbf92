"""Show the progress of long work on stderr when it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
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


@contextmanager
def phase_bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield a function that shows how far a phase is; a bar ends with its phase, before anything else is printed."""
    with ExitStack() as bars:
        updates: dict[str, Callable[..., object]] = {}

        def show(phase: str, done: int, total: int | None) -> None:
            if phase not in updates:
                updates[phase] = bars.enter_context(progress_bar(phase, total=total))
            updates[phase](completed=done)
            if done == total:
                bars.close()
                updates.clear()

        yield show


def with_bar(items: Iterable[_Item], *, total: int, label: str) -> Iterator[_Item]:
    """Yield every item and show how many are done."""
    with progress_bar(label, total=total) as update:
        for item in items:
            yield item
            update(advance=1)
