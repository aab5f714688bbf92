"""One pass of the monitor that kills itself at a given place of a message's way.

python crash_child.py PLACE

PLACE: before-commit | within-commit | after-commit | after-form | within-claim | after-claim | after-send |
within-done | after-done
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime

# What is called at each place, and whether the end comes before the call, after it, or once what it wrote is durable.
PLACES = {
    "before-commit": ("store", "commit", "before"),
    "within-commit": ("store", "commit", "after"),  # small files share one commit, which ends later
    "after-commit": ("outbox", "pending_channels", "before"),
    "after-form": ("outbox", "queue_messages", "after"),
    "within-claim": ("outbox", "claim", "after"),  # it shares a commit with the messages of its round
    "after-claim": ("outbox", "claim", "durable"),
    "after-send": ("outbox", "done", "before"),
    "within-done": ("outbox", "done", "after"),  # it shares a commit with the next claim
    "after-done": ("outbox", "done", "durable"),
}


class KillingProxy:
    """Passes every call on, and ends the process at one of them."""

    def __init__(self, inner: object, name: str, *, when: str) -> None:
        self._inner: Any = inner
        self._name = name
        self._when = when
        self._has_happened = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._killing(found) if name == self._name else found

    def _killing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def halting(*values: Any, **named: Any) -> Any:
            if self._when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*values, **named)
            self._has_happened = result is not None or self._name != "claim"
            if self._has_happened and self._when == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return halting

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Share a transaction of the outbox; what it wrote is durable at its end."""
        with self._inner.transaction():
            yield
        if self._has_happened and self._when == "durable":
            os.kill(os.getpid(), signal.SIGKILL)


def main(place: str) -> None:
    part, name, when = PLACES[place]
    with open_runtime(load(Path("config.yaml"), environ=os.environ), verb="run") as runtime:
        if part == "store":
            runtime.ingester.store = KillingProxy(runtime.stores.store, name, when=when)
            runtime.run_once()
        else:
            outbox: Any = KillingProxy(runtime.dispatcher.outbox, name, when=when)
            replace(runtime, dispatcher=replace(runtime.dispatcher, outbox=outbox)).run_once()


if __name__ == "__main__":
    main(sys.argv[1])
