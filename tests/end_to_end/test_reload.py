"""A configuration that changes while the daemon runs, and what the service manager is told."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.health import daemon_state
from tests.end_to_end.harness import DEADLINE, IMPATIENT, Daemon, Project, record
from tests.servers import Answer, HttpServer, http_server, short_path
from tests.waiting import wait_until

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
VISIT = record("Visit to a plant", "The minister went to the plant and left for Busan.")


def config(server: HttpServer, keyword: str, more: str = "") -> str:
    return f"""
state: state/
sources: {{motie: {{path: seeds/}}}}
channels: {{hook: {{url: "json://127.0.0.1:{server.port}"}}}}
operator: {{notify: [hook]}}
watchlists: {{words: {{keywords: [{keyword}]}}}}
watch: {{settle: 50ms, rescan: 1s}}
{more}"""


@contextmanager
def running(folder: Path, *answers: Answer) -> Iterator[tuple[Project, Daemon, HttpServer]]:
    with http_server(*answers) as server:
        project = Project(folder, config=config(server, "FTA"))
        with project.daemon(IMPATIENT) as daemon:
            yield project, daemon, server
            assert daemon.stop() == 0


def by_signal(_: Project, daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGHUP)


def by_order(project: Project, _: Daemon) -> None:
    assert project.run("reload").code == 0


def by_itself(_project: Project, _daemon: Daemon) -> None:
    """The file is watched."""


@pytest.mark.parametrize("how", [by_signal, by_order, by_itself])
def test_a_changed_configuration_is_in_force_at_once_and_nothing_is_told_twice(tmp_path: Path, how: object) -> None:
    assert callable(how)
    with running(tmp_path / "p") as (project, daemon, server):
        project.drop("a.txt", TALKS)
        server.wait_for(1)
        project.write_config(config(server, "plant"))
        how(project, daemon)
        daemon.wait_for_event("started", 2)
        project.drop("b.txt", VISIT)
        requests = server.wait_for(2)
    assert "Visit to a plant" in requests[1].json()["message"]
    assert [row["alert"] for row in project.run("events", "--json").rows()] == [["words"], ["words"]]


def refusal(daemon: Daemon, project: Project) -> str:
    """What the daemon's vitals say of the configuration, as soon as they say anything."""
    state = project.folder / "state"
    until = time.monotonic() + DEADLINE
    while not (said := str(daemon_state.read_state(state).get("refusal", ""))):
        assert time.monotonic() < until
        daemon.wait_for_event("config_refused")
    return said


def test_a_faulty_configuration_changes_nothing_and_the_operator_hears_of_it(tmp_path: Path) -> None:
    with running(tmp_path / "p") as (project, daemon, server):
        good = config(server, "FTA")
        project.write_config(good.replace("keywords", "keywrods"))
        told = server.wait_for(1)
        assert "the changed configuration cannot be used" in told[0].json()["title"]
        assert project.run("reload").code == 78
        assert "keywrods" in refusal(daemon, project)
        project.drop("a.txt", TALKS)
        requests = server.wait_for(2)
        assert "FTA talks held" in requests[1].json()["message"]
        project.write_config(good)
        daemon.wait_for_event("started", 2)
        assert "the configuration can be used again" in server.wait_for(3)[2].json()["title"]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "fault", [("keywords", "keywrods"), ("sources:", "sources: ["), ("watch:", "state: x\nwatch:")]
)
def test_status_tells_of_the_daemon_that_goes_on_without_a_faulty_configuration(
    fault: tuple[str, str], tmp_path: Path
) -> None:
    with running(tmp_path / "p") as (project, daemon, server):
        good = config(server, "FTA")
        before = project.run("status", "--json").rows()[0]
        project.write_config(good.replace(*fault))
        [at_once] = project.run("status", "--json").rows()
        assert "config.yaml" in at_once["config"].pop("refusal")
        assert (at_once["ok"], at_once["daemon"]["pid"]) == (True, daemon.process.pid)
        assert at_once.keys() == before.keys()
        daemon.wait_for_event("config_refused")
        assert project.run("status", "--check").code == 0
        assert "changed and refused, the one before is in force" in project.run("status").out
        assert not daemon.wait_for_event("config_refused")[1:]
        assert "order_done" not in {line["event"] for line in daemon.lines()}
        (project.folder / "config.yaml").write_bytes("# 설정\n".encode("cp949") + good.encode())
        assert "is not UTF-8" in project.run("status").out
        (project.folder / "config.yaml").rename(project.folder / "other.yaml")
        assert project.run("-c", "other.yaml", "status").code == 78  # of another daemon, if of any
        assert project.run("-c", "config.yaml", "status", "--check").code == 0
        daemon.stop()
        assert project.run("-c", "config.yaml", "status", "--check").code == 78


COMMANDS = ("alerts", "events", "dumps", "show 1", "channels", "alerts drop 1", "mute hook 1h", "channels resume hook")


@pytest.mark.parametrize("fault", [("keywords", "keywrods"), ("sources:", "sources: [")])
def test_stored_things_are_shown_and_commands_work_while_the_file_is_broken(
    fault: tuple[str, str], tmp_path: Path
) -> None:
    with running(tmp_path / "p") as (project, daemon, server):
        project.drop("a.txt", TALKS)
        server.wait_for(1)
        good = config(server, "FTA")
        intact = {words: project.run(*words.split(), "--json") for words in COMMANDS}
        project.write_config(good.replace(*fault))
        for words in (*COMMANDS, "db backup copy.db"):
            done = project.run(*words.split(), *([] if words.startswith("db") else ["--json"]))
            assert done.err.count("the configuration is broken") == 1, words
            assert done.code == (intact[words].code if words in intact else 0), words
            assert len(done.out.splitlines()) == (len(intact[words].out.splitlines()) if words in intact else 1), words
        assert "the one before is in force" in project.run("status", "--check").err
        assert [row["state"] for row in project.run("channels", "--json").rows()] == ["muted"]
        daemon.stop()
        assert project.run("events").code == 0
        project.write_config(good.replace(*fault).replace("state:", "satte:"))
        assert project.run("events").code == 78, "no daemon says where the store is"


