"""Send notifications to the service manager (sd_notify), where the process has its socket.

Used lines: READY=1, WATCHDOG=1, STOPPING=1, STATUS=a sentence, and those of `reloading()`.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

READY, WATCHDOG, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notify(*lines: str) -> None:
    """Send these lines in one datagram; without a socket nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A line may be lost, as when the manager itself restarts; its own timeouts cover that, and we must not stop.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(0)  # a full queue must not delay the thread that reports
        channel.connect(f"\0{address[1:]}" if address[0] == "@" else address)
        channel.send("\n".join(lines).encode())


def reloading() -> tuple[str, str]:
    """Return the lines that announce a reload; READY announces its end."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_interval() -> float | None:
    """Return the seconds within which WATCHDOG must be sent; None: the manager expects none from this process."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or not int(microseconds) or pid not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000
