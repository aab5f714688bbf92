"""The tutorial and the Korean quick start: every command runs, step by step, and prints what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.config import load
from tests.end_to_end.forking import forked_python
from tests.end_to_end.harness import DEADLINE, ROOT, wait_for
from tests.servers import Arrivals

ELSEWHERE = ("./dev run --once", "./dev shell", "pipx install .", "python3 docs/receive.py")  # or a second terminal
SLACK = "https://hooks.slack.com/services/T0/B0/C0"


def blocks(page: str) -> list[tuple[str, str]]:
    """The kind and the text of each block of a page."""
    return re.findall(r"```(console|yaml|text)\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)


class Receiver:
    """docs/receive.py as it runs in the second terminal."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed: Arrivals[str] = Arrivals()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def port(self) -> str:
        """Where it listens."""
        [line] = wait_for(self.printed, lambda line: "listening" in line, 1)
        return str(line).strip().rpartition(":")[2]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.add(line)


@contextmanager
def receiver() -> Iterator[Receiver]:
    command = [sys.executable, str(ROOT / "docs" / "receive.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        found = Receiver(process)
        try:
            yield found
        finally:
            process.kill()
            found.reader.join(DEADLINE)


def program(folder: Path) -> Path:
    """A folder in which `monitor` is a program, as `./dev shell` puts it on the path."""
    (folder / "monitor").write_text(f'#!/bin/sh\nexec {shlex.join(forked_python())} -m monitor "$@"\n')
    (folder / "monitor").chmod(0o755)
    return folder


def steps(page: str, folder: Path, port: str) -> Iterator[str]:
    """The lines of a shell script that does what the page says, in its order; the second configuration is Slack's."""
    configurations = 0
    for kind, block in blocks(page):
        if kind == "yaml" and not configurations:
            configurations += 1
            (folder / "own.yaml").write_text(block.replace("8080", port), "utf-8")
            yield f"cp {shlex.quote(str(folder / 'own.yaml'))} config.yaml"
        elif kind == "console":
            lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
            yield from (line for line in lines if line not in ELSEWHERE)


PAGES = {"tutorial.md": ("NEW  ", "[-5.1-]{+5.3+}"), "quickstart.ko.md": ("신규  ", "[-5.1%-]{+5.3%+}")}


@pytest.mark.skipif(sys.platform == "win32", reason="the pages are for POSIX shells")
@pytest.mark.parametrize(("page", "new", "edit"), [(page, *words) for page, words in PAGES.items()])
def test_a_page_does_what_it_says(tmp_path: Path, page: str, new: str, edit: str) -> None:
    (tmp_path / "bin").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    environ = {
        **os.environ,
        "PATH": f"{program(tmp_path / 'bin')}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "NO_COLOR": "1",
    }
    with receiver() as far:
        script = "set -eux\n" + "\n".join(steps(page, tmp_path, far.port()))
        done = subprocess.run(["sh", "-c", script], cwd=work, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        wait_for(far.printed, lambda line: edit in line, 1)
        received = "".join(far.printed.so_far())
    shown = [line for kind, block in blocks(page) if kind == "text" for line in block.splitlines()]
    assert len(shown) >= 4
    assert [line for line in shown if line not in (received + done.stdout).splitlines()] == []
    assert received.count(new) == 1, "a second run sends nothing"
    assert [
        line for line in done.stdout.splitlines() if ": warning: " in line and "no channel is named" not in line
    ] == []
    assert edit in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_configurations_for_services_load_too(tmp_path: Path, page: str) -> None:
    first, *others = (block for kind, block in blocks(page) if kind == "yaml")
    for other in others:
        text = first.replace(re.findall(r"channels:\n.*\n", first)[0], other)
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        config = load(tmp_path / "config.yaml", environ={"SLACK_URL": SLACK, "MAIL_URL": "json://127.0.0.1"})
        assert set(config.channels) <= {"team", "press"}
