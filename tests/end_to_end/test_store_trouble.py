"""A daemon whose store takes nothing for a while: nothing is taken for done, delivery goes on, and all heals."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.end_to_end.harness import Daemon, Project, record
from tests.servers import Answer, HttpServer, http_server
from tests.waiting import wait_until

CHILD = Path(__file__).with_name(
    "fast_retry_child.py"
)  # the daemon, but what failed is tried again within milliseconds
CONFIG = """
timezone: Asia/Seoul
state: STATE
sources: {motie: {path: seeds/}}
channels: {hook: {url: "json://127.0.0.1:PORT", rate: 10000/s, max_per_hour: 0}}
watchlists: {fta: {keywords: [FTA]}}
operator: {notify: []}
watch: {settle: 50ms, rescan: 1s}
"""
ROOM = 600_000  # bytes; enough for a short release and its message, not for a long one
LONG = "Delegations spoke of the FTA at length. " * 20_000


def project_with(folder: Path, server: HttpServer, *, state: Path) -> Project:
    config = CONFIG.replace("PORT", str(server.port)).replace("STATE", str(state))
    return Project(folder, config=config)


def query(state: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(state / "monitor.db")) as connection:
        return connection.execute(sql).fetchall()


def stored(daemon: Daemon, name: str) -> None:
    count = 1
    while name not in {line["name"] for line in daemon.wait_for_event("dump_stored", count)}:
        count += 1


def paused(project: Project) -> str:
    """Why nothing can be stored, as soon as `monitor status` says so."""
    reasons = list[Any]()

    def has_reason() -> bool:
        reasons.append(project.run("status", "--json").rows()[0]["daemon"]["paused"])
        return bool(reasons[-1])

    wait_until(has_reason)
    assert project.run("status", "--check").code == 1
    return str(reasons[-1])


def fill(path: Path, *, but: int) -> None:
    """Leave so many bytes of the file system."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            file.truncate(file.tell() - but)


def test_a_full_disk_holds_back_what_does_not_fit_and_delivery_goes_on(small_disk: Path, tmp_path: Path) -> None:
    state = small_disk / "state"
    with http_server(Answer(status=503), Answer()) as server:
        project = project_with(tmp_path / "p", server, state=state)
        with project.daemon(str(CHILD)) as daemon:
            fill(small_disk / "ballast", but=ROOM)
            project.drop("long.txt", record("Long FTA talks", LONG))
            [postponed, *_] = daemon.wait_for_event("file_postponed")
            assert (postponed["name"], "make room" in postponed["reason"]) == ("long.txt", True)
            assert "make room" in paused(project)  # though it cannot write that down
            project.drop("short.txt", record("Short FTA talks", "They met in Seoul."))
            stored(daemon, "short.txt")
            daemon.wait_for_event("message_sent")
            assert query(state, "SELECT name, status FROM file") == [("short.txt", "stored")]
            assert query(state, "SELECT state, attempts FROM message") == [("sent", 2)]  # the first was refused
            (small_disk / "ballast").unlink()
            stored(daemon, "long.txt")
            daemon.wait_for_event("message_sent", 2)
            assert daemon.stop() == 0
        assert len(server.requests) == 3
        assert query(state, "SELECT state, count(*) FROM message GROUP BY state") == [("sent", 2)]
        assert query(state, "PRAGMA integrity_check") == [("ok",)]


def test_a_store_that_another_program_locks_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    state = tmp_path / "p" / "state"
    with http_server(Answer(status=503)) as server:
        project = project_with(tmp_path / "p", server, state=state)
        with project.daemon(str(CHILD)) as daemon:
            project.drop("a.txt", record("First FTA talks", "They met in Seoul."))
            server.wait_for(1)
            with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                server.answers = (Answer(),)
                project.drop("b.txt", record("Second FTA talks", "They met in Busan."))
                [postponed, *_] = daemon.wait_for_event("file_postponed")
                assert "another program" in postponed["reason"]
                other.execute("ROLLBACK")
            stored(daemon, "b.txt")
            daemon.wait_for_event("message_sent", 2)
            assert daemon.stop() == 0
        assert query(state, "SELECT state, count(*) FROM message GROUP BY state") == [("sent", 2)]
        assert query(state, "SELECT count(*) FROM attempt WHERE outcome <> 'ok'")[0] >= (1,)


def test_a_locked_store_with_many_waiting_files_is_two_lines_however_often_it_is_tried(tmp_path: Path) -> None:
    state = tmp_path / "p" / "state"
    with http_server() as server:
        project = project_with(tmp_path / "p", server, state=state)
        with project.daemon(str(CHILD)) as daemon:
            project.drop("first.txt", record("First FTA talks", "They met in Seoul."))
            server.wait_for(1)
            with closing(sqlite3.connect(state / "monitor.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                for number in range(80):
                    project.drop(f"n{number}.txt", record(f"FTA talks number {number}", f"They met in town {number}."))
                daemon.wait_for_event("store_lost")
                reasons = {paused(project) for _ in range(3)}  # it is tried again meanwhile
                other.execute("ROLLBACK")
            assert ["another program" in reason for reason in reasons] == [True]
            daemon.wait_for_event("dump_stored", 81)
            daemon.wait_for_event("message_sent", 2)
            assert daemon.stop() == 0
        events = [line["event"] for line in daemon.lines()]
    assert events.count("store_lost") == events.count("store_back") >= 1
    assert events.count("file_postponed") <= events.count("store_lost")
    assert events.count("store_busy") == 0
