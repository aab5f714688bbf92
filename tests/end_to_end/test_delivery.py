"""Delivery as processes: crashes at exact places, hung and refusing services, rates, and who is told of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.testing import FrozenClock
from tests.end_to_end.forking import forked_python
from tests.end_to_end.harness import Project, many, record
from tests.servers import Answer, HttpServer, http_server

HALTING = Path(__file__).with_name("crash_child.py")
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit to a plant", "The visit to the FTA desk ended with a dinner.")
FIGURES = record("FTA figures out", "The office counted 12 agreements by June.")

OPERATOR = "operator: {notify: [%s]}"


def config(channels: str, more: str = "") -> str:
    return f"""
timezone: Asia/Seoul
state: state/
sources: {{motie: {{path: seeds/}}}}
channels:
{channels}
watchlists: {{fta: {{keywords: [FTA]}}}}
watch: {{settle: 50ms, rescan: 1s}}
{more}"""


def hook(server: HttpServer, name: str = "hook", more: str = "") -> str:
    return f'  {name}: {{url: "json://127.0.0.1:{server.port}", {more}}}'


def query(project: Project, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(project.folder / "state" / "monitor.db")) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("place", "arrived", "outcomes"),
    [
        ("before-commit", 1, ["ok"]),
        ("within-commit", 1, ["ok"]),
        ("after-commit", 1, ["ok"]),
        ("after-form", 1, ["ok"]),
        ("within-claim", 1, ["ok"]),
        ("after-claim", 1, ["unknown", "ok"]),
        ("after-send", 2, ["unknown", "ok"]),
        ("within-done", 2, ["unknown", "ok"]),
        ("after-done", 1, ["ok"]),
    ],
)
def test_a_crash_anywhere_loses_nothing_and_tells_what_it_does_not_know(
    tmp_path: Path, place: str, arrived: int, outcomes: list[str]
) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", config=config(hook(server)))
        project.drop("a.txt", TALKS)
        assert project.run_program(HALTING.read_text("utf-8"), place, python=forked_python()).code == -9
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == arrived
    assert query(project, "SELECT outcome FROM attempt ORDER BY message, n") == [(outcome,) for outcome in outcomes]
    assert query(project, "SELECT state FROM message") == [("sent",)]
    assert query(project, "SELECT kind FROM event") == [("new",)]


def test_a_channel_that_is_never_to_be_told_twice_holds_what_may_have_arrived(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", config=config(hook(server, more="on_uncertain: hold")))
        project.drop("a.txt", TALKS)
        project.run_program(HALTING.read_text("utf-8"), "after-send", python=forked_python())
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == 1
    assert [row["state"] for row in project.run("alerts", "--json").rows()] == ["held"]


def test_six_hung_channels_keep_nobody_waiting(tmp_path: Path) -> None:
    with ExitStack() as stack:
        hung = [stack.enter_context(http_server(Answer(is_hanging=True))) for _ in range(6)]
        well = stack.enter_context(http_server())
        channels = [hook(server, f"hung{number}") for number, server in enumerate(hung)]
        project = Project(tmp_path / "p", config=config("\n".join([*channels, hook(well, "well")])))
        with project.daemon() as daemon:
            project.drop("a.txt", TALKS)
            for server in (*hung, well):
                server.wait_for(1)
            daemon.wait_for_event("message_sent")
            assert query(project, "SELECT count(*) FROM message WHERE state = 'leased'") == [(6,)]
            daemon.stop()
            stopped = daemon.wait_for_event("stopped")[0]
        assert stopped["unfinished"].count("deliver-hung") == 6
    assert query(project, "SELECT count(*) FROM attempt WHERE ended_at IS NULL") == [(6,)]


def test_what_was_on_its_way_at_the_stop_is_unknown_and_sent_again(tmp_path: Path) -> None:
    with http_server(Answer(is_hanging=True), Answer()) as server:
        project = Project(tmp_path / "p", config=config(hook(server)))
        project.drop("a.txt", TALKS)
        with project.daemon() as daemon:
            server.wait_for(1)
            assert daemon.stop() == 0
        assert project.run("run", "--once").code == 0
        assert len(server.requests) == 2
    assert [(row["state"], row["uncertain"]) for row in project.run("alerts", "--json").rows()] == [("sent", 1)]
    assert "may have arrived more than once" in project.run("alerts").out


def test_a_rate_is_kept_over_a_restart(tmp_path: Path) -> None:
    with http_server() as server:
        project = Project(tmp_path / "p", config=config(hook(server, more="rate: 20/s, max_per_hour: 0")))
        for number in range(20):
            project.drop(f"{number}.txt", record(f"FTA round {number}", f"Item {number * 7} was settled by {number}."))
        with project.daemon() as daemon:
            server.wait_for(8)
            daemon.stop()
        with project.daemon() as daemon:
            server.wait_for(20)
            daemon.stop()
    reservations = [
        datetime.fromisoformat(str(at)) for (at,) in query(project, "SELECT started_at FROM attempt ORDER BY 1")
    ]
    gaps = [later - earlier for earlier, later in pairwise(reservations)]
    assert len(reservations) >= 20
    assert min(gaps) >= timedelta(milliseconds=49)  # 50, written down in whole milliseconds


def test_a_refused_message_is_given_up_and_another_channel_hears_of_it(tmp_path: Path) -> None:
    with http_server(Answer(status=400)) as bad, http_server() as good:
        project = Project(tmp_path / "p", config=config(f"{hook(bad, 'bad')}\n{hook(good, 'good')}", OPERATOR % "good"))
        with project.daemon() as daemon:
            project.drop("a.txt", TALKS)
            told = good.wait_for(2)
            daemon.stop()
        assert len(bad.requests) == 1
    assert "a message to channel bad was given up" in told[1].json()["title"] + told[1].json()["message"]
    rows = project.run("alerts", "--json").rows()
    assert {(row["channel"], row["kind"], row["state"]) for row in rows} == {
        ("bad", "instant", "dead"),
        ("good", "instant", "sent"),
        ("good", "system", "sent"),
    }


def test_a_channel_that_refuses_everything_waits_for_its_settings_to_change(tmp_path: Path) -> None:
    with http_server(Answer(status=401)) as locked, http_server() as open_:
        project = Project(tmp_path / "p", config=config(hook(locked)))
        project.drop("a.txt", TALKS)
        assert project.run("run", "--once").code == 3
        assert project.run("run", "--once").code == 3
        assert len(locked.requests) == 1  # not knocked at again: a mailbox would be locked for that
        project.write_config(config(hook(open_)))
        assert project.run("run", "--once").code == 0
        assert len(open_.requests) == 1


SEOUL = ZoneInfo("Asia/Seoul")


class ClockedProject:
    """The works in this process, on a clock that is set by hand."""

    def __init__(self, project: Project, clock: FrozenClock) -> None:
        self._project = project
        self._clock = clock

    def run_once_at(self, hour: int, minute: int = 0, *, day: int = 23) -> int:
        at = datetime(2026, 11, day, hour, minute, tzinfo=SEOUL)
        self._clock.advance(at - self._clock.now())
        settings = load(self._project.folder / "config.yaml", environ={})
        with open_runtime(settings, verb="run", clock=self._clock) as runtime:
            return runtime.run_once()


@contextmanager
def dispatcher(folder: Path, more: str, rest: str = "") -> Iterator[tuple[Project, ClockedProject, HttpServer]]:
    with http_server() as server:
        project = Project(folder, config=config(hook(server, more=more), rest))
        yield project, ClockedProject(project, FrozenClock()), server


def test_a_digest_gathers_until_its_time_and_is_told_once(tmp_path: Path) -> None:
    with dispatcher(tmp_path / "p", 'digest: "mon-fri 08:30"') as (project, commands, server):
        project.drop("a.txt", TALKS)
        assert commands.run_once_at(7) == 0
        project.drop("b.txt", VISIT)
        assert commands.run_once_at(8, 29) == 0
        assert server.requests == []
        assert commands.run_once_at(8, 30) == 0
        assert commands.run_once_at(8, 31) == 0
        [request] = server.requests
    told = request.json()["title"] + request.json()["message"]
    assert "FTA talks held" in told
    assert "Visit to a plant" in told
    assert "Mon 23 Nov 08:30" in told
    assert [row["kind"] for row in project.run("alerts", "--json").rows()] == ["digest"]


def test_a_window_that_passed_while_nobody_ran_is_caught_up_and_says_so(tmp_path: Path) -> None:
    with dispatcher(tmp_path / "p", 'digest: "08:30"') as (project, commands, server):
        project.drop("a.txt", TALKS)
        commands.run_once_at(7)
        commands.run_once_at(15, day=27)
        [request] = server.requests
    assert "Mon 23 Nov 08:30, sent late" in request.json()["title"] + request.json()["message"]


def test_an_hourly_digest_is_told_each_hour_that_has_news_and_once(tmp_path: Path) -> None:
    with dispatcher(tmp_path / "p", 'digest: 1h, quiet: "fri 18:00-mon 08:00"') as (project, commands, server):
        project.drop("a.txt", TALKS)
        for minute in (40, 41):
            assert commands.run_once_at(7, minute) == 0  # on Monday
        assert server.requests == []
        for minute in (0, 1):
            assert commands.run_once_at(8, minute) == 0
        assert len(server.requests) == 1
        project.drop("b.txt", VISIT)
        commands.run_once_at(9)
        assert len(server.requests) == 1
        project.drop("c.txt", FIGURES)
        commands.run_once_at(10, 10)
        commands.run_once_at(12)
        commands.run_once_at(13)
    told = [request.json()["title"] + request.json()["message"] for request in server.requests]
    windows = ["Mon 23 Nov 08:00", "Mon 23 Nov 10:00", "Mon 23 Nov 11:00, sent late"]
    titles = ["FTA talks held", "Visit to a plant", "FTA figures out"]
    assert len(told) == len(windows)
    for text, window, title in zip(told, windows, titles, strict=True):
        assert window in text
        assert title in text


def test_quiet_hours_hold_and_merge_and_what_is_urgent_passes(tmp_path: Path) -> None:
    urgent = "aliases: {}\n"
    with dispatcher(tmp_path / "p", 'quiet: "22:00-07:00"', urgent) as (project, commands, server):
        text = (project.folder / "config.yaml").read_text("utf-8")
        both = "watchlists: {fta: {keywords: [FTA]}, plant: {keywords: [plant], urgent: true}}"
        project.write_config(text.replace("watchlists: {fta: {keywords: [FTA]}}", both))
        project.drop("a.txt", TALKS)
        project.drop("b.txt", FIGURES)
        assert commands.run_once_at(23) == 0
        assert server.requests == []
        project.drop("c.txt", VISIT)
        commands.run_once_at(23, 30)
        assert len(server.requests) == 1
        commands.run_once_at(7, day=24)
        urgent_one, held = server.requests
    assert "Visit to a plant" in urgent_one.json()["message"]
    assert "FTA talks held" in held.json()["message"]
    assert "FTA figures out" in held.json()["message"]


def test_a_flood_folds_into_one_summary_that_names_every_release(tmp_path: Path) -> None:
    with dispatcher(tmp_path / "p", "max_per_hour: 5") as (project, commands, server):
        for number in range(12):
            project.drop(f"{number:02}.txt", record(f"FTA round {number:02}", f"Item {number * 7} was settled."))
        commands.run_once_at(9)
        assert len(server.requests) == 5
        commands.run_once_at(9, 59)
        assert len(server.requests) == 5
        commands.run_once_at(10)
        *_, summary = server.requests
        assert len(server.requests) == 6
    assert [n for n in range(12) if f"FTA round {n:02}" in summary.json()["message"]] == [5, 6, 7, 8, 9, 10, 11]


def test_a_first_scan_can_be_a_baseline(tmp_path: Path) -> None:
    with dispatcher(tmp_path / "p", "", f"first_run: baseline\n{OPERATOR % 'hook'}") as (project, commands, server):
        project.drop("a.txt", many(20))
        commands.run_once_at(9)
        [told] = server.requests
        assert "20 releases, 2 would match" in told.json()["title"] + told.json()["message"]
        project.drop("b.txt", TALKS)
        commands.run_once_at(10)
        assert "FTA talks held" in server.requests[1].json()["message"]
    rows = project.run("events", "--json").rows()
    assert [row["alert"] for row in rows if row["watchlists"]] == [[], [], ["fta"]]