def test_a_start_with_a_channel_of_no_service_warns_at_once_and_goes_on_with_the_others(tmp_path: Path) -> None:
    with http_server() as server:
        good = config(server, "FTA")
        project = Project(
            tmp_path / "p", config=good.replace("channels: {", "channels: {typo: {url: 'jsn://127.0.0.1'}, ")
        )
        assert project.run("check").code == 78
        with project.daemon() as daemon:
            [warning] = daemon.wait_for_event("config_warning")
            assert "no service is called jsn://" in warning["message"]
            assert project.run("reload").code == 78
            project.drop("a.txt", TALKS)
            server.wait_for(1)


def test_while_broken_configurations_come_and_go_every_alert_is_told_once(tmp_path: Path) -> None:
    titles = {f"FTA round {number} opens" for number in range(12)}
    with running(tmp_path / "p") as (project, daemon, server):
        good = config(server, "FTA").replace('"}}', '", rate: 1000/s, max_per_hour: 0}}')
        project.write_config(good)
        daemon.wait_for_event("started", 2)
        for number, title in enumerate(sorted(titles)):
            project.drop(f"{number}.txt", record(title, f"Item {number * 7} was settled by office {number * 13}."))
            if number % 4 == 1:
                project.write_config(good.replace("keywords", "keywrods"))
                daemon.wait_for_event("config_refused", number // 4 + 1)
            elif number % 4 == 3:
                project.write_config(good)
                daemon.wait_for_event("started", number // 4 + 3)
        seen, count = "", 0
        while not all(title in seen for title in titles):
            count += 1
            seen = "\n".join(request.json()["message"] for request in server.wait_for(count))
        assert daemon.stop() == 0
    told = "\n".join(request.json()["message"] for request in server.requests)
    assert {title: told.count(title) for title in titles} == dict.fromkeys(titles, 1)


def test_a_secret_that_was_replaced_unseen_is_read_again_when_its_channel_refuses(tmp_path: Path) -> None:
    with http_server(Answer(status=401), Answer()) as server:
        project = Project(tmp_path / "p")
        secret = project.folder / "secret"
        secret.write_text(f"json://127.0.0.1:{server.port}/old", "utf-8")
        project.write_config(config(server, "FTA").replace(f"json://127.0.0.1:{server.port}", "${file:secret}"))
        with project.daemon(IMPATIENT) as daemon:
            daemon.wait_for_event("started")
            before = secret.stat()
            secret.write_text(secret.read_text("utf-8").replace("old", "new"), "utf-8")
            os.utime(secret, ns=(before.st_atime_ns, before.st_mtime_ns))  # as on a file system with coarse times
            project.drop("a.txt", TALKS)
            server.wait_for(2)
            assert daemon.stop() == 0
    assert [request.path for request in server.requests] == ["/old", "/new"]


def test_the_state_folder_cannot_change_under_way(tmp_path: Path) -> None:
    with running(tmp_path / "p") as (project, daemon, server):
        project.write_config(config(server, "FTA").replace("state: state/", "state: other/"))
        [line] = daemon.wait_for_event("config_refused")
        assert "restart" in line["reason"]


def test_what_is_on_its_way_during_a_reload_is_not_sent_twice(tmp_path: Path) -> None:
    with running(tmp_path / "p", Answer(is_hanging=True), Answer()) as (project, daemon, server):
        project.drop("a.txt", TALKS)
        server.wait_for(1)
        project.write_config(config(server, "FTA", "aliases: {}\n"))
        daemon.wait_for_event("started", 2)
        project.drop("b.txt", record("FTA visit ends", "The visit ended with a dinner in Busan."))
        server.wait_for(2)
    bodies = [request.json()["message"] for request in server.requests[:2]]
    assert "FTA talks held" in bodies[0]
    assert "FTA visit ends" in bodies[1]


def test_without_a_daemon_a_reload_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    done = project.run("reload")
    assert (done.code, "no daemon runs" in done.err) == (1, True)


def test_the_service_manager_hears_of_the_start_the_watchdog_a_reload_and_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        short_path(tmp_path / "notify") as address,
        http_server() as server,
    ):
        manager.bind(address)
        manager.settimeout(DEADLINE)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "4000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        project = Project(tmp_path / "p", config=config(server, "FTA"))
        with project.daemon() as daemon:
            heard = [_until(manager, "READY=1"), _until(manager, "WATCHDOG=1")]
            daemon.process.send_signal(signal.SIGHUP)
            heard += [_until(manager, "RELOADING=1"), _until(manager, "READY=1")]
            assert daemon.stop() == 0
        heard.append(_until(manager, "STOPPING=1"))
    assert "MONOTONIC_USEC=" in heard[2]


def _until(manager: socket.socket, word: str) -> str:
    said = list[str]()

    def has_word() -> bool:
        said.append(manager.recv(4096).decode())
        return word in said[-1]

    wait_until(has_word)
    return said[-1]
