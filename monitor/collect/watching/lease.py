"""Ask the system whether a process has a file open for writing."""

from __future__ import annotations

import fcntl
import signal


def is_open_for_writing(descriptor: int) -> bool | None:
    """Return whether a process has the file of this descriptor open or mapped for writing; None: unknown."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        # A writer that opens the file during the lease causes a signal to us: by default SIGIO, which ends a process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False
