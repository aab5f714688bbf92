"""Compare the decisions of another commit with those of the working tree: `./dev bench verdicts`.

Both programs ingest the same histories, each in a process and stores of its own, and deliver their alerts. Every
difference between what they stored and sent is printed: releases, versions, events with their reasons, links, notices
with all that an alert says, messages, and the text as the console and a webhook received it. Times of the run count as
equal.

MONITOR_BENCH_COMMIT: the other commit; without it the newest tag of a version, else the latest commit.
MONITOR_BENCH_HISTORIES: how many seeded histories. MONITOR_REAL_DUMPS: a folder of real dumps.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest
from pathlib import Path

from bench.histories import History, real_histories, seeded_histories
from bench.replay import Row, without_now
from bench.report import Figure

ROOT = Path(__file__).parent.parent
REPLAY = ROOT / "bench" / "replay.py"
HISTORIES = int(os.environ.get("MONITOR_BENCH_HISTORIES", "60"))
_REAL = ROOT / os.environ.get("MONITOR_REAL_DUMPS", "../shared/seeds")
_MAX_SHOWN = 20  # differences; the others are counted
_ROW_START, _EXCERPT = 120, 160  # characters of a row that are shown: its beginning, and around the first difference
_COUNTED = ("dump", "release", "version", "event", "related", "notice", "message", "alert")

Outcome = dict[str, list[Row]]  # table → its rows; what was sent is a table, too


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same in both; "": one of the programs has no such row."""

    history: str
    table: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        pairs = enumerate(zip(self.theirs, self.ours, strict=False))
        alike = next((at for at, (their, our) in pairs if their != our), 0)
        start = max(0, alike - _EXCERPT // 2)
        lines = (
            f"  {mark} {row[:_ROW_START]} … {row[start : alike + _EXCERPT]}"
            for mark, row in (("-", self.theirs), ("+", self.ours))
        )
        return "\n".join((f"{self.history}, {self.table}:", *lines))


def verdicts() -> Sequence[Figure]:
    """Print every difference, and return the counts. Raise SystemExit where there is one."""
    histories = [*real_histories(_REAL), *seeded_histories(HISTORIES)]
    commit = _other_commit()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        _check_out(commit, other)
        theirs, ours = outcomes(histories, [other, ROOT])
    found = differences(theirs, ours)
    for difference in found[:_MAX_SHOWN]:
        print(difference, file=sys.stderr)
    if found:
        raise SystemExit(f"bench: {len(found)} differences from {commit}, of which {_MAX_SHOWN} at most are shown")
    counts = Counter({table: sum(len(outcome[table]) for outcome in ours.values()) for table in _COUNTED})
    what = f"in {len(histories)} histories, equal to those of {commit}"
    return [Figure(what=f"{table}: rows {what}", value=counts[table], unit="") for table in _COUNTED] + [
        Figure(what=f"events of the kind {kind} {what}", value=count, unit="")
        for kind, count in sorted(Counter(str(row["kind"]) for one in ours.values() for row in one["event"]).items())
    ]


def outcomes(histories: Sequence[History], trees: Sequence[Path]) -> list[dict[str, Outcome]]:
    """Replay the histories with the program of each tree, all at once; return for each what it stored and sent."""
    since = datetime.now(UTC).isoformat()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(len(trees))]
        for folder in folders:
            for number, history in enumerate(histories):
                _write(folder / f"{number:03}", history)
        with _webhooks(folders) as ports:
            programs = [
                subprocess.Popen(
                    [sys.executable, "-P", str(REPLAY), str(folder), str(port)],
                    env={**os.environ, "PYTHONPATH": str(tree), "PYTHONWARNINGS": "ignore"},
                )
                for folder, tree, port in zip(folders, trees, ports, strict=True)
            ]
            codes = [program.wait() for program in programs]
            if any(codes):
                raise SystemExit("bench: a program failed")
        return [
            {history.name: _outcome(folder / f"{number:03}", since) for number, history in enumerate(histories)}
            for folder in folders
        ]


def differences(theirs: dict[str, Outcome], ours: dict[str, Outcome]) -> list[Difference]:
    """Return the rows that are in one outcome only, compared by the columns that both have."""
    found = []
    for history in ours:
        for table in ours[history]:
            their_rows, our_rows = theirs[history][table], ours[history][table]
            columns = set(their_rows[0]) & set(our_rows[0]) if their_rows and our_rows else None
            left, right = _counted(their_rows, columns), _counted(our_rows, columns)
            only_theirs, only_ours = sorted((left - right).elements()), sorted((right - left).elements())
            found += [Difference(history, table, *rows) for rows in zip_longest(only_theirs, only_ours, fillvalue="")]
    return found


def _counted(rows: Iterable[Row], columns: set[str] | None) -> Counter[str]:
    return Counter(
        json.dumps({n: row[n] for n in row if columns is None or n in columns}, sort_keys=True, ensure_ascii=False)
        for row in rows
    )


def _outcome(folder: Path, since: str) -> Outcome:
    """Return what one program made of one history."""
    stored: Outcome = json.loads((folder / "rows.json").read_text("utf-8"))
    files = [*folder.glob("sent_*"), folder / "output"]
    sent = [(path.name, line) for path in files for line in path.read_text("utf-8").splitlines()]
    return {**stored, "alert": [{"channel": name, "text": without_now(line, since)} for name, line in sent]}


def _write(folder: Path, history: History) -> None:
    """Write a history as `bench/replay.py` reads it."""
    for number, stage in enumerate(history.stages):
        place = folder / "stages" / str(number)
        place.mkdir(parents=True)
        (place / "config.yaml").write_text(stage.config, "utf-8")
        (place / "files.json").write_text(json.dumps([[file.name, file.mtime] for file in stage.files]), "utf-8")
        for at, file in enumerate(stage.files):
            (place / f"{at:03}").write_bytes(file.content)


def _other_commit() -> str:
    if commit := os.environ.get("MONITOR_BENCH_COMMIT"):
        return commit
    tags = _git("tag", "--list", "v*", "--sort=-v:refname").split()
    return tags[0] if tags else "HEAD"


def _check_out(commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextmanager
def _webhooks(folders: Sequence[Path]) -> Iterator[list[int]]:
    """Run a web server for each program; it keeps what it receives in the folder of the history that is replayed."""
    servers = [_Webhook(folder) for folder in folders]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield [server.server_address[1] for server in servers]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Webhook(ThreadingHTTPServer):
    """Appends each request to a file of its channel, in the folder of its history."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.folder = folder


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Webhook

    def do_POST(self) -> None:
        """Keep the body, one line of JSON, and accept it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, history, channel = self.path.rstrip("/").split("/")
        with (self.server.folder / history / f"sent_{channel}").open("ab") as file:
            file.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response_only(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Log nothing."""
