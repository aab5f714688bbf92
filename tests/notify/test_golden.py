"""How every situation reads, as text, as a mail and in Slack, kept beside this file; a difference is a decision.

    MONITOR_GOLDEN=write python -m pytest tests/notify/test_golden.py

writes the files anew and removes those of situations that are gone; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.model import Message
from monitor.notify.html import page
from monitor.notify.plain_text import plain
from monitor.notify.render import subject
from monitor.notify.slack import payload
from tests.notify.situations import SITUATIONS
from tests.notify.slack_text import shown

GOLDEN = Path(__file__).parent / "golden"
IS_WRITING = os.environ.get("MONITOR_GOLDEN") == "write"


def text_of(told: Message) -> str:
    return f"{subject(told)}\n\n{plain(told)}\n"


EXPECTED = {
    f"{name}.{kind}": form(told)
    for name, told in SITUATIONS.items()
    for kind, form in (("txt", text_of), ("html", page), ("slack.txt", lambda told: shown(payload(told))))
}


@pytest.fixture(scope="module", autouse=True)
def _written() -> None:
    if IS_WRITING:
        GOLDEN.mkdir(exist_ok=True)
        for path in GOLDEN.iterdir():
            path.unlink()
        for name, content in EXPECTED.items():
            (GOLDEN / name).write_bytes(content.encode())


@pytest.mark.parametrize("name", EXPECTED)
def test_each_situation_reads_as_its_golden_file_says(name: str) -> None:
    assert EXPECTED[name] == (GOLDEN / name).read_bytes().decode()


def test_no_golden_file_is_left_of_a_situation_that_is_gone() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(EXPECTED)
