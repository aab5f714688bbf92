"""A command that tests run in their own process ends as it does in one of its own."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path

import pytest

from tests.end_to_end.harness import MONITOR, Project, record

TALKS = record("FTA talks held", "대표단이 서울에서 만났다. Delegations met in Seoul on Monday.")
HALF = f"{TALKS}\n-\nHalf\nwrit"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("run --once", 3),
        ("status --check --json", 1),
        ("show 99", 1),
        ("nonsense", 2),
        ("events --kind foo --json", 2),
        ("--version", 0),
        ("-c missing.yaml events", 78),
    ],
)
def test_code_and_both_streams_are_those_of_a_process(tmp_path: Path, words: str, code: int) -> None:
    here, apart = (Project(tmp_path / name) for name in ("here", "apart"))
    for project in (here, apart):
        project.drop("half.txt", HALF)
    done, expected = here.run(*words.split()), apart.run_program(MONITOR[2], *words.split())
    assert (done.code, expected.code) == (code, code)
    assert done.out == expected.out
    assert _comparable(done.err, here) == _comparable(expected.err, apart)


def test_nothing_of_it_stays_behind(tmp_path: Path) -> None:
    logger = logging.getLogger("monitor")

    def surroundings() -> list[object]:
        log = (logger.handlers[:], logger.level, logger.propagate)
        return [Path.cwd(), dict(os.environ), sys.argv, sys.stdout, sys.stderr, log]

    project = Project(tmp_path / "p", config="sources: 7\n")
    before = surroundings()
    assert project.run("run", "--once", env={"NO_COLOR": "1", "HOME": "/x"}).code == 78
    project = Project(tmp_path / "q")
    assert project.run("run", "--once", env={"NO_COLOR": "1", "HOME": "/x"}).code == 0
    assert surroundings() == before


def _comparable(err: str, project: Project) -> str:
    """Without the folder and the times, which differ."""
    return re.sub(r'"at": "[^"]+"', "", err.replace(str(project.folder), "."))
