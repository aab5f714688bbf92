"""One monitor whose store is a PostgreSQL database: the commands of a day, a first run, and a wrong address."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.end_to_end.forking import Process
from tests.end_to_end.harness import CONFIG, MONITOR, Daemon, Project, record
from tests.pgbouncer import Pgbouncer
from tests.postgresql_databases import Databases
from tests.postgresql_server import Server, schema, swapped

STORED = 'store: "${STORE_URL}"\nnode: seoul-1\n'
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
MOVED = record("FTA talks held", "Delegations met in Seoul on Monday. The next round is in May.")


@pytest.fixture
def project(tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("STORE_URL", databases.url(tmp_path / "database"))
    return Project(tmp_path / "p", url="console://", config=STORED + CONFIG)


@pytest.fixture
def empty_database(postgresql_server: str) -> Iterator[str]:
    with schema(postgresql_server, f"no_tables_{os.getpid()}") as url:
        yield url


def test_a_day_on_a_shared_store(project: Project) -> None:
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0
    project.drop("b.txt", MOVED)
    assert project.run("run", "--once").code == 0
    kinds = [json.loads(line)["kind"] for line in project.run("events", "--json").out.splitlines()]
    assert kinds == ["new", "changed"]
    assert "FTA talks held" in project.run("show", "1").out
    assert "FTA talks held" in project.run("releases", "talks").out
    assert project.run("alerts", "--json").out.count('"sent"') == 2
    assert project.run("db", "verify", "--deep").code == 0
    assert project.run("status", "--json").code == 0
    assert not (project.folder / "state" / "monitor.db").exists()


def test_what_a_node_said_of_an_attempt_after_it_was_taken_for_dead_is_shown(
    project: Project, tmp_path: Path, databases: Databases
) -> None:
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0
    with psycopg.connect(databases.url(tmp_path / "database")) as connection:
        connection.execute(
            "UPDATE attempt SET outcome = 'unknown', reason_redacted = 'it ended', late = 'ok: accepted'"
        )
    assert project.run("alerts", "show", "1").out.endswith("unknown  it ended; its node said later: ok: accepted\n")
    [shown] = project.run("alerts", "show", "1", "--json").rows()
    assert [one["late"] for one in shown["tries"]] == ["ok: accepted"]


def test_the_tables_are_made_by_one_command_alone(
    project: Project, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", empty_database)
    project.drop("a.txt", TALKS)
    for words in (["run", "--once"], ["ingest", "seeds/a.txt"], ["events"]):
        refused = project.run(*words)
        assert (refused.code, "`monitor db migrate`" in refused.err) == (1, True), words
    assert project.run("db", "migrate").out == "the tables are up to date (1 step)\n"
    assert project.run("db", "migrate").out == "the tables were up to date\n"
    assert project.run("run", "--once").code == 0


def test_a_node_that_had_a_store_takes_no_other_one(
    project: Project, empty_database: str, tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.run("run", "--once").code == 0
    monkeypatch.setenv("STORE_URL", databases.url(tmp_path / "another"))
    for words in (["run", "--once"], ["events"]):
        refused = project.run(*words)
        assert (refused.code, "another store" in refused.err) == (1, True), words
    monkeypatch.setenv("STORE_URL", empty_database)
    refused = project.run("run", "--once")
    assert (refused.code, "this node had a store there" in refused.err) == (1, True)


def test_a_node_without_its_store_key_is_told_so(project: Project) -> None:
    assert project.run("run", "--once").code == 0
    project.write_config(CONFIG % "console://")
    for words in (["run", "--once"], ["events"], ["doctor"]):
        refused = project.run(*words)
        assert (refused.code, "write `store:` again" in refused.out + refused.err) == (1, True), words


def test_a_node_keeps_its_id(project: Project) -> None:
    project.run("run", "--once")
    made = (project.folder / "state" / "NODE_ID").read_text()
    project.run("run", "--once")
    assert (project.folder / "state" / "NODE_ID").read_text() == made
    assert len(made.strip()) == 32


def test_an_address_shows_no_password(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", "postgresql://monitor:hunter2@127.0.0.1:1/monitor")
    codes = {"check": 0, "doctor": 1}  # the configuration is right; the system is not
    for words in (["run", "--once"], ["status"], ["config", "show"], ["doctor"], ["check"], ["db", "migrate"]):
        done = project.run(*words)
        assert done.code == codes.get(words[0], done.code)
        assert "hunter2" not in done.out + done.err, words
    (project.folder / "config.yaml").write_text("store: postgresql://monitor:hunter2@127.0.0.1:1/monitor\n" + CONFIG)
    for words in (["config", "show"], ["check"], ["run", "--once"]):
        done = project.run(*words)
        assert "hunter2" not in done.out + done.err, words


def test_a_pooler_that_the_configuration_does_not_name_is_named_by_every_command(
    project: Project, pooler: Pgbouncer, pooled_databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", pooled_databases.url(tmp_path / "behind"))
    for words in (["run", "--once"], ["check"], ["doctor"], ["status"], ["db", "migrate"]):
        done = project.run(*words)
        assert "set `pooler: true`" in done.out + done.err, words
    project.write_config("pooler: true\n" + (project.folder / "config.yaml").read_text("utf-8"))
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0


def test_without_its_variable_no_command_falls_back_to_a_store_of_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORE_URL")
    for words in (["run", "--once"], ["events"], ["status"], ["db", "verify"]):
        done = project.run(*words)
        assert (done.code, "STORE_URL" in done.err) == (78, True), words
    (project.folder / "config.yaml").write_text(STORED + "\tnot yaml\n" + CONFIG)
    assert project.run("events").code == 78


def test_a_file_is_ingested_by_hand_beside_the_daemon(project: Project, tmp_path: Path) -> None:
    (tmp_path / "beside.txt").write_text(TALKS, "utf-8")
    with project.daemon() as daemon:
        done = project.run("ingest", "--source", "motie", tmp_path / "beside.txt")
        assert (done.code, "dump_stored" in done.err) == (0, True), done.err
        daemon.wait_for_event("message_sent")
        assert [json.loads(line)["state"] for line in project.run("alerts", "--json").out.splitlines()] == ["sent"]
        assert project.run("run", "--once").code == 11  # two of one folder would be one node twice
        assert project.run("db", "prune").code == 0
        project.write_config(STORED + "sources: [\n")
        daemon.wait_for_event("config_refused")
        assert project.run("mute", "fta", "1h").code == 0  # the daemon knows the watchlist
        daemon.stop()


def test_another_store_in_its_place_gets_and_tells_nothing(
    project: Project, tmp_path: Path, databases: Databases
) -> None:
    """A pooler that was pointed elsewhere, or a schema that was renamed: the sessions of the daemon stay."""
    own, other = databases.url(tmp_path / "database"), databases.url(tmp_path / "other")
    with project.daemon() as daemon:
        project.drop("a.txt", TALKS)
        daemon.wait_for_event("message_sent")
        with swapped(own, other):
            project.drop("b.txt", MOVED)
            [lost, *_] = daemon.wait_for_event("store_lost")
            assert "another store than before" in lost["reason"]
        daemon.wait_for_event("message_sent", 2)
        daemon.stop()
    kinds = [json.loads(line)["kind"] for line in project.run("events", "--json").out.splitlines()]
    assert (kinds, project.run("alerts", "--json").out.count('"sent"')) == (["new", "changed"], 2)
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT 1 FROM node UNION ALL SELECT 1 FROM dump").fetchall() == []


def test_a_node_with_the_old_name_of_a_source_does_not_start(project: Project, tmp_path: Path) -> None:
    """Its folder would be a new source, and alert from the first release on."""
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0
    shared = (project.folder / "config.yaml").read_text("utf-8")
    renamed = shared.replace("  motie:", "  ministry:\n    was: [motie]")
    other = Project(tmp_path / "other", config=shared)
    project.write_config(renamed)
    assert project.run("run", "--once").code == 0
    other.drop("a.txt", TALKS)
    for words in (["run", "--once"], ["check"], ["ingest", "seeds/a.txt"]):
        refused = other.run(*words)
        said = refused.out + refused.err
        assert (refused.code, "config.yaml:" in said, "was: [motie] here, too" in said) == (78, True, True), words
    other.write_config(renamed)
    assert (other.run("run", "--once").code, other.run("alerts", "--json").out.count('"sent"')) == (0, 1)
    other.write_config(shared.replace("  motie:", "  motie:\n    was: []"))
    assert (other.run("run", "--once").code, other.run("alerts", "--json").out.count('"sent"')) == (0, 2)


def test_a_daemon_waits_for_a_server_that_is_not_there_yet(
    tmp_path: Path, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", own_server.url.replace("postgres@", "postgres:hunter2@"))
    project = Project(tmp_path / "p", url="console://", config=STORED + CONFIG)
    assert project.run("db", "migrate").code == 0
    own_server.stop()
    with closing(Process([*MONITOR[1:], "run", "--log-format", "json"], folder=project.folder)) as process:
        daemon = Daemon(process)
        try:
            [paused] = daemon.wait_for_event("start_paused")
            assert "hunter2" not in str(paused)
            status = json.loads(project.run("status", "--json").out)
            assert (status["ok"], status["nodes"], status["store"]["exists"]) == (False, [], False)
            assert status["daemon"]["paused"]
            assert "no connection" in status["store"]["fault"]
            assert "not known" in project.run("status").out
            own_server.start()
            daemon.wait_for_event("started")
            assert daemon.stop() == 0
        finally:
            process.kill()
            daemon.join()


def test_without_the_driver_the_command_that_installs_it_is_told(project: Project) -> None:
    program = "import sys; sys.modules['psycopg'] = None; from monitor.cli import main; main()"
    for words in (["run", "--once"], ["status"], ["db", "migrate"]):
        done = project.run_program(program, *words)
        assert (done.code, "pip install 'press-monitor[postgres]'" in done.err) == (78, True), (words, done.err)
