"""Orders to a running daemon: real processes, a real socket, a real webhook."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from monitor.control.requests import Request as ControlRequest
from monitor.control.server import ask
from tests.end_to_end.harness import CONFIG, Project, record
from tests.servers import Answer, http_server

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")
ROUND = record("Second FTA round", "It opened on Tuesday in Busan with a speech.")


def connect(client: socket.socket, project: Project) -> None:
    state = os.open(project.folder / "state", os.O_RDONLY)
    client.connect(f"/proc/self/fd/{state}/control.sock")
    os.close(state)


def asked(project: Project, path: str) -> str:
    """What the socket answers to `curl --unix-socket`."""
    with socket.socket(socket.AF_UNIX) as client:
        connect(client, project)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        with client.makefile("rb") as answer:
            return answer.read().decode().replace("\r\n", "\n")


def test_a_watchlist_that_is_muted_while_the_daemon_runs_tells_nobody(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon:
        assert project.run("mute", "fta", "8h").code == 0
        daemon.wait_for_event("order_done")
        project.drop("a.txt", TALKS)
        daemon.wait_for_event("dump_stored")
        assert project.run("mute", "fta", "off").out == "fta is no longer muted\n"
        project.drop("b.txt", ROUND)
        daemon.wait_for_output("Second FTA round")
        assert daemon.stop() == 0
    told = [(row["title"], row["watchlists"], row["alert"]) for row in project.run("events", "--json").rows()]
    assert told == [("FTA talks held", ["fta"], []), ("Second FTA round", ["fta"], ["fta"])]


def test_a_channel_that_is_muted_while_the_daemon_runs_is_told_all_of_it_at_once_afterwards(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon:
            assert project.run("mute", "hook", "8h").code == 0
            for number, (name, text) in enumerate((("a.txt", TALKS), ("b.txt", VISIT)), start=1):
                project.drop(name, text)
                daemon.wait_for_event("dump_stored", number)
            [waiting] = project.run("alerts", "--json").rows()
            assert (waiting["id"], waiting["reason"], len(waiting["items"])) == (None, "mute", 2)
            [channel] = project.run("channels", "--json").rows()
            assert (channel["state"], channel["pending"]) == ("muted", 2)
            assert server.requests == []
            assert project.run("mute", "hook", "off").code == 0
            [request] = server.wait_for(1)
            daemon.wait_for_event("message_sent")
            assert daemon.stop() == 0
        assert len(server.requests) == 1
    assert "FTA talks held" in request.json()["message"]
    assert "Visit ends" in request.json()["message"]


def test_a_channel_that_refuses_is_shown_and_resumed_when_it_is_mended(tmp_path: Path) -> None:
    with http_server(Answer(status=401), Answer()) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        with project.daemon() as daemon:
            daemon.wait_for_event("operator_told")
            [row] = project.run("channels", "--json").rows()
            assert (row["state"], row["pending"]) == ("refused", 1)
            assert "401" in row["last_reason"]
            assert project.run("status", "--check").code == 1
            assert project.run("channels", "resume", "hook").out == "channel hook is tried again\n"
            daemon.wait_for_event("message_sent")
            [row] = project.run("channels", "--json").rows()
            assert (row["state"], row["pending"], row["last_reason"]) == ("ok", 0, None)
            assert project.run("status", "--check").code == 0
            assert daemon.stop() == 0
        assert len(server.requests) == 2


def test_messages_that_died_are_sent_again_or_dropped_while_the_daemon_runs(tmp_path: Path) -> None:
    with http_server(Answer(status=413), Answer(status=413), Answer()) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon:
            for number, (name, text) in enumerate((("a.txt", TALKS), ("b.txt", VISIT)), start=1):
                project.drop(name, text)
                daemon.wait_for_event("message_buried", number)
            assert project.run("alerts", "drop", "1").out == "message 1 is dropped\n"
            done = project.run("alerts", "retry", "2", "1", "7", "--json")
            assert [row["message"] for row in done.rows()] == [2]
            assert (done.code, done.err.count('"code": 1')) == (1, 2)
            daemon.wait_for_event("message_sent")
            assert daemon.stop() == 0
        assert len(server.requests) == 3
    assert [row["state"] for row in project.run("alerts", "--json").rows()] == ["dropped", "sent"]


def test_errors_are_those_of_a_command_without_a_daemon(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    orders = [
        ("mute", "taem", "8h"),
        ("mute", "fta", "999999w"),
        ("channels", "resume", "fta"),
        ("alerts", "drop", "99"),
    ]
    with project.daemon() as daemon:
        beside = [project.run(*words) for words in orders]
        assert daemon.stop() == 0
    assert beside == [project.run(*words) for words in orders]
    assert [done.code for done in beside] == [1, 2, 1, 1]


def test_two_commands_at_once_are_both_done(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    names = ("fta", "semiconductor", "hook")
    with project.daemon() as daemon, ThreadPoolExecutor(3) as pool:
        assert [done.code for done in pool.map(lambda name: project.run_apart("mute", name, "8h"), names)] == [0, 0, 0]
        status = project.run("status", "--json").rows()[0]
        assert daemon.stop() == 0
    assert status["releases"]["muted_watchlists"].keys() == {"fta", "semiconductor"}
    assert status["channels"][0]["state"] == "muted"


def test_the_socket_is_its_owners_and_goes_with_the_daemon(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    path = project.folder / "state" / "control.sock"
    with project.daemon() as daemon:
        assert path.stat().st_mode & 0o777 == 0o600
        assert "200 OK" in asked(project, "/healthz")
        assert asked(project, "/readyz").endswith(("\nready\n", "\nstarting\n"))
        assert 'monitor_events_total{kind="new"} 0' in asked(project, "/metrics")
        assert daemon.stop() == 0
        assert daemon.wait_for_event("stopped")[0].get("unfinished") is None
    assert not path.exists()


def test_a_killed_daemons_socket_is_in_nobodys_way(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon:
        daemon.stop(signal.SIGKILL)
    assert (project.folder / "state" / "control.sock").is_socket()
    assert project.run("mute", "fta", "8h").code == 0
    with project.daemon() as daemon:
        assert project.run("mute", "fta", "off").out == "fta is no longer muted\n"
        daemon.wait_for_event("order_done")
        assert daemon.stop() == 0


def test_a_state_folder_with_a_long_path_takes_orders(tmp_path: Path) -> None:
    state = "/".join(["a-rather-long-folder"] * 10)
    project = Project(tmp_path / "p", config=(CONFIG % "console://").replace("state: state/", f"state: {state}"))
    assert len(state) > 200
    with project.daemon() as daemon:
        assert project.run("mute", "fta", "8h").code == 0
        daemon.wait_for_event("order_done")
        assert daemon.stop() == 0


def test_whoever_hangs_on_the_socket_keeps_neither_alerts_nor_the_end_waiting(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon, socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        connect(one, project)
        one.sendall(b"\x00\xff" * 100)
        project.drop("a.txt", TALKS)
        daemon.wait_for_output("FTA talks held")
        assert project.run("mute", "fta", "8h").code == 0
        connect(two, project)
        two.sendall(b"[" * 1000)
        assert daemon.stop() == 0
    assert not (project.folder / "state" / "control.sock").exists()


def test_an_order_leaves_the_daemon_its_lock(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon:
        assert project.run("mute", "fta", "8h").code == 0
        status = project.run("status", "--json").rows()[0]
        assert (status["daemon"]["pid"], status["daemon"]["verb"]) == (daemon.process.pid, "run")
        assert daemon.stop() == 0


def test_a_test_message_goes_the_way_of_every_message_and_its_attempts_show(tmp_path: Path) -> None:
    with http_server(Answer(status=413), Answer()) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        with project.daemon() as daemon:
            for number, event in enumerate(("message_buried", "message_sent"), start=1):
                row = ask(project.folder / "state", ControlRequest(command="test", arguments=("hook",)))
                assert row["text"] == "the test message to channel hook is due now"
                server.wait_for(number)
                daemon.wait_for_event(event)
            assert daemon.stop() == 0
    tests = [row for row in project.run("alerts", "--json").rows() if row["kind"] == "test"]
    assert [(row["state"], row["attempts"], row["items"]) for row in tests] == [("dead", 1, []), ("sent", 1, [])]
    assert {"'hook' works" in row["text"] for row in tests} == {True}
