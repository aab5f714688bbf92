"""The real daemon on a machine whose clock jumps: a library between Python and the kernel shifts the wall clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.control.lock import DAEMON
from tests.end_to_end.harness import IMPATIENT, Daemon, Project, record
from tests.servers import Answer, http_server

SHIFT = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long seconds(void) {
    long by = 0;
    FILE *file = fopen(getenv("SHIFT_FILE"), "re");
    if (file) {
        if (fscanf(file, "%ld", &by) != 1) by = 0;
        fclose(file);
    }
    return by;
}

int clock_gettime(clockid_t id, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, id, at);
    if (!failed && id == CLOCK_REALTIME) at->tv_sec += seconds();
    return failed;
}

time_t time(time_t *into) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (into) *into = at.tv_sec;
    return at.tv_sec;
}
"""
HOUR, YEARS = 3600, 3650 * 86_400
TO_1970 = -56 * 366 * 86_400  # from any day of the years after 2026
COMPILER = shutil.which("cc")
QUOTA = "The FTA lifts exports by {} percent, both sides said on Monday, and the quota for beef stays."
CONFIG = """
timezone: Asia/Seoul
state: state/
sources: {motie: {path: seeds/}}
channels: {hook: {url: "%s", rate: 1000/s, max_per_hour: 0}}
watchlists: {fta: {keywords: [FTA]}}
operator: {notify: []}
retention: {events: 30, messages: 30, versions: 30}
watch: {settle: 100ms, rescan: 1s}
"""

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="no C compiler: `cc` makes the library that shifts the clock"),
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's"),
]


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The wall clock of the daemons that it starts."""

    folder: Path

    def set(self, by: int) -> None:
        """Shift it by so many seconds from now on."""
        made = self.folder / "shift.new"
        made.write_text(str(by), "ascii")
        made.rename(self.folder / "shift")

    def environ(self) -> dict[str, str]:
        return {**os.environ, "LD_PRELOAD": str(self.folder / "shift.so"), "SHIFT_FILE": str(self.folder / "shift")}

    @contextmanager
    def daemon(self, project: Project) -> Iterator[Daemon]:
        process: Any = subprocess.Popen(
            [sys.executable, IMPATIENT],
            cwd=project.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            daemon = Daemon(process)
            try:
                daemon.wait_for_event("started")
                yield daemon
            finally:
                process.kill()
                daemon.join()


@pytest.fixture
def clock(tmp_path: Path) -> ShiftedClock:
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "shift.c").write_text(SHIFT, "ascii")
    subprocess.run(
        [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", folder / "shift.so", folder / "shift.c"], check=True
    )
    made = ShiftedClock(folder)
    made.set(0)
    return made


def drop(project: Project, name: str, figure: str) -> None:
    project.drop(name, record("The FTA in figures", QUOTA.format(figure)))


@pytest.mark.parametrize("by", [-9 * HOUR, 9 * HOUR, YEARS, TO_1970], ids=["-9h", "+9h", "+10y", "1970"])
def test_a_daemon_whose_clock_jumps_goes_on_and_says_so(tmp_path: Path, clock: ShiftedClock, by: int) -> None:
    with http_server(Answer()) as hook:
        project = Project(tmp_path / "project", url=hook.url.replace("http", "json"), config=CONFIG)
        with clock.daemon(project) as daemon:
            drop(project, "1.txt", "5.0")
            hook.wait_for(1)
            clock.set(by)
            [jump] = daemon.wait_for_event("clock_jumped")
            assert abs(jump["seconds"] - by) <= 2
            drop(project, "2.txt", "5.1")
            hook.wait_for(2)
            project.write_config(CONFIG % hook.url.replace("http", "json") + "# edited\n")
            daemon.wait_for_event("started", 2)
            [status] = project.run("status", "--json").rows()
            assert (status["ok"], status["daemon"]["verb"]) == (True, DAEMON)
            assert abs(status["daemon"]["clock_ahead"] - by) <= 2
            clock.set(0)
            daemon.wait_for_event("clock_jumped", 2)
            drop(project, "3.txt", "6.4")
            hook.wait_for(3)
        assert [event["kind"] for event in project.run("events", "--json").rows()] == ["new", "changed", "changed"]
        assert all(version["body"] for version in project.run("show", "1", "--json").rows())


def test_what_comes_while_the_clock_was_not_set_yet_is_no_older_than_what_is_known(
    tmp_path: Path, clock: ShiftedClock
) -> None:
    with http_server(Answer()) as hook:
        project = Project(tmp_path / "project", url=hook.url.replace("http", "json"), config=CONFIG)
        for name, figure, shift in (("1.txt", "5.0", 0), ("2.txt", "5.1", TO_1970), ("3.txt", "6.4", YEARS)):
            clock.set(shift)
            with clock.daemon(project) as daemon:
                drop(project, name, figure)
                hook.wait_for(int(name[0]))
                daemon.stop()
        assert [event["kind"] for event in project.run("events", "--json").rows()] == ["new", "changed", "changed"]
