"""Keep the process of the page running: start it, start it again when it ends, and end it with the daemon.

The page is a process of its own, so that no fault or flood there can stop an alert. Its standard input is a pipe of
this process: it ends with the pipe, also when the daemon is killed. On its standard output it says, a line of JSON
each, where it answers or why it cannot. Its log goes to the daemon's own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.config import page_environment
from monitor.health.daemon_state import PageState
from monitor.logs import format_in_use, say, warn

if TYPE_CHECKING:
    from monitor.config import Config

OFF = "off"
FIRST_PAUSE, MAX_PAUSE = 1.0, 60.0  # seconds between two starts; each is twice as long as the one before
STEADY = 60.0  # seconds after which a process that ends is one that worked
GRACE = 2.0  # seconds that it gets to end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Launch:
    """What a process is started with: another one is needed where this differs."""

    file: Path
    listen: str
    environment: Mapping[str, str]
    program: str  # the Python that runs it

    def process(self) -> subprocess.Popen[bytes]:
        """Start it. Raises OSError."""
        words = [self.program, "-P", "-m", "monitor", "--config", str(self.file), "web", "--managed"]
        return subprocess.Popen(  # noqa: S603 - our own program
            [*words, "--log-format", format_in_use()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self.environment),
            start_new_session=True,  # Ctrl-C is for the daemon, which then ends it
        )


class WebProcess:
    """The process of the page, watched by one thread; call `follow` and `close` from the main thread only."""

    def __init__(self, *, announce: Callable[[str], None] = lambda _: None, program: str = sys.executable) -> None:
        """announce: is called with the address of the page when it first answers there; program: a Python."""
        self._announce = announce
        self._program = program
        self._state = PageState()
        self._announced = ""
        self._launch: _Launch | None = None  # None: the page is off
        self._watcher: _Watcher | None = None

    def follow(self, config: Config) -> None:
        """Serve the page of a configuration; a process that needs nothing new goes on, and reloads by itself."""
        launch = None
        if config.web.listen != OFF:
            environment = page_environment(config.file, os.environ)
            launch = _Launch(file=config.file, listen=config.web.listen, environment=environment, program=self._program)
        if launch == self._launch and self._watcher:
            self._watcher.hurry()
            return
        self.close()
        self._launch = launch
        if launch:
            self._watcher = _Watcher(launch, self._note)

    def current_state(self) -> PageState:
        """Return how the page is; any thread may ask."""
        return self._state

    def close(self) -> None:
        """End the process, if there is one."""
        watcher, self._watcher, self._launch = self._watcher, None, None
        if watcher:
            watcher.stop()
        self._state = PageState()

    def _note(self, **changed: Any) -> None:
        before, self._state = self._state, replace(self._state, **changed)
        state = self._state
        if state.state == before.state:
            return
        if state.state == "serving":
            say("page_listening", address=state.address)
            if state.address != self._announced:
                self._announced = state.address
                self._announce(state.address)
        elif state.state == "failed" and state.reason != before.reason:
            warn("page_failed", reason=state.reason, instead="the monitor goes on, and starts the page again")


class _Watcher:
    """The thread that starts one process after another."""

    def __init__(self, launch: _Launch, note: Callable[..., None]) -> None:
        self._launch = launch
        self._note = note
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None  # None: none runs
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Do not wait any longer for the next start."""
        self._wake.set()

    def stop(self) -> None:
        """End the process and the thread; a process that does not end in time is killed."""
        with self._lock:
            self._stopped.set()
            process = self._process
        self._wake.set()
        if process:
            process.terminate()
        self._thread.join(GRACE)
        if process and self._thread.is_alive():
            process.kill()
            self._thread.join(GRACE)

    def _run(self) -> None:
        waits, starts = pauses(), 0
        while not self._stopped.is_set():
            self._wake.clear()
            self._note(state="starting", restarts=starts)
            begun = time.monotonic()
            reason = self._serve()
            if self._stopped.is_set():
                return
            if time.monotonic() - begun > STEADY:
                waits = pauses()
            self._note(state="failed", pid=0, address="", reason=reason)
            self._wake.wait(next(waits))
            starts += 1

    def _serve(self) -> str:
        """Run one process to its end and return why it ended."""
        try:
            process = self._start()
        except OSError as error:
            return f"its process cannot be started: {error.strerror}"
        if process is None:
            return ""
        self._note(pid=process.pid)
        fault = ""
        with process:
            for line in process.stdout or ():
                said = _parsed(line)
                fault = str(said.get("fault", fault))
                if "page" in said:
                    self._note(state="serving", address=str(said["page"]), reason="")
        return fault or _end_of(process.returncode)

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Start a process unless the thread is to end: then None."""
        with self._lock:
            if self._stopped.is_set():
                return None
            self._process = self._launch.process()
            return self._process


def pauses() -> Iterator[float]:
    """Yield the seconds to wait before the next start: 1, 2, 4 and so on, at most a minute."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, MAX_PAUSE)


def _parsed(line: bytes) -> Mapping[str, Any]:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict):
            return found
    return {}


def _end_of(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"
