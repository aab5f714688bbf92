"""The page as the daemon runs it: a process of its own that ends with the daemon, and never the other way round."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harness import CONFIG, IMPATIENT, Daemon, Project, record
from tests.end_to_end.test_store_pause import locked_store, paused_daemon
from tests.servers import http_server, unused_port
from tests.waiting import wait_until
from tests.web.processes import fetched, is_served

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
VISIT = record("FTA visit ends", "The visit to the plant ended with a dinner.")


def web(port: int, rest: str = "") -> str:
    return f"web: {{listen: 127.0.0.1:{port}{rest}}}\n"


def home(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


@contextmanager
def served(folder: Path, port: int, *command: str, url: str = "console://") -> Iterator[tuple[Project, Daemon]]:
    """A daemon whose page answers."""
    project = Project(folder, config=CONFIG % url + web(port))
    with project.daemon(*command) as daemon:
        daemon.wait_for_event("page_listening")
        yield project, daemon


def page_of(project: Project) -> dict[str, Any]:
    page: dict[str, Any] = project.run("status", "--json").rows()[0]["page"]
    return page


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]


def test_the_daemon_prints_where_its_page_is_and_ends_it(tmp_path: Path) -> None:
    port = unused_port()
    with served(tmp_path / "p", port) as (project, daemon):
        daemon.wait_for_output(f"page  {home(port)}")
        project.drop("a.txt", TALKS)
        wait_until(lambda: " talks held" in fetched(home(port))[1])
        page = page_of(project)
        assert (page["state"], page["address"], page["restarts"], page["reason"]) == ("serving", home(port), 0, "")
        assert f"page       {home(port)}" in project.run("status").out
        assert os.getpriority(os.PRIO_PROCESS, page["pid"]) == 10
        assert daemon.stop() == 0
        assert not is_running(page["pid"])
    assert not is_served(home(port))


def test_a_page_that_is_killed_costs_no_alert_and_a_new_one_answers(tmp_path: Path) -> None:
    port = unused_port()
    with http_server() as hook, served(tmp_path / "p", port, url=f"json://127.0.0.1:{hook.port}") as (project, daemon):
        first = page_of(project)["pid"]
        os.kill(first, signal.SIGKILL)
        project.drop("a.txt", TALKS)
        assert "FTA talks held" in hook.wait_for(1)[0].json()["message"]
        [failed] = daemon.wait_for_event("page_failed")
        assert failed["reason"] == "its process was ended by SIGKILL"
        daemon.wait_for_event("page_listening", 2)
        assert " talks held" in fetched(home(port))[1]
        page = page_of(project)
        assert page["pid"] != first
        assert (page["state"], page["restarts"], page["reason"]) == ("serving", 1, "")
        assert daemon.stop() == 0


def test_the_page_ends_with_a_daemon_that_is_killed(tmp_path: Path) -> None:
    port = unused_port()
    with served(tmp_path / "p", port) as (project, daemon):
        pid = page_of(project)["pid"]
        daemon.process.kill()
        wait_until(lambda: not is_running(pid))
        assert not is_served(home(port))


def test_a_port_in_use_is_a_warning_and_the_page_comes_once_it_is_free(tmp_path: Path) -> None:
    with http_server() as hook, socket.create_server(("127.0.0.1", unused_port())) as other:
        port = other.getsockname()[1]
        project = Project(tmp_path / "p", config=CONFIG % f"json://127.0.0.1:{hook.port}" + web(port))
        with project.daemon() as daemon:
            [failed] = daemon.wait_for_event("page_failed")
            assert failed["reason"].startswith(f"127.0.0.1:{port}: the page cannot listen here: Address already")
            project.drop("a.txt", TALKS)
            assert "FTA talks held" in hook.wait_for(1)[0].json()["message"]
            assert page_of(project)["state"] in ("failed", "starting")
            assert project.run("status", "--check").code == 0
            other.close()
            daemon.wait_for_event("page_listening")
            assert fetched(home(port))[0] == 200
            assert daemon.stop() == 0


def test_a_reload_moves_the_page_or_leaves_its_process_alone(tmp_path: Path) -> None:
    first, second = unused_port(), unused_port()
    with served(tmp_path / "p", first, IMPATIENT) as (project, daemon):
        project.drop("a.txt", TALKS)
        pid = page_of(project)["pid"]
        project.write_config(CONFIG % "console://" + web(first, ", hosts: [press.lan]"))
        daemon.wait_for_event("started", 2)
        [line] = daemon.wait_for_event("page_config_reloaded")
        assert line.keys() >= {"at", "level", "event", "file"}  # in the format of the daemon's own log
        assert page_of(project)["pid"] == pid
        project.write_config(CONFIG % "console://" + web(second))
        daemon.wait_for_event("page_listening", 2)
        assert fetched(home(second))[0] == 200
        assert not is_served(home(first))
        assert not is_running(pid)
        project.write_config(CONFIG % "console://")
        daemon.wait_for_event("started", 4)
        assert not is_served(home(second))
        assert page_of(project)["state"] == "off"
        assert daemon.stop() == 0


def test_an_invalid_file_leaves_the_page_as_it_is(tmp_path: Path) -> None:
    port = unused_port()
    with served(tmp_path / "p", port, IMPATIENT) as (project, daemon):
        project.drop("a.txt", TALKS)
        wait_until(lambda: " talks held" in fetched(home(port))[1])
        project.write_config(CONFIG % "console://" + "web: {listen: 1}\n")
        daemon.wait_for_event("config_refused")
        daemon.wait_for_event("page_config_refused")
        assert " talks held" in fetched(home(port))[1]
        assert daemon.stop() == 0


def test_its_process_gets_no_variable_that_a_secret_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = unused_port()
    with http_server() as hook:
        monkeypatch.setenv("HOOK_URL", f"json://127.0.0.1:{hook.port}")
        monkeypatch.setenv("NAMED_NOWHERE", "c4n4ry")
        project = Project(tmp_path / "p", config=CONFIG % "${HOOK_URL}" + web(port))
        script = "from monitor.cli import main; main()"
        with project.daemon("-c", script, "run", "--log-format", "json") as daemon:
            daemon.wait_for_event("page_listening")
            environment = Path(f"/proc/{page_of(project)['pid']}/environ").read_bytes()
            assert b"PATH=" in environment
            assert f"json://127.0.0.1:{hook.port}".encode() not in environment
            assert b"c4n4ry" not in environment
            assert daemon.stop() == 0


def test_a_daemon_that_waits_for_its_store_has_a_page_already(tmp_path: Path) -> None:
    port = unused_port()
    project = Project(tmp_path / "p", config=CONFIG % "console://" + web(port))
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0
    with locked_store(project.folder / "state"), paused_daemon(project) as (daemon, _):
        daemon.wait_for_event("page_listening")
        assert page_of(project)["state"] == "serving"
        assert "talks held" in fetched(home(port))[1]
        assert daemon.stop() == 0
    assert not is_served(home(port))


def test_a_page_that_hangs_is_killed_with_the_daemons_end(tmp_path: Path) -> None:
    with served(tmp_path / "p", unused_port()) as (project, daemon):
        pid = page_of(project)["pid"]
        os.kill(pid, signal.SIGSTOP)
        assert daemon.stop() == 0
        assert not is_running(pid)


def test_one_pass_starts_no_page(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG % "console://" + web(unused_port()))
    project.drop("a.txt", TALKS)
    done = project.run("run", "--once")
    assert done.code == 0
    assert "page" not in done.out + done.err


def test_with_a_url_an_alert_ends_in_the_address_of_its_release_and_a_reload_changes_it(tmp_path: Path) -> None:
    with http_server() as hook:
        config = CONFIG % f"json://127.0.0.1:{hook.port}"
        project = Project(tmp_path / "p", config=f"{config}web: {{url: https://press.example.org/m}}\n")
        with project.daemon(IMPATIENT) as daemon:
            project.drop("a.txt", TALKS)
            assert hook.wait_for(1)[0].json()["message"].endswith("https://press.example.org/m/releases/1")
            project.write_config(config)
            daemon.wait_for_event("started", 2)
            project.drop("b.txt", VISIT)
            assert hook.wait_for(2)[1].json()["message"].endswith("monitor show 2")
            assert daemon.stop() == 0
