"""A project folder of its own and the real `monitor` in it, as processes and as commands in this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.end_to_end.forking import Process, forked_python
from tests.end_to_end.in_process import Done, run_here
from tests.servers import Arrivals

ROOT = Path(__file__).parent.parent.parent
MONITOR = [sys.executable, "-c", "from monitor.cli import main; main()"]
IMPATIENT = str(Path(__file__).with_name("fast_retry_child.py"))  # for daemon(): `monitor run` with short waits
DEADLINE = 30.0  # seconds; generous: these tests assert outcomes, bench/ measures times
CONFIG = """
timezone: Asia/Seoul
state: state/
sources:
  motie:
    path: seeds/
    categories: [Trade/Investment, Industry, FTA/Economic Cooperation, Energy]
channels:
  hook: {url: "%s", rate: 1000/s, max_per_hour: 0}
watchlists:
  fta: {keywords: [FTA]}
  semiconductor: {keywords: [semiconductor]}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1s}
"""


def message_id(delivery_number: str) -> int:
    """The id of the message with this `X-Monitor-Delivery`."""
    return int(delivery_number.partition("-")[0])


class Project:
    """A folder with a configuration, `seeds/` and `state/`."""

    def __init__(self, folder: Path, *, url: str = "console://", config: str = CONFIG) -> None:
        self.folder = folder
        self.seeds = folder / "seeds"
        self.seeds.mkdir(parents=True)
        self.write_config(config % url if "%s" in config else config)

    def write_config(self, text: str) -> None:
        (self.folder / "config.yaml").write_text(text, "utf-8")

    def drop(self, name: str, content: str | bytes) -> Path:
        """Drop a file the way a careful program does: write beside, rename into place."""
        made = self.folder / f".{name}.part"
        made.write_bytes(content if isinstance(content, bytes) else content.encode())
        return made.rename(self.seeds / name)

    def run(self, *words: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> Done:
        """Run one command to its end, in this process: one at a time, and none that waits for a signal."""
        return run_here([*map(str, words)], folder=self.folder, env=env or {})

    def run_apart(self, *words: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> Done:
        """Run one command to its end, as a process of its own, which was forked."""
        return self.run_program(MONITOR[2], *words, env=env, python=forked_python())

    def run_program(
        self,
        program: str,
        *words: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (sys.executable,),
    ) -> Done:
        """Run a Python program text with these arguments to its end; python: a fresh interpreter, or a forked one."""
        done = subprocess.run(
            [*python, "-c", program, *map(str, words)],
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    @contextmanager
    def daemon(self, *command: str) -> Iterator[Daemon]:
        """The daemon, or another Python program that runs it; at the end of the block it is killed if need be.

        command: what follows `python` on a command line.
        """
        process = Process(command or [*MONITOR[1:], "run", "--log-format", "json"], folder=self.folder)
        with closing(process):
            daemon = Daemon(process)
            try:
                daemon.wait_for_event("started")
                yield daemon
            finally:
                process.kill()
                daemon.join()


class Daemon:
    """A running daemon and what it has logged so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._log: Arrivals[dict[str, Any]] = Arrivals()
        self._out: Arrivals[str] = Arrivals()
        self._threads = [threading.Thread(target=self._read_log), threading.Thread(target=self._read_out)]
        for thread in self._threads:
            thread.start()

    def wait_for_event(self, event: str, count: int = 1, *, source: str = "*") -> list[dict[str, Any]]:
        """The log lines of this name (`message_*`: of all such names), as soon as there are `count`."""

        def fits(line: Mapping[str, Any]) -> bool:
            return fnmatchcase(line.get("event", ""), event) and fnmatchcase(line.get("source", ""), source)

        return wait_for(self._log, fits, count)

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        return self._log.so_far()

    def wait_for_output(self, text: str) -> None:
        """Until it has printed a line that contains this text."""
        wait_for(self._out, lambda line: text in line, 1)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def join(self) -> None:
        """Wait for the readers of its output."""
        for thread in self._threads:
            thread.join(DEADLINE)

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self._log.add(json.loads(line) if line.startswith("{") else {"event": "", "raw": line})

    def _read_out(self) -> None:
        for line in self.process.stdout:
            self._out.add(line)


def wait_for(arrivals: Arrivals[Any], fits: Callable[[Any], bool], count: int) -> list[Any]:
    """Everything that fits, as soon as that is `count`; fails after the deadline."""
    total = 1
    while True:
        seen = arrivals.wait_for(total, DEADLINE)
        found = [one for one in seen if fits(one)]
        if len(found) >= count:
            return found
        total = len(seen) + 1


def record(title: str, body: str, day: str = "2024-07-01", category: str = "") -> str:
    """One record of a dump, with its dash."""
    head = f"-\n{category}\n" if category else "-\n"
    return f"{head}{title}\n{body} date{day}"


def many(count: int) -> str:
    """A dump of so many releases; every tenth speaks of an FTA."""
    words = ("quota", "FTA", "harbour", "steel", "grain", "chip", "port", "visit", "forum", "survey")
    return "\n".join(
        record(
            f"Release number {i} on {words[i % 10]}",
            f"Delegation {i} spoke on {words[i % 10]} for {i} hours, and item {i * 7} was settled by office {i * 13}.",
            f"2024-07-{i % 28 + 1:02}",
        )
        for i in range(count)
    )
