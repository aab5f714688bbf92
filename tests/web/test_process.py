"""`monitor web` as a process: how it starts, what it knows, and how it ends."""

from __future__ import annotations

import html
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.config import REDUCED
from monitor.web.passwords import is_password, password_line
from monitor.web.tokens import token
from tests.end_to_end.in_process import run_here
from tests.waiting import DEADLINE, line_of
from tests.web.processes import WEB, PageProcess, fetched, is_served, make_newer, page_process, web_command
from tests.web.site import CONFIG, FIRST, SECOND, filled


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = filled(tmp_path / "p") / "config.yaml"
    file.write_text(CONFIG + WEB, "utf-8")
    return file


def test_it_prints_its_address_serves_the_page_and_leaves_the_store_as_it_is_byte_for_byte(config: Path) -> None:
    before = files_of(config.parent / "state")
    with page_process(config) as page:
        assert page.home.startswith("http://127.0.0.1:")
        status, text = page.get()
        assert status == 200
        assert "Shipbuilders win orders" in text
        assert os.getpriority(os.PRIO_PROCESS, page.process.pid) == 10
        assert page.stop() == 0
    assert not is_served(page.home)
    after = files_of(config.parent / "state")
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() <= {"monitor.db-wal", "monitor.db-shm"}
    assert not after.get("monitor.db-wal")


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


def test_every_token_of_a_feed_can_be_ended(config: Path) -> None:
    state = config.parent / "state"
    before = token(state, "kim", "/feeds/events.atom")
    done = run_here(["web", "--rotate-feeds"], folder=config.parent, env={REDUCED: "1"})
    assert (done.code, "every feed address with a token has ended" in done.out) == (0, True)
    assert token(state, "kim", "/feeds/events.atom") != before


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
    done = run_here(["web", *options], folder=tmp_path, env={REDUCED: "1"})
    assert (done.code, message in done.err) == (code, True), done.err


def test_a_port_in_use_is_said(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        done = run_here(["web", "--listen", where], folder=config.parent, env={REDUCED: "1"})
    assert (done.code, done.out) == (1, "")
    assert f"{where}: the page cannot listen here: Address already in use" in done.err


def test_whatever_becomes_of_the_store_the_page_says_it_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    (folder / "seeds").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG + WEB, "utf-8")
    database = folder / "state" / "monitor.db"
    with page_process(folder / "config.yaml") as page:
        assert_says(page, 503, "there is no store yet: `monitor run`")
        (folder / "seeds" / "a_20240705.txt").write_text(FIRST, "utf-8")
        run_here(["run", "--once"], folder=folder, env={})
        assert_says(page, 200, "A new office opens")
        run_here(["db", "backup", "copy.db"], folder=folder, env={})
        (folder / "seeds" / "b_20240706.txt").write_text(SECOND, "utf-8")
        run_here(["run", "--once"], folder=folder, env={})
        assert_says(page, 200, "Shipbuilders win orders")
        run_here(["db", "restore", "copy.db"], folder=folder, env={})
        assert "Shipbuilders win orders" not in page.get()[1]
        assert_says(page, 200, "A new office opens")
        make_newer(database)
        assert_says(page, 503, "m999_from_the_future")
        kept = database.read_bytes()
        replace(database, b"")
        assert_says(page, 503, "the store of this folder is gone")
        replace(database, b"This is a note, and no database. " * 1000)
        assert_says(page, 503, "not a database")
        database.unlink()
        assert_says(page, 503, "the store of this folder is gone")
        replace(database, kept)
        assert_says(page, 503, "m999_from_the_future")
        assert page.stop() == 0


def replace(file: Path, content: bytes) -> None:
    made = file.with_name("made")
    made.write_bytes(content)
    made.replace(file)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def assert_says(page: PageProcess, status: int, text: str) -> None:
    found, shown = page.get()
    assert (found, text in html.unescape(shown)) == (status, True), shown


def test_a_reload_opens_to_nobody_what_others_reach(config: Path) -> None:
    users = f'users: {{kim: "{password_line("a password")}"}}'
    config.write_text(f"{CONFIG}web: {{listen: 0.0.0.0:0, {users}}}\n", "utf-8")
    with page_process(config) as page:
        home = f"http://127.0.0.1:{urlsplit(page.home).port}/"
        assert fetched(home)[0] == 401
        config.write_text(f"{CONFIG}web: {{listen: 127.0.0.1:0}}\n", "utf-8")
        page.wait_for_event("page_config_refused")
        assert fetched(home)[0] == 401
        assert "nobody may open the page there" in page.log.read_text("utf-8")
        assert page.stop(signal.SIGINT) == 130


def test_with_the_end_of_its_input_it_ends_where_the_daemon_has_started_it(config: Path) -> None:
    words = web_command(config, "--managed", "--listen", "unix:web.sock")
    path = config.parent / "state" / "web.sock"
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as process:
        assert json.loads(line_of(process)) == {"page": f"unix:{path}"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert fetched(f"unix:{path}")[0] == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(DEADLINE) == 0
    assert not path.exists()


def test_it_loads_no_part_of_the_daemon_and_none_of_its_libraries() -> None:
    unwanted = (
        "monitor.daemon.bootstrap",
        "monitor.compare",
        "apprise",
        "watchdog",
        "apscheduler",
        "rapidfuzz",
        "rich",
    )
    program = f"import sys, monitor.web.process; print([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=DEADLINE, check=True)
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("a word\n", 0, ""),
        ("a word", 0, ""),
        ("a word\na word\n", 0, ""),
        ("a word\nanother\n", 2, "the two lines differ"),
        ("", 2, "there is no password in the input"),
        ("\n\n", 2, "there is no password in the input"),
    ],
)
def test_a_password_may_come_from_a_pipe(tmp_path: Path, given: str, code: int, said: str) -> None:
    done = run_here(["web", "password"], folder=tmp_path, env={}, given=given)
    assert (done.code, said in done.err, "a word" in done.out + done.err) == (code, True, False)
    assert code or is_password("a word", done.out.strip())


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
