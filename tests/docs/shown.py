"""Find the commands that the documentation shows, with a stand-in for what each needs from the world outside.

A block between fences is a script: its lines behind `$ `, or all of it where it is `sh`. Its lines are run in their
order, in one folder for each page. A line that cannot run here fits a pattern of NOT_RUN, which says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.harness import ROOT

PAGES = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WALKS = ("tutorial.md", "quickstart.ko.md")  # test_tutorial.py runs these pages and compares what is printed
NOT_RUN: Mapping[str, str] = {
    r"^\./dev (run|test|check|bench|shell|browser)\b": "sets up this clone; test_dev.py has one of its own",
    r"\b(pipx|uv tool|uv pip|pip) (un)?install\b|^uv pip compile|pip wheel": "asks PyPI; test_installation.py does",
    r"^python -m docs\.make": "writes into this clone, after ten minutes of measuring",
    r"^git pull": "needs the place that the clone came from",
    r"-m venv ": "the folder of that installation",
    r"\b(systemctl|journalctl)\b": "needs systemd as the first process",
    r"^docker\b": "needs a container engine",
    r"^ssh ": "needs another machine",
    r"^scrapy ": "needs Scrapy and a site",
    r"^mv /srv/press/board/": "moves what Scrapy wrote",
    r"^curl -N ": "a stream has no end; tests/web/test_stream.py reads it",
}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```|^    (\$ .*)$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(monitor [^`]*)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Commands of one place of a page."""

    line: int
    commands: tuple[str, ...]  # each a line, or one whole script that begins with #!

    @property
    def runnable(self) -> tuple[str, ...]:
        """The commands that can run here."""
        return tuple(command for command in self.commands if reason_not_to_run(command) is None)


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of commands of a page in its order."""
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        kind, block = found[1] or "", found[2] or found[3]
        if commands := tuple(_commands(kind, block)):
            yield Block(line=text.count("\n", 0, found.start()) + 1, commands=commands)


def _commands(kind: str, block: str) -> Iterator[str]:
    if kind == "sh" and block.startswith("#!"):
        yield block
        return
    for line in block.replace("\\\n", " ").splitlines():
        if kind == "sh" and line and not line.startswith("#"):
            yield line
        elif kind in ("", "console") and line.startswith("$ "):
            yield line.removeprefix("$ ")


def inline(page: Path) -> Iterator[str]:
    """Yield the commands that stand inside sentences and tables."""
    yield from INLINE.findall(page.read_text("utf-8"))


def reason_not_to_run(command: str) -> str | None:
    """Return why a command cannot run here; None: it can."""
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, command)), None)
