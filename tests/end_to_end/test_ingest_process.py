"""The pickup of a daemon that is a process of its own: what it says of itself, what kills it, what drowns it."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.control.requests import Request
from monitor.control.server import ask
from monitor.health import daemon_state
from monitor.inspect.status import status_of
from tests.end_to_end.harness import DEADLINE, IMPATIENT, Daemon, Project, many, record
from tests.end_to_end.ingesting import CONFIG, query
from tests.kernel import no_instances, short_queue
from tests.rights import WITHOUT_OVERRIDE
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the signs of other systems are poorer")

TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")


def notice(number: int) -> str:
    """A record that is like no other: each has a day of its own."""
    day = date(1900, 1, 1) + timedelta(days=number)
    return record(f"Notice {number}", f"Office {number * 13} wrote item {number * 7}.", str(day))


def watch(project: Project) -> dict[str, Any]:
    """What `status` says of the only source, and whether all is well."""
    channel_state = project.run("status", "--json").rows()[0]
    [source] = channel_state["sources"]
    return {**source["watch"], "ok": channel_state["ok"]}


def status_watch(project: Project, *, timeout: float) -> dict[str, Any]:
    """The same, for whoever will not wait long."""
    _, channel_state = status_of(project.folder / "config.yaml", now=datetime.now(UTC), timeout=timeout)
    told: Any = channel_state
    return {**told["sources"][0]["watch"], "ok": told["ok"]}


def wait_for_watch(project: Project, state: str) -> None:
    """Until the daemon's own word is of this state; `status` repeats it."""
    folder = project.folder / "state"
    wait_until(lambda: daemon_state.read_state(folder).get("sources", {}).get("motie", {}).get("state") == state)


def remake(project: Project) -> None:
    shutil.rmtree(project.seeds)
    project.seeds.mkdir()


def rename_away(project: Project) -> None:
    project.seeds.rename(project.folder / "away")
    project.seeds.mkdir()


@pytest.mark.parametrize("act", [remake, rename_away])
def test_a_folder_made_anew_is_healed_and_what_fell_into_the_gap_is_found(
    act: Callable[[Project], None], tmp_path: Path
) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    with project.daemon() as daemon:
        for number in range(3):
            act(project)
            (project.seeds / f"{number}.txt").write_text(notice(number), "utf-8")  # in the gap
            daemon.wait_for_event("dump_stored", number + 1)
            shutil.rmtree(project.folder / "away", ignore_errors=True)
        assert daemon.stop() == 0


