"""`alerts retry|drop`, `mute` and `channels resume`, where no daemon runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.config import load
from monitor.control import lock
from monitor.control.client import CommandClient
from monitor.control.requests import Request
from monitor.testing import NOON
from tests.control.test_server import impostor
from tests.end_to_end.harness import Project, record
from tests.servers import Answer, HttpServer, http_server

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the semiconductor plant ended with a dinner.")
TOO_LARGE, FORBIDDEN = Answer(status=413), Answer(status=401)


def project_of(folder: Path, server: HttpServer) -> Project:
    return Project(folder / "p", url=f"json://127.0.0.1:{server.port}")


def states(project: Project) -> list[str]:
    return [row["state"] for row in project.run("alerts", "--json").rows()]


@pytest.fixture
def plain(tmp_path: Path) -> Project:
    """A project that prints its alerts, with one printed: message 1."""
    project = Project(tmp_path / "p")
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").code == 0
    return project


def test_a_dead_message_is_sent_again(tmp_path: Path) -> None:
    with http_server(TOO_LARGE, Answer()) as server:
        project = project_of(tmp_path, server)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        assert states(project) == ["dead"]
        assert project.run("alerts", "retry", "1").out == "message 1 is due now\n"
        assert states(project) == ["pending"]
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == 2
    assert states(project) == ["sent"]


def test_a_dead_message_is_dropped_for_good(tmp_path: Path) -> None:
    with http_server(TOO_LARGE, Answer()) as server:
        project = project_of(tmp_path, server)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        assert project.run("alerts", "drop", "1").out == "message 1 is dropped\n"
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == 1
    [row] = project.run("alerts", "--json").rows()
    assert (row["state"], row["reason"].startswith("dropped by hand; last: ")) == ("dropped", True)


def test_one_message_is_shown_with_every_attempt(tmp_path: Path) -> None:
    with http_server(TOO_LARGE, Answer()) as server:
        project = project_of(tmp_path, server)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        assert project.run("alerts", "retry", "1").code == 0
        assert project.run("run", "--once").code == 0
    [row] = project.run("alerts", "show", "1", "--json").rows()
    assert [(one["outcome"], one["code"]) for one in row["tries"]] == [("refused", 413), ("ok", 200)]
    assert {name: value for name, value in row.items() if name != "tries"} == project.run("alerts", "--json").rows()[0]
    shown = project.run("alerts", "show", "1").out.splitlines()
    assert shown[:2] == ["message 1 to hook: sent (instant)", "#1  FTA talks held  → fta"]
    assert [line.split()[2:4] for line in shown[2:]] == [["refused", "413"], ["ok", "200"]]
    assert project.run("alerts", "show", "99").code == 1


def test_of_several_all_that_can_be_done_is_done(tmp_path: Path) -> None:
    with http_server(TOO_LARGE, TOO_LARGE, Answer()) as server:
        project = project_of(tmp_path, server)
        for name, text in (("a.txt", TALKS), ("b.txt", VISIT)):
            project.drop(name, text)
        assert project.run("run", "--once").code == 3
        done = project.run("alerts", "drop", "1", "99", "2", "1")
    assert (done.code, done.out) == (1, "message 1 is dropped\nmessage 2 is dropped\n")
    assert done.err.splitlines() == [
        "monitor: 99: there is no message 99; `monitor alerts` lists them",
        "monitor: 1: message 1 is dropped; only one that is pending, held or dead can be dropped",
    ]
    assert states(project) == ["dropped", "dropped"]


def test_with_json_each_thing_done_is_a_line_and_each_error_is_one(tmp_path: Path) -> None:
    with http_server(TOO_LARGE) as server:
        project = project_of(tmp_path, server)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
    done = project.run("alerts", "retry", "99", "1", "--json")
    text = "message 1 is due now"
    assert done.rows() == [{"schema_version": 1, "verb": "retry", "message": 1, "state": "pending", "text": text}]
    error = json.loads(done.err)["error"]
    assert (done.code, error["code"], error["where"]) == (1, 1, "99")


@pytest.mark.parametrize(
    "words", [("alerts", "--json", "drop", "1"), ("alerts", "-c", "config.yaml", "drop", "1", "--json")]
)
def test_options_of_the_group_count_for_its_verbs(plain: Project, words: Sequence[str]) -> None:
    done = plain.run(*words)
    assert json.loads(done.err)["error"]["message"].startswith("message 1 is sent; ")


def seoul(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo('Asia/Seoul')):%Y-%m-%d %H:%M}"


def test_people_read_all_times_in_the_zone_of_the_configuration_and_programs_in_utc(plain: Project) -> None:
    [event] = plain.run("events", "--json").rows()
    [dump] = plain.run("dumps", "--json").rows()
    [alert] = plain.run("alerts", "--json").rows()
    times = {"event": event["at"], "dump": dump["at"], "alert": alert["sent_at"]}
    local = {row: seoul(at) for row, at in times.items()}
    assert {at[-1] for at in times.values()} == {"Z"}
    assert plain.run("events").out.startswith(f"{local['event']}  new")
    assert plain.run("dumps").out.splitlines()[1].startswith(f"{local['dump']}  motie")
    assert f"  {local['alert']}  " in plain.run("alerts").out
    assert f"  {local['alert']}  ok" in plain.run("alerts", "show", "1").out
    shown = plain.run("show", "1").out.splitlines()
    assert shown[0].startswith(f"release 1, version 1: new  {local['event']}  a.txt")
    assert f"{local['event']}  new in a.txt" in "\n".join(shown)
    assert f"{local['event']}  new  FTA talks held" in plain.run("watchlists").out
    [row] = plain.run("mute", "hook", "8h", "--json").rows()
    until = seoul(row["muted_until"])
    assert f"until {row['muted_until']};" in row["text"]
    assert f"  {until}  " in plain.run("channels").out
    assert plain.run("channels", "resume", "hook").out == f"channel hook is tried again; it is muted until {until}\n"


def test_what_proves_a_dump_older_is_told_in_the_zone_of_the_configuration(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    for name, figure in (("20240705.txt", "5.3"), ("20240704.txt", "5.1")):
        project.drop(name, record("FTA talks held", f"Exports rose by {figure} percent, and the talks went on."))
        assert project.run("run", "--once").code == 0
    [_, stale] = project.run("events", "--json").rows()
    assert "its name says 2024-07-03 15:00 UTC, a later one 2024-07-04 15:00 UTC" in stale["reason"]
    assert "its name says 2024-07-04 00:00, a later one 2024-07-05 00:00" in project.run("show", "1").out


def test_what_a_muted_watchlist_matches_is_recorded_and_told_to_nobody(plain: Project) -> None:
    done = plain.run("mute", "fta", "8h", "--json")
    [row] = done.rows()
    assert set(row) == {"schema_version", "verb", "name", "muted_until", "text"}
    plain.drop("b.txt", record("Second FTA round", "It opened on Tuesday in Busan."))
    assert plain.run("run", "--once").out == ""
    [_, event] = plain.run("events", "--json").rows()
    assert (event["watchlists"], event["alert"]) == (["fta"], [])
    status = plain.run("status")
    assert f"watchlist fta until {seoul(row['muted_until'])}" in status.out
    assert plain.run("mute", "fta", "off").out == "fta is no longer muted\n"
    plain.drop("c.txt", record("Third FTA round", "It closed on Friday in Sejong."))
    assert "Third FTA round" in plain.run("run", "--once").out


def test_what_comes_for_a_muted_channel_comes_in_one_message_afterwards(plain: Project) -> None:
    assert plain.run("mute", "hook", "8h").out.startswith("channel hook is muted until 20")
    for name, text in (("b.txt", record("Second FTA round", "It opened in Busan.")), ("c.txt", VISIT)):
        plain.drop(name, text)
        assert plain.run("run", "--once").out == ""
    [_, waiting] = plain.run("alerts", "--json").rows()
    assert (waiting["id"], waiting["reason"], len(waiting["items"])) == (None, "mute", 2)
    shown = plain.run("alerts").out.splitlines()[-1].split()
    assert (shown[:4], shown[-1]) == (["hook", "digest", "pending", "0"], "mute")
    assert plain.run("mute", "hook", "off").out.startswith("channel hook is no longer muted")
    told = plain.run("run", "--once").out
    assert told.count("monitor show") == 2
    assert [row["kind"] for row in plain.run("alerts", "--json").rows()] == ["instant", "digest"]


def test_a_mute_before_the_first_run_counts(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    assert project.run("mute", "fta", "8h").code == 0
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once").out == ""


def test_a_channel_that_refused_is_resumed_when_it_is_mended(tmp_path: Path) -> None:
    with http_server(FORBIDDEN, Answer()) as server:
        project = project_of(tmp_path, server)
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        [row] = project.run("channels", "--json").rows()
        assert (row["state"], row["pending"], row["failures"], row["opened_until"]) == ("refused", 1, 1, None)
        assert "401" in row["last_reason"]
        assert "401" in project.run("channels").out
        project.run("run", "--once")
        assert len(server.requests) == 1, "it is left alone"
        assert project.run("channels", "resume", "hook").out == "channel hook is tried again\n"
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == 2
    [row] = project.run("channels", "--json").rows()
    assert (row["state"], row["pending"], row["failures"], row["last_reason"]) == ("ok", 0, 0, None)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("alerts", "retry", "99"), 1, "there is no message 99"),
        (("alerts", "drop", "99"), 1, "there is no message 99"),
        (("alerts", "retry", "1"), 1, "message 1 is sent; only one that is pending, held or dead can be sent again"),
        (("alerts", "drop", "1"), 1, "message 1 is sent; only one that is pending, held or dead can be dropped"),
        (("alerts", "retry"), 2, "Missing argument"),
        (("alerts", "retry", "x"), 2, "not a valid integer"),
        (("alerts", "retry", "0"), 2, "not in the range"),
        (("alerts", "drop", "9" * 30), 2, "not in the range"),
        (("mute", "taem", "8h"), 1, "the configuration has hook, fta, semiconductor"),
        (("mute", "fta", "8"), 2, "'8' is not a valid duration"),
        (("mute", "fta", "999999w"), 2, "is too long"),
        (("mute", "fta"), 2, "Missing argument"),
        (("mute", "fta", "off"), 0, "fta was not muted"),
        (("channels", "resume", "fta"), 1, "there is no channel 'fta'; the configuration has hook"),
        (("channels", "resume", "hook"), 0, "channel hook is tried again"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(plain: Project, words: Sequence[str], code: int, text: str) -> None:
    done = plain.run(*words)
    assert done.code == code
    assert text in done.out + done.err


def test_a_pass_that_is_under_way_is_not_disturbed(plain: Project) -> None:
    with lock.hold(plain.folder / "state", verb="run --once", now=NOON):
        for words in (("alerts", "drop", "1"), ("mute", "fta", "8h"), ("channels", "resume", "hook")):
            done = plain.run(*words)
            assert done.code == 11
            assert "(run --once); wait until it has ended" in done.err
        assert plain.run("status", "--json").rows()[0]["daemon"] is None, "a pass is no daemon"


def test_commands_that_come_together_are_all_done_without_a_daemon_too(plain: Project) -> None:
    names = ("fta", "semiconductor", "hook")
    with ThreadPoolExecutor(3) as pool:
        assert [done.code for done in pool.map(lambda name: plain.run_apart("mute", name, "8h"), names)] == [0, 0, 0]
    assert plain.run("status", "--json").rows()[0]["releases"]["muted_watchlists"].keys() == {"fta", "semiconductor"}


def test_a_command_that_the_daemon_did_not_live_to_answer_is_done_here_and_so_are_those_that_follow(
    plain: Project,
) -> None:
    config = load(plain.folder / "config.yaml", environ={})
    with impostor(config.state, b""), ExitStack() as stack:
        client = CommandClient(config, stack)
        assert client.run(Request(command="mute", arguments=("fta", "8h")))["name"] == "fta"
        assert client.run(Request(command="mute", arguments=("hook", "8h")))["name"] == "hook"
    assert plain.run("status", "--json").rows()[0]["releases"]["muted_watchlists"].keys() == {"fta"}


def test_check_says_what_waits_for_a_channel_that_is_gone(plain: Project) -> None:
    plain.run("mute", "hook", "8h")
    plain.drop("b.txt", VISIT)
    assert plain.run("run", "--once").code == 0
    text = (plain.folder / "config.yaml").read_text("utf-8")
    plain.write_config(text.replace("hook:", "team:"))
    done = plain.run("check")
    assert done.code == 0
    assert "1 alert waits for 'hook', which is not configured" in done.out
