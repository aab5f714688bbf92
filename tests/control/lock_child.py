"""Holds the lock of a state folder until its stdin ends."""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.control.lock import hold
from monitor.testing import NOON

if __name__ == "__main__":
    with hold(Path(sys.argv[1]), verb="run", now=NOON):
        print("held", flush=True)
        sys.stdin.read()
