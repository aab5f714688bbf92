"""Waiting for what another process does, with a deadline and without sleeping blindly."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from subprocess import Popen

DEADLINE = 30.0  # seconds


def wait_until(is_so: Callable[[], object], *, every: float = 0.005, deadline: float = DEADLINE) -> None:
    """Look again every few milliseconds until it is so: whom we wait for needs the processor more than we do."""
    pause, end = threading.Event(), time.monotonic() + deadline
    while not is_so():
        assert time.monotonic() < end, f"not so within {deadline} s"
        pause.wait(every)


def has_line(process: Popen[bytes]) -> bool:
    """Whether a process has printed something that was not read, or has ended."""
    return process.stdout is not None and bool(select.select([process.stdout], [], [], 0)[0])


def line_of(process: Popen[bytes]) -> str:
    """The next line that a process prints (its stdout is an unbuffered pipe); "" when it has ended."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
    assert ready, f"nothing printed within {DEADLINE} s"
    return process.stdout.readline().decode().strip()
