"""What the service manager is to know → its socket (sd_notify), where the process was given one.

The lines it takes: READY=1, WATCHDOG=1, STOPPING=1, STATUS=a sentence, and those of `reloading()`.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

READY, WATCHDOG, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notify(*lines: str) -> None:
    """Send these in one datagram; nothing happens where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # Lost, as when the manager itself restarts: it asks again by its own timeouts, and we must not stop for it.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(0)  # a full queue must not hold up the thread that says it is alive
        channel.connect(f"\0{address[1:]}" if address[0] == "@" else address)
        channel.send("\n".join(lines).encode())


def reloading() -> tuple[str, str]:
    """The lines that say a reload has begun; READY says it is over."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_interval() -> float | None:
    """Seconds within which WATCHDOG must be said; None: nobody waits for it from this process."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or not int(microseconds) or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000
