"""One pass of the monitor that kills itself at a given place of a message's way.

python crash_child.py PLACE

PLACE: before-commit | within-commit | after-commit | after-form | after-claim | after-send | after-done
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime

# What is called at each place, and whether the end comes before the call or after it.
PLACES = {
    "before-commit": ("store", "commit", False),
    "within-commit": ("store", "commit", True),  # small files share one commit, which ends later
    "after-commit": ("outbox", "pending_channels", False),
    "after-form": ("outbox", "queue_messages", True),
    "after-claim": ("outbox", "claim", True),
    "after-send": ("outbox", "done", False),
    "after-done": ("outbox", "done", True),
}


class KillingProxy:
    """Passes every call on, and ends the process at one of them."""

    def __init__(self, inner: object, name: str, *, is_after: bool) -> None:
        self._inner = inner
        self._name = name
        self._is_after = is_after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._killing(found) if name == self._name else found

    def _killing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def halting(*values: Any, **named: Any) -> Any:
            if not self._is_after:
                os.kill(os.getpid(), signal.SIGKILL)
            if call(*values, **named) is not None or self._name != "claim":
                os.kill(os.getpid(), signal.SIGKILL)

        return halting


def main(place: str) -> None:
    part, name, is_after = PLACES[place]
    with open_runtime(load(Path("config.yaml"), environ=os.environ), verb="run") as runtime:
        if part == "store":
            runtime.ingester.store = KillingProxy(runtime.stores.store, name, is_after=is_after)
            runtime.run_once()
        else:
            outbox: Any = KillingProxy(runtime.dispatcher.outbox, name, is_after=is_after)
            replace(runtime, dispatcher=replace(runtime.dispatcher, outbox=outbox)).run_once()


if __name__ == "__main__":
    main(sys.argv[1])
