"""Processes of the fork server, to be used as those of `subprocess.Popen` are."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

SERVER = Path(__file__).with_name("fork_server.py")


class Process:
    """A Python program that was forked; `stdout` and `stderr` are text."""

    def __init__(self, words: Sequence[str], *, folder: Path) -> None:
        """words: what follows `python` on a command line."""
        out, err, said = os.pipe(), os.pipe(), os.pipe()
        request = {"words": words, "folder": str(folder), "environ": dict(os.environ), "umask": _umask()}
        line = json.dumps(request).encode() + b"\n"
        descriptors = [out[1], err[1], said[1]]
        server = _server()
        sent = socket.send_fds(server, [line], descriptors)
        server.sendall(line[sent:])
        for descriptor in descriptors:
            os.close(descriptor)
        self.stdout: TextIO = os.fdopen(out[0], "r", encoding="utf-8")
        self.stderr: TextIO = os.fdopen(err[0], "r", encoding="utf-8")
        self._said = os.fdopen(said[0], "rb", buffering=0)
        self.pid = int(self._said.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs; negative: the signal that ended it."""
        if self.returncode is None and select.select([self._said], [], [], 0)[0]:
            self.returncode = int(self._said.readline())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one. Raises TimeoutExpired."""
        select.select([self._said], [], [], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Wait for the end, then close its streams."""
        self.wait()
        for stream in (self.stdout, self.stderr, self._said):
            stream.close()


@cache
def _server() -> socket.socket:
    """The one fork server of this test process; it ends with it."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, str(SERVER), str(theirs.fileno())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    atexit.register(process.wait)
    atexit.register(ours.close)  # the last that is registered comes first
    return ours


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
