"""Measure the processor time of the same work in monitor and in webchanges, the leanest peer; both as black boxes.

The peer is installed, pinned, into an environment of its own in the user's cache folder. It compares lines and knows
no release. Ours decides, matches, stores and delivers every alert to a webhook; the peer prints its report. Both run
the same files in the same order, by turns, each with its own state; the webhook's own cost counts for neither.
With `--changedetection` a second peer takes its turn, too; `bench/changedetection.py` says what is counted there.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO

from bench import changedetection
from bench.peer_programs import environment, program
from bench.report import Figure

PEER = "webchanges==3.37.0"
RELEASES = int(os.environ.get("MONITOR_BENCH_RELEASES", "1000"))
TURNS = 3  # the least of so many runs, by turns, counts
_LETTERS = 3_000  # of a release
_WORDS = (
    "trade export talks chip energy accord port steel visit forum survey quota ministry market growth partner round"
    " plan budget supply import tariff deal customs factory record price order industry minister summit council"
)
_Files = dict[str, str]


@dataclass(frozen=True, slots=True)
class Work:
    """A state that both programs know, and the one that they are to report on."""

    what: str
    before: _Files
    after: _Files


_Run = Callable[[Path, Work], float]
_Runs = dict[str, _Run]  # by peer; "": ours


def peers(*, with_changedetection: bool = False) -> Sequence[Figure]:
    """Return a figure for each kind of work and peer: our processor time, held against the peer's."""
    webchanges = _webchanges_program()
    runs: _Runs = {"": _monitor, PEER: lambda folder, work: _webchanges(folder, work, webchanges)}
    if with_changedetection:
        service = changedetection.installed()
        runs[changedetection.PEER] = lambda folder, work: _changedetection(folder, work, service)
    return [figure for work in works() for figure in _figures(work, runs)]


def works() -> Sequence[Work]:
    """Return the rows of the table."""
    old, new, other = _releases(0), _releases(0, is_changed=True), _releases(RELEASES)
    mixed = random.Random(1).sample(old, len(old))  # noqa: S311 - reproducible, not secret
    return (
        Work("one dump, unchanged (in another order)", _dump(old), _dump(mixed)),
        Work("one dump, all changed", _dump(old), _dump(new)),
        Work("one dump, all new", _dump(old), _dump(other)),
        Work(f"{RELEASES:,} files, all new", {}, _files(old)),
        Work(f"{RELEASES:,} files, all changed", _files(old), _files(new)),
    )


def _figures(work: Work, runs: _Runs) -> Sequence[Figure]:
    costs = {peer: float("inf") for peer in runs}
    for turn in range(1, TURNS + 1):
        for peer, run in runs.items():
            print(f"bench: {work.what}, {peer or 'monitor'}, {turn} of {TURNS} …", file=sys.stderr, flush=True)
            costs[peer] = min(costs[peer], _measure(run, work))
    return [
        Figure(
            what=f"{work.what}, processor time of the whole command",
            value=costs[""],
            unit="s",
            floor=peer.replace("==", " "),
            floor_value=costs[peer],
        )
        for peer in costs
        if peer
    ]


def _measure(run: _Run, work: Work) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), work)


# --- the text ----------------------------------------------------------------------------------------------------


def _releases(first: int, *, is_changed: bool = False) -> list[str]:
    return [_release(number, is_changed=is_changed) for number in range(first, first + RELEASES)]


