"""Measure the processor time of changedetection.io, a service with a web page, for one recheck of all its watches.

It reads `file://` addresses, one watch a file, and keeps each text; nothing is configured that it would notify. It runs
already when the clock starts, while monitor's rows count a whole command with its start. So its start-up counts for
nothing, and neither does the web page that it is made for; what it logs is kept to errors.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from bench.peer_programs import program
from tests.servers import unused_port

PEER = "changedetection.io==0.60.10"
_DEADLINE = 900.0  # seconds for one step
_TICKS = os.sysconf("SC_CLK_TCK")
_SETTINGS = {
    "ALLOW_FILE_URI": "true",
    "DISABLE_VERSION_CHECK": "true",
    "FETCH_WORKERS": "2",
    # An empty store begins with two public sites, and fetches them: here it finds nobody.
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running changedetection.io that watches what it is told to."""

    process: subprocess.Popen[bytes]
    data: Path
    url: str

    def watch(self, files: list[Path]) -> None:
        """Watch these files and nothing else; nothing is read yet."""
        for each in json.loads(self._ask("watch")):
            self._ask(f"watch/{each}", method="DELETE")
        addresses = "\n".join(file.as_uri() for file in files)
        # Sorted lines: its own answer to a listing in another order, as in webchanges.
        self._ask("import?sort_text_alphabetically=true", addresses.encode())
        _wait_until(lambda: len(self._checked()) == len(files), "the import of all watches")

    def recheck(self) -> float:
        """Check every watch once; return the seconds of processor time from the request until all are stored."""
        before = self._checked()
        _wait_until(lambda: time.time() > max(before.values()) + 1, "the next second, for checks are dated by it")
        start = self._processor_time()
        self._ask("watch?recheck_all=1")
        _wait_until(lambda: all(now > before[name] for name, now in self._checked().items()), "all checks")
        self._wait_for_rest()  # a check is dated by its begin
        return self._processor_time() - start

    def is_ready(self) -> bool:
        """Return whether it answers, and has fetched what it begins with: half a minute after its start."""
        try:
            return len(json.loads(self._ask("watch"))) == 2 and min(self._checked().values()) > 0
        except (OSError, KeyError, ValueError):
            if self.process.poll() is not None:
                raise SystemExit(f"changedetection.io ended:\n{_log(self.data)[-2000:]}") from None
            return False

    def _wait_for_rest(self) -> None:
        """Wait until it has done next to nothing for a second."""
        before = float("-inf")
        while (now := self._processor_time()) > before + 2 / _TICKS:
            before = now
            time.sleep(1)

    def _checked(self) -> dict[str, int]:
        """Return when each watch was last checked, read from its files: asking it would cost its time."""
        found = {}
        for file in self.data.glob("*/watch.json"):
            if last := re.search(r'"last_checked": (\d+)', file.read_text("utf-8")):
                found[file.parent.name] = int(last[1])
        return found

    def _processor_time(self) -> float:
        """Return the seconds that all processes of its session have used, and whom they waited for."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[3]) == self.process.pid:  # its session
                total += sum(map(int, fields[11:15]))
        return total / _TICKS

    def _ask(self, address: str, body: bytes | None = None, *, method: str = "") -> bytes:
        settings = json.loads((self.data / "changedetection.json").read_text("utf-8"))["settings"]
        headers = {"x-api-key": settings["application"]["api_access_token"], "Content-Type": "text/plain"}
        request = Request(f"{self.url}/api/v1/{address}", body, headers, method=method or None)
        with urlopen(request, timeout=_DEADLINE) as answer:
            return bytes(answer.read())


def installed() -> Path:
    """Return its program; installed at the first use."""
    return program(PEER, "changedetection.io", cost=" (700 MB, some minutes)")


@contextmanager
def service(peer: Path, folder: Path) -> Iterator[Service]:
    """Run it with an empty store of its own, until the end of the block."""
    data, port = folder / "data", unused_port()
    data.mkdir()
    command = [str(peer), "-d", str(data), "-C", "-h", "127.0.0.1", "-p", str(port), "-l", "ERROR"]
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **_SETTINGS},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        running = Service(process, data, f"http://127.0.0.1:{port}")
        _wait_until(running.is_ready, "its first answer")
        yield running
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log(data: Path) -> str:
    return (data.parent / "output").read_text("utf-8", "replace")


def _wait_until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit(f"changedetection.io: waited {_DEADLINE:.0f} s for {what}")
        time.sleep(0.2)