def test_a_folder_that_is_missing_closed_or_open_is_said_as_it_is(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.seeds.rmdir()
    with project.daemon("-c", WITHOUT_OVERRIDE, "run", "--log-format", "json") as daemon:
        said = watch(project)
        assert (said["state"], said["reason"], said["ok"]) == ("waiting", "the folder is missing", False)
        project.seeds.mkdir()
        wait_for_watch(project, "watching")
        (project.seeds / "a.txt").write_text(notice(1), "utf-8")
        daemon.wait_for_event("dump_stored", 1)

        project.seeds.chmod(0o311)  # its owner may write into it still
        wait_for_watch(project, "waiting")
        said = watch(project)
        assert (said["state"], said["ok"]) == ("waiting", False)
        assert "cannot be read" in said["reason"]
        (project.seeds / "b.txt").write_text(notice(2), "utf-8")
        project.seeds.chmod(0o755)
        daemon.wait_for_event("dump_stored", 2)
        wait_for_watch(project, "watching")
        (project.seeds / "c.txt").write_text(notice(3), "utf-8")
        daemon.wait_for_event("dump_stored", 3)
        assert watch(project)["ok"]
        assert daemon.stop() == 0


@pytest.mark.alone
def test_without_an_inotify_instance_the_daemon_polls_and_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    with no_instances(), project.daemon(IMPATIENT) as daemon:
        [polled] = daemon.wait_for_event("folder_polled")
        assert "the system gives no file events" in polled["reason"]
        assert daemon.wait_for_event("started")[0]["mode"] == "poll"
        said = watch(project)
        assert (said["state"], said["ok"], said["reason"]) == ("polling", True, polled["reason"])
        project.drop("a.txt", TALKS)
        daemon.wait_for_event("dump_stored")
        assert daemon.stop() == 0


def test_a_daemon_that_hangs_is_not_said_to_be_well(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    with project.daemon() as daemon:
        assert watch(project)["ok"]
        daemon.process.send_signal(signal.SIGSTOP)
        said = status_watch(project, timeout=0.5)
        assert (said["state"], said["ok"]) == ("unknown", False)
        assert "the daemon gave no answer within" in said["reason"]
        assert project.run("status", "--check").code == 1
        daemon.process.send_signal(signal.SIGCONT)
        assert daemon.stop() == 0
    said = watch(project)
    assert (said["state"], said["reason"], said["ok"]) == ("unknown", "no daemon runs", False)


def test_of_a_daemon_that_cannot_be_asked_status_shows_the_last_change_and_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    with project.daemon() as daemon:
        wait_for_watch(project, "watching")
        (project.folder / "state" / "control.sock").unlink()
        said = watch(project)
        assert (said["state"], said["ok"]) == ("watching", True)
        assert "the daemon cannot be asked for news" in said["reason"]
        project.seeds.rmdir()
        wait_for_watch(project, "waiting")
        assert project.run("status", "--check").code == 1
        daemon.stop(signal.SIGKILL)
    said = watch(project)
    assert (said["state"], said["reason"], said["ok"]) == ("unknown", "no daemon runs", False)


def test_a_daemon_to_which_nothing_happens_writes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    with project.daemon() as daemon:
        wait_for_watch(project, "watching")
        path = project.folder / "state" / daemon_state.FILE
        before = path.stat()
        wait_for_states(project, 3)
        assert path.stat() == before
        assert daemon.stop() == 0


def wait_for_states(project: Project, count: int) -> None:
    """Until the daemon has spoken so many times more; each word is of another moment."""
    words = list[Any]()

    def has_spoken() -> bool:
        answer: Any = ask(project.folder / "state", Request(command="state"))
        if answer["state"] not in words:
            words.append(answer["state"])
        return len(words) >= count

    wait_until(has_spoken)


def test_status_shows_what_is_ignored_and_what_is_not_settled(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    (project.seeds / "a.csv").write_text("x")
    with (project.seeds / "open.txt").open("w"), project.daemon() as daemon:
        wait_until(lambda: daemon_state.read_state(project.folder / "state")["sources"]["motie"]["unsettled"])
        said = watch(project)
        assert (said["ignored"], said["ignored_names"], said["unsettled"]) == (1, ["a.csv"], 1)
        assert said["oldest_unsettled"]
        shown = project.run("status").out
        assert "unsettled: 1 (since " in shown
        assert "passed over 1 file that no source takes by its name: a.csv" in shown
        assert daemon.stop() == 0


@pytest.mark.alone
def test_a_burst_that_overflows_the_kernels_queue_arrives_whole_and_is_counted(tmp_path: Path, full: bool) -> None:
    count, events = (50_000, 1000) if full else (2_000, 16)
    project = Project(tmp_path / "p", config=CONFIG)
    with ExitStack() as stack:
        with short_queue(events):
            daemon = stack.enter_context(project.daemon())
        burst = "import sys\nfor n in range(int(sys.argv[1])): open(f'{n}.txt', 'w').write(sys.argv[2])"
        daemon.process.send_signal(signal.SIGSTOP)  # however fast it reads, now it does not
        subprocess.run([sys.executable, "-c", burst, str(count), TALKS], cwd=project.seeds, check=True)
        daemon.process.send_signal(signal.SIGCONT)
        wait_for_files(project, count, deadline=600 if full else DEADLINE)
        daemon.wait_for_event("events_lost")
        wait_until(lambda: daemon_state.read_state(project.folder / "state")["overflows"])  # it speaks once a second
        assert query(project, "SELECT count(*) FROM release") == [(1,)]
        assert daemon.stop() == 0


def test_killed_at_any_moment_of_sixty_take_ins_it_loses_nothing_and_doubles_nothing(
    tmp_path: Path, full: bool
) -> None:
    kills, dumps = (120, 60) if full else (5, 60)
    dice = random.Random(11)  # noqa: S311 - reproducible, not secret
    scan_schedule = max(1, kills // 12)
    for number in range(scan_schedule):
        project = Project(tmp_path / f"p{number}", config=CONFIG)
        for dump in range(dumps):
            text = "\n".join(notice(dump * 10 + each) for each in range(10))
            project.drop(f"{dump}.txt", text)
        acknowledged: set[str] = set()
        for _ in range(min(kills, 12)):
            with project.daemon() as daemon:
                wal = project.folder / "state" / "monitor.db-wal"
                _until_grown(wal, dice.randrange(0, 300_000), daemon)
                daemon.stop(signal.SIGKILL)
            acknowledged |= {line["name"] for line in daemon.lines() if line["event"] == "dump_stored"}
            stored = {name for (name,) in query(project, "SELECT name FROM file")}
            assert acknowledged <= stored
        with project.daemon() as daemon:
            wait_for_files(project, dumps)
            assert daemon.stop() == 0
        counts = "SELECT (SELECT count(*) FROM release), (SELECT count(*) FROM version), (SELECT count(*) FROM event)"
        assert query(project, counts) == [(dumps * 10,) * 3]
        assert query(project, "PRAGMA integrity_check") == [("ok",)]


def wait_for_files(project: Project, count: int, *, deadline: float = DEADLINE) -> None:
    wait_until(lambda: query(project, "SELECT count(*) FROM file") == [(count,)], deadline=deadline)


def _until_grown(wal: Path, size: int, daemon: Daemon) -> None:
    """Until the store's log has grown by so much, or for a moment when all is done already."""
    end = time.monotonic() + 1.0
    start = wal.stat().st_size if wal.exists() else 0
    wait_until(
        lambda: (
            daemon.process.poll() is not None
            or time.monotonic() >= end
            or (wal.exists() and wal.stat().st_size >= start + size)
        ),
        every=0.001,
    )


def test_a_stop_in_the_middle_of_a_long_queue_is_quick_and_the_rest_comes_later(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    for number in range(300):
        project.drop(f"{number:03}.txt", notice(number))
    project.drop("big.txt", many(1500))
    with project.daemon() as daemon:
        daemon.wait_for_event("dump_stored")
        assert daemon.stop() == 0
        [stopped] = daemon.wait_for_event("stopped")
    assert "unfinished" not in stopped
    before = query(project, "SELECT count(*) FROM file")[0][0]
    with project.daemon() as daemon:
        daemon.wait_for_event("dump_stored", 301 - before)
        assert daemon.stop() == 0
    assert query(project, "SELECT count(*), count(DISTINCT path) FROM file") == [(301, 301)]
