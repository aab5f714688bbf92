"""The daemon as a process: real folders, a real webhook, real signals."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.harness import CONFIG, IMPATIENT, MONITOR, Project, many, record
from tests.servers import Answer, http_server
from tests.waiting import wait_until

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")


def test_a_dropped_file_reaches_the_webhook_once(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("before.txt", TALKS)
        with project.daemon() as daemon:
            server.wait_for(1)
            (project.seeds / "now.txt").write_text(VISIT, "utf-8")
            requests = server.wait_for(2)
            (project.seeds / "copy.txt").write_text(VISIT, "utf-8")
            daemon.wait_for_event("dump_duplicate")
            assert daemon.stop() == 0
        assert len(server.requests) == 2
        assert "FTA talks held" in requests[0].json()["message"]
        assert "Visit ends" in requests[1].json()["message"]
        assert [row["state"] for row in project.run("alerts", "--json").rows()] == ["sent", "sent"]


def test_a_file_that_grows_is_held_then_completed_without_a_reject(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=_patient())
    with project.daemon() as daemon:
        (project.seeds / "a.txt").write_text(f"{TALKS}\n-\nVisit en", "utf-8")
        daemon.wait_for_event("dump_held")
        daemon.wait_for_output("FTA talks held")
        (project.seeds / "a.txt").write_text(f"{TALKS}\n{VISIT}", "utf-8")
        daemon.wait_for_event("dump_stored")
        daemon.wait_for_output("Visit ends")
        assert daemon.stop() == 0
    assert [row["state"] for row in project.run("dumps", "--rejects", "--json").rows()] == ["healed"]
    assert [row["kind"] for row in project.run("events", "--json").rows()] == ["new", "new"]


def test_a_tail_that_nobody_completes_is_rejected_after_the_grace(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon:
        (project.seeds / "a.txt").write_text(f"{TALKS}\n-\nVisit en", "utf-8")
        daemon.wait_for_event("tails_rejected")
        assert daemon.stop() == 0
    assert [row["kind"] for row in project.run("events", "--json").rows()] == ["new", "rejected"]


def test_a_folder_that_appears_later_is_watched(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.seeds.rmdir()
    with project.daemon() as daemon:
        daemon.wait_for_event("folder_missing")
        project.seeds.mkdir()
        project.drop("a.txt", TALKS)
        daemon.wait_for_output("FTA talks held")
        assert daemon.stop() == 0


def test_poll_mode_finds_files_too(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=_patient().replace("watch: {", "watch: {mode: poll, "))
    with project.daemon(IMPATIENT) as daemon:
        assert daemon.wait_for_event("started")[0]["mode"] == "poll"
        project.drop("a.txt", TALKS)
        daemon.wait_for_output("FTA talks held")
        assert daemon.stop() == 0


def test_a_second_daemon_is_refused_with_who_holds_the_folder(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with project.daemon() as daemon:
        done = project.run_apart("run")
        assert done.code == 11
        assert f"pid {daemon.process.pid}" in done.err
        project.drop("a.txt", TALKS)
        assert project.run("ingest", project.seeds / "a.txt").code == 11
        as_json = json.loads(project.run("ingest", project.seeds / "a.txt", "--json").err.splitlines()[-1])
        assert (as_json["schema_version"], as_json["error"]["code"]) == (1, 11)
        status = project.run("status", "--json").rows()[0]
        assert (status["ok"], status["daemon"]["pid"]) == (True, daemon.process.pid)
        assert project.run("status", "--check").code == 0
        assert daemon.stop() == 0
    assert project.run("status", "--check").code == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly_even_with_a_hung_endpoint(tmp_path: Path, number: int, code: int) -> None:
    with http_server(Answer(is_hanging=True)) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        project.drop("a.txt", TALKS)
        with project.daemon() as daemon:
            server.wait_for(1)
            assert daemon.stop(number) == code
        assert [row["state"] for row in project.run("alerts", "--json").rows()] == ["leased"]
        with project.daemon() as daemon:
            server.wait_for(2)
        [row] = project.run("alerts", "--json").rows()
        assert (row["attempts"], row["uncertain"]) == (2, 1)


def test_signals_that_come_together_end_it_all_the_same(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    for _ in range(5):
        with project.daemon() as daemon:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                daemon.process.send_signal(number)
            assert daemon.stop() in (0, 130)


def test_messages_of_a_channel_that_is_gone_are_shown_and_expire(tmp_path: Path) -> None:
    project = Project(
        tmp_path / "p", config=(CONFIG % "console://").replace("max_per_hour: 0}", "max_per_hour: 0, max_age: 1ms}")
    )
    project.drop("a.txt", TALKS)
    assert project.run("ingest", project.seeds / "a.txt").code == 0
    project.write_config((CONFIG % "console://").replace("hook:", "desk:") + "operator: {notify: [desk]}\n")
    rows = {row["name"]: row for row in project.run("channels", "--json").rows()}
    assert (rows["hook"]["state"], rows["hook"]["pending"]) == ("unconfigured", 1)
    assert "1 message to channel hook was given up" in project.run("run", "--once").out
    message, told = project.run("alerts", "--json").rows()
    assert (message["state"], message["reason"]) == ("dead", "older than max_age")
    assert (told["channel"], told["kind"], told["state"]) == ("desk", "system", "sent")


@pytest.mark.parametrize("progress", [0, 50_000, 200_000, 400_000])
def test_killed_while_it_takes_in_a_thousand_records_nothing_is_lost_or_doubled(tmp_path: Path, progress: int) -> None:
    project = Project(tmp_path / "p")
    project.drop("many.txt", many(1000))
    with project.daemon() as daemon:
        wal = project.folder / "state" / "monitor.db-wal"
        wait_until(
            lambda: daemon.process.poll() is not None or (wal.exists() and wal.stat().st_size >= progress), every=0.001
        )
        daemon.stop(signal.SIGKILL)
    with project.daemon() as daemon:
        daemon.wait_for_output("Release number 991 ")
        assert daemon.stop() == 0
    with closing(sqlite3.connect(project.folder / "state" / "monitor.db")) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT title) FROM version").fetchone() == (1000, 1000)
        assert connection.execute("SELECT count(*) FROM release").fetchone() == (1000,)
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1000,)
        assert connection.execute("SELECT count(DISTINCT event) FROM message_item").fetchone() == (100,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_heavy_libraries_wait_until_they_are_needed(tmp_path: Path) -> None:
    """A daemon with nothing but the console never loads Apprise (47 MB)."""
    project = Project(tmp_path / "p")
    project.drop("a.txt", TALKS)
    program = MONITOR[2].replace("main()", "\ntry: main()\nfinally: import sys; print('apprise' in sys.modules)")
    done = project.run_program(program, "run", "--once")
    assert done.out.splitlines()[-1] == "False"


def _patient() -> str:
    return (CONFIG % "console://").replace("partial_grace: 1s", "partial_grace: 10m")
