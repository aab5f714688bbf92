"""Every command that README and docs show runs, in the order of its page, or has a reason not to."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.sandbox import FEED, Sandbox
from tests.docs.shown import NOT_RUN, PAGES, WALKS, Block, blocks, inline, reason_not_to_run
from tests.end_to_end.in_process import run_here
from tests.servers import Answer, http_server

RUN_PAGES = [page for page in PAGES if page.name not in WALKS and any(block.runnable for block in blocks(page))]
IN_SENTENCES = sorted({command for page in PAGES for command in inline(page)})
# Those that do not end with 0 in a project where no daemon runs and every message was sent.
ENDS: Mapping[str, int] = {
    "monitor status --check": 1,
    "monitor reload": 1,
    "monitor alerts retry ID": 1,
    "monitor alerts drop ID": 1,
    "monitor db copy --undo": 1,
    "monitor db copy state/": 1,  # of the folder itself
}
APART = re.compile("monitor (run|web|config init)")  # these run until they are interrupted, or in another folder


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with http_server(Answer(body=FEED)) as server:
        yield Sandbox(tmp_path, server)


@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_in_its_order(page: Path, sandbox: Sandbox) -> None:
    for block in blocks(page):
        if block.runnable and not ("curl" in str(block.runnable) and shutil.which("curl") is None):
            done = sandbox.run(block)
            assert done.returncode == 0, f"{page.name}:{block.line}: {done.stdout}{done.stderr}"


def test_each_reason_not_to_run_a_command_is_that_of_a_shown_one() -> None:
    shown = [command for page in PAGES for block in blocks(page) for command in block.commands]
    assert [pattern for pattern in NOT_RUN if not any(re.search(pattern, command) for command in shown)] == []
    assert all(reason_not_to_run(command) is None or not command.startswith("monitor ") for command in shown)


@pytest.mark.parametrize("command", IN_SENTENCES)
def test_a_command_inside_a_sentence_runs(command: str, sandbox: Sandbox) -> None:
    if APART.match(command):
        apart = sandbox.run(Block(line=0, commands=(command,)))
        code, said = apart.returncode, apart.stdout + apart.stderr
    else:
        words = shlex.split(sandbox.stands_for(command))[1:]
        done = run_here(words, folder=sandbox.project, env=sandbox.environ, given="a long password\n" * 2)
        code, said = done.code, done.out + done.err
    assert code == ENDS.get(command, 0), said


def test_what_is_expected_of_a_command_is_of_one_that_a_page_names() -> None:
    assert [command for command in ENDS if command not in IN_SENTENCES] == []
