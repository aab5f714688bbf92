"""`monitor web` as a process: how it starts, what it knows, and how it ends."""

from __future__ import annotations

import os
import pty
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.web.passwords import is_password
from monitor.web.tokens import token
from tests.waiting import DEADLINE, line_of
from tests.web.processes import WEB, is_served, page_process, web_command
from tests.web.site import CONFIG, filled

SECRETS = """\
  a: {url: "${FIRST}"}
  b: {url: "${file:second}"}
  c: {url: "json://u:${THIRD}@localhost/", rate: "${FOURTH}"}
heartbeat: {url: "${FIFTH}"}
"""
FREE = "watchlists: {w: {keywords: [a]}}"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = filled(tmp_path / "p") / "config.yaml"
    file.write_text(CONFIG + WEB, "utf-8")
    return file


def test_it_prints_its_address_and_serves_the_page(config: Path) -> None:
    with page_process(config) as page:
        assert page.home.startswith("http://127.0.0.1:")
        status, text = page.get()
        assert status == 200
        assert "Shipbuilders win orders" in text
        assert os.getpriority(os.PRIO_PROCESS, page.process.pid) == 10
        assert page.stop() == 0
    assert not is_served(page.home)


def test_ctrl_c_ends_it_with_its_own_code(config: Path) -> None:
    with page_process(config) as page:
        assert page.stop(signal.SIGINT) == 130


def test_another_address_can_be_named(config: Path) -> None:
    config.write_text(CONFIG, "utf-8")
    with page_process(config, "--listen", "unix:other.sock") as page:
        path = config.parent / "state" / "other.sock"
        assert page.home == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert page.get()[0] == 200
        assert page.stop() == 0
        assert not path.exists()


@pytest.mark.parametrize(
    ("web", "options", "code", "message"),
    [
        ("", (), 2, "web.listen is off: set it, or name an address such as --listen 127.0.0.1:9878"),
        ("", ("--listen", "9878"), 2, "'9878' is not a valid address to listen on"),
        ("", ("--listen", "off"), 2, "web.listen is off"),
        ("", ("--listen", "0.0.0.0:0"), 78, "nobody may open the page there: add users:"),
        ("web: {listen: 0.0.0.0:0}", (), 78, "web.listen: nobody may open the page there: add users:"),
        ("web: {lisen: x}", (), 78, "did you mean 'listen'?"),
        (
            "web: {listen: 192.0.2.1:9, anonymous: all}",
            (),
            1,
            "192.0.2.1:9: the page cannot listen here: Cannot assign requested",
        ),
    ],
)
def test_what_it_cannot_do_it_says(tmp_path: Path, web: str, options: tuple[str, ...], code: int, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{CONFIG}{web}\n", "utf-8")
    done = subprocess.run(web_command(file, *options), capture_output=True, timeout=DEADLINE, check=False)
    assert (done.returncode, message in done.stderr.decode()) == (code, True), done.stderr.decode()


def test_a_port_in_use_is_said(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        words = web_command(config, "--listen", where)
        done = subprocess.run(words, capture_output=True, timeout=DEADLINE, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"{where}: the page cannot listen here: Address already in use" in done.stderr.decode()


def test_with_the_end_of_its_input_it_ends_where_the_daemon_has_started_it(config: Path) -> None:
    words = web_command(config, "--managed", "--listen", "unix:web.sock")
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        assert '{"page": "unix:' in line_of(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(DEADLINE) == 0
    assert not (config.parent / "state" / "web.sock").exists()


def test_no_secret_is_in_its_environment_or_its_memory(config: Path) -> None:
    (config.parent / "second").write_text("json://c4n4ry-second/")
    secrets = {name: f"json://c4n4ry-{name.lower()}/" for name in ("FIRST", "THIRD", "FOURTH", "FIFTH", "UNNAMED")}
    text = CONFIG.replace("watchlists:", f"{SECRETS}watchlists:", 1).replace("heartbeat", "heartbeat", 1)
    channels, rest = text.split("watchlists:", 1)
    heartbeat = 'heartbeat: {url: "${FIFTH}"}\n'
    config.write_text(f"{channels.replace(heartbeat, '')}watchlists:{rest}{heartbeat}{WEB}", "utf-8")
    with page_process(config, env=secrets) as page:
        assert page.get()[0] == 200
        pid = page.process.pid
        assert b"c4n4ry" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert not in_memory(pid, b"c4n4ry-")
        assert in_memory(pid, b"Shipbuilders win orders")


def in_memory(pid: int, word: bytes) -> bool:
    """Return whether a word stands anywhere in the writable memory of a process."""
    found = False
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw"):
                try:
                    memory.seek(start)
                    found = found or word in memory.read(end - start)
                except OSError:  # a page that was never touched
                    continue
    return found


def test_all_tokens_of_feeds_end_at_once_also_while_the_page_is_served(config: Path) -> None:
    state = config.parent / "state"
    before = token(state, "kim", "/feeds/events.atom")
    with page_process(config):
        done = subprocess.run(web_command(config, "--rotate-feeds"), capture_output=True, timeout=DEADLINE, check=True)
    assert b"every feed address with a token has ended" in done.stdout
    assert token(state, "kim", "/feeds/events.atom") != before


def test_a_password_is_asked_for_twice_and_never_shown() -> None:
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "monitor", "web", "password"]
    with subprocess.Popen(
        words, stdin=follower, stderr=follower, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        os.close(follower)
        shown = b""
        for prompt in (b"password: ", b"once more: "):
            while not shown.endswith(prompt):
                shown += os.read(leader, 100)
            os.write(leader, b"s3cret word\n")
        line = process.communicate(timeout=DEADLINE)[0].decode().strip()
    os.close(leader)
    assert process.returncode == 0
    assert is_password("s3cret word", line)
    assert b"s3cret" not in shown