def _release(number: int, *, is_changed: bool) -> str:
    """Return a release of few different words, so that texts resemble each other; a changed one has another figure."""
    dice = random.Random(number)  # noqa: S311 - reproducible, not secret
    words = dice.choices(_WORDS.split(), k=_LETTERS // 7)
    words[len(words) // 2] = f"{dice.uniform(1, 99):.1f}{'7' if is_changed else '3'}"
    day = date(2020, 1, 1) + timedelta(days=number // 20)
    return f"-\n{' '.join(words[:4]).capitalize()} {number}\n{' '.join(words).capitalize()}. date{day}\n"


def _dump(releases: Sequence[str]) -> _Files:
    return {"dump.txt": "".join(releases)}


def _files(releases: Sequence[str]) -> _Files:
    return {f"release_{number:05}.txt": text for number, text in enumerate(releases)}


def _write(folder: Path, files: _Files) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


# --- the programs ------------------------------------------------------------------------------------------------


def _monitor(folder: Path, work: Work) -> float:
    """Return what one pass costs that takes in the files and delivers all alerts to a webhook."""
    with _sink() as port:
        (folder / "config.yaml").write_text(
            "sources: {press: {path: seeds/}}\n"
            f'channels: {{hook: {{url: "json://127.0.0.1:{port}/", rate: 10000/s, max_per_hour: 0}}}}\n'
            "watchlists: {all: {keywords: [trade, export, chip]}}\n",
            encoding="utf-8",
        )
        command = [str(Path(sys.executable).with_name("monitor")), "run", "--once"]
        return _run_twice(command, folder, folder / "seeds", work)


def _webchanges(folder: Path, work: Work, program: Path) -> float:
    """Return what one run costs that reads the files, compares them line by line and prints its report."""
    names = sorted({*work.before, *work.after})
    # Sorted lines: the peer's own answer to a listing in another order.
    jobs = [{"name": n, "url": (folder / "seeds" / n).as_uri(), "filters": ["sort"]} for n in names]
    (folder / "jobs.yaml").write_text("---\n".join(f"{json.dumps(job)}\n" for job in jobs), encoding="utf-8")
    shutil.copy(program.parent.parent / "config.yaml", folder / "config.yaml")
    files = ("--jobs", "jobs.yaml", "--config", "config.yaml", "--database", "snapshots.db")
    return _run_twice([str(program), *files], folder, folder / "seeds", work)


def _changedetection(folder: Path, work: Work, peer: Path) -> float:
    """Return what one recheck costs of a running service that has read the files of before, where there are any."""
    seeds = folder / "seeds"
    _write(seeds, work.before)
    with changedetection.service(peer, folder) as service:
        service.watch([seeds / name for name in sorted({*work.before, *work.after})])
        if work.before:
            service.recheck()
        _write(seeds, work.after)
        return service.recheck()


def _run_twice(command: Sequence[str], folder: Path, seeds: Path, work: Work) -> float:
    """Run it with the files of before, where there are any, and return the cost of the run with those of after."""
    _write(seeds, work.before)
    if work.before:
        _processor_time(command, folder)
    _write(seeds, work.after)
    return _processor_time(command, folder)


def _processor_time(command: Sequence[str], folder: Path) -> float:
    """Return the seconds of processor time of a command and all that it waited for."""
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=_environment(), stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{command[0]} failed:\n{(folder / 'output').read_text('utf-8', 'replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def _environment() -> dict[str, str]:
    home = str(environment(PEER))
    return {**os.environ, "HOME": home, "XDG_DATA_HOME": home, "PYTHONDONTWRITEBYTECODE": ""}


@contextmanager
def _sink() -> Iterator[str]:
    """Run a web server that accepts everything; its processor time is not ours."""
    with subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True) as server:
        stdout: IO[str] | None = server.stdout
        assert stdout is not None
        try:
            yield stdout.readline().strip()
        finally:
            server.terminate()


def _webchanges_program() -> Path:
    """Return the peer's program; run once after its installation: it then remembers its look for updates."""
    found = program(PEER, "webchanges")
    config = environment(PEER) / "config.yaml"
    if not config.exists():
        with tempfile.TemporaryDirectory() as folder:
            config.write_text("{}\n", encoding="utf-8")
            _webchanges(Path(folder), Work("", {}, {"a.txt": "a\n"}), found)
    return found
