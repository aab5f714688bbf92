"""The page as a process of its own: `monitor web`, started and asked as people do."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import REDUCED
from tests.waiting import DEADLINE, line_of, wait_until

WEB = "web: {listen: 127.0.0.1:0}\n"


@dataclass(frozen=True, kw_only=True)
class PageProcess:
    """A process that serves the page."""

    process: subprocess.Popen[bytes]
    home: str  # the address that it printed
    log: Path

    def get(self, path: str = "/") -> tuple[int, str]:
        """Return status and text of a page."""
        return fetched(self.home, path)

    def logged(self, event: str) -> int:
        """Return how often an event stands in the log."""
        return self.log.read_text("utf-8").count(f'"{event}"')

    def wait_for_event(self, event: str, count: int = 1) -> None:
        """Wait until an event was logged so often."""
        wait_until(lambda: self.logged(event) >= count)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextmanager
def page_process(
    config: Path, *options: str, env: Mapping[str, str] | None = None, printed: str = "page  "
) -> Iterator[PageProcess]:
    """Run `monitor web` on a configuration until the block ends.

    env: variables of which it forgets those that it need not know; None: it begins without such a step.
    """
    log = config.with_name("web.log")
    words = web_command(config, *options)
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **({REDUCED: "1"} if env is None else env)},
        ) as process,
    ):
        try:
            line = line_of(process)
            assert line.startswith(printed), f"{line!r}\n{log.read_text('utf-8')}"
            yield PageProcess(process=process, home=line.removeprefix(printed), log=log)
        finally:
            process.kill()


def web_command(config: Path, *options: str) -> Sequence[str]:
    """Return the words of the command."""
    return [sys.executable, "-m", "monitor", "web", "-c", str(config), *options]


def fetched(home: str, path: str = "/") -> tuple[int, str]:
    """Return status and text of a page; home: its address, or `unix:` and the path of a socket."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(home).port or 80, timeout=DEADLINE)
    if home.startswith("unix:"):
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(home.removeprefix("unix:"))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def make_newer(database: Path) -> None:
    """Make a store look as if a newer monitor had migrated it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE from_the_future (id)")
        connection.execute("UPDATE _sqlite_migrations SET name = 'm999_from_the_future' WHERE name = 'm002_delivery'")


def is_served(home: str) -> bool:
    """Return whether anything answers at an address."""
    try:
        fetched(home)
    except OSError:
        return False
    return True
