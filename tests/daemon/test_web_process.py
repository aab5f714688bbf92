"""When the process of the page is started again, and what it is told."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

from monitor.config import load
from monitor.daemon.web_process import WebProcess, pauses
from tests.waiting import wait_until

CONFIG = """\
sources: {motie: {path: seeds/}}
channels: {console: {url: "console://"}}
"""


def test_the_pauses_between_two_starts_grow_to_a_minute() -> None:
    assert list(islice(pauses(), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_without_an_address_no_process_is_started(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    with closing(WebProcess()) as page:
        page.follow(load(tmp_path / "config.yaml"))
        assert page.current_state().state == "off"


def test_each_address_is_announced_once(tmp_path: Path) -> None:
    announced: list[str] = []
    file = tmp_path / "config.yaml"
    file.write_text(f"{CONFIG}web: {{listen: 'unix:web.sock'}}\n")
    config = load(file)
    config.state.mkdir()
    with closing(WebProcess(announce=announced.append)) as page:
        page.follow(config)
        wait_until(lambda: page.current_state().state == "serving")
        first = page.current_state().pid
        page.follow(load(file))
        assert page.current_state().pid == first
        page.close()
        page.follow(config)
        wait_until(lambda: page.current_state().state == "serving")
        assert page.current_state().pid != first
    assert announced == [f"unix:{config.state}/web.sock"]
    assert page.current_state().state == "off"


def test_a_program_that_cannot_be_started_is_a_reason_and_no_error(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{CONFIG}web: {{listen: 'unix:web.sock'}}\n")
    with closing(WebProcess(program=str(tmp_path / "no-python"))) as page:
        page.follow(load(file))
        wait_until(lambda: page.current_state().state == "failed")
        assert page.current_state().reason == "its process cannot be started: No such file or directory"
