"""Processes of the fork server, to be used as those of `subprocess.Popen` are, and in the scripts of a shell."""

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
from tempfile import TemporaryDirectory
from typing import TextIO

SERVER = Path(__file__).with_name("fork_server.py")
COMMAND = Path(__file__).with_name("forked_python.py")


class Process:
    """A Python program that was forked; `stdout` and `stderr` are text."""

    def __init__(self, words: Sequence[str], *, folder: Path) -> None:
        """words: what follows `python` on a command line."""
        out, err, said = os.pipe(), os.pipe(), os.pipe()
        request = {"words": words, "folder": str(folder), "environ": dict(os.environ), "umask": _umask()}
        line = json.dumps(request).encode() + b"\n"
        descriptors = [out[1], err[1], said[1]]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_server())
            sent = socket.send_fds(connection, [line], descriptors)
            if sent < len(line):
                connection.sendall(line[sent:])
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


def forked_python() -> list[str]:
    """Return the words of a program that does what `python` does, but begins with everything imported.

    It starts in 20 ms. Signals reach what it runs, but for those that nobody can catch.
    """
    return [sys.executable, "-I", "-S", str(COMMAND), _server()]


@cache
def _server() -> str:
    """Return the address of the one fork server of this test process, which ends with it."""
    folder = TemporaryDirectory(prefix="forks-")
    address = str(Path(folder.name) / "socket")
    ours, theirs = socket.socketpair()
    with theirs, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        inherited = [listener.fileno(), theirs.fileno()]
        words = [sys.executable, str(SERVER), *map(str, inherited)]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=inherited)
    atexit.register(folder.cleanup)
    atexit.register(process.wait)
    atexit.register(ours.close)  # the last that is registered comes first
    return address


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
