"""Replay histories with the program that PYTHONPATH names, and write down all that it stored and sent.

`python -P replay.py FOLDER PORT` is run once for each program, from the file: it imports nothing but that program's
command line. FOLDER holds one folder for each history, with stages as `bench/verdicts.py` writes them.
Each command runs in a process forked from this one, which has loaded the program once.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

Row = dict[str, Any]
PRELOADED = ("monitor.cli.ingest", "monitor.cli.run", "monitor.daemon.bootstrap", "monitor.notify.apprise_channel")
FINE = (0, 3)  # exit codes; 3: something was rejected
# What a table says of an event or a message it says by the release, for these have other numbers in another order.
_OF_EVENT = "event.release, event.version, event.dump, event.kind"
QUERIES = {
    "dump": "SELECT * FROM dump",
    "release": "SELECT * FROM release",
    "version": "SELECT * FROM version",
    "event": "SELECT * FROM event",
    "related": "SELECT * FROM related",
    "listed": "SELECT * FROM listed",
    "seen": "SELECT * FROM seen",
    "reject": "SELECT * FROM reject",
    "matched": f"SELECT watchlist, notified, {_OF_EVENT} FROM matched JOIN event ON event.id = matched.event",
    "notice": "SELECT item.channel, item.watchlists, item.urgent, item.payload_json, item.message IS NULL AS waits,"
    f" {_OF_EVENT} FROM message_item AS item JOIN event ON event.id = item.event",
    "message": "SELECT * FROM message",
}
# Numbers of rows, file times, and keys that a run makes of its own.
_OWN = {
    "dump": ("mtime",),
    "release": ("head",),
    "version": ("id",),
    "event": ("id",),
    "reject": ("id", "path"),
    "message": ("id", "idem_key", "token"),
}
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?Z)?|(?<=the rest at )\d\d:\d\d")
_DELIVERY = re.compile(r"\b\d+-[0-9a-f]{16}\b")


def main(folder: Path, port: str) -> None:
    """Replay every history of the folder, and write what came of it beside its stages."""
    cli = import_module("monitor.cli")
    for module in PRELOADED:
        with suppress(ImportError):  # another version may have another name for it; it is loaded later then
            import_module(module)
    started = datetime.now(UTC).isoformat()
    for history in sorted(path for path in folder.iterdir() if path.is_dir()):
        os.chdir(history)
        Path("seeds").mkdir()
        for stage in sorted(Path("stages").iterdir()):
            _take_in(stage, port, cli)
        _run(cli, ["run", "--once"])
        Path("rows.json").write_text(json.dumps(stored(Path("state/monitor.db"), since=started)), encoding="utf-8")


def stored(database: Path, *, since: str) -> dict[str, list[Row]]:
    """Return the rows of each table; times of this run, which began at `since`, are all the same."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [_plain(dict(row), _OWN.get(table, ()), since) for row in connection.execute(query)]
            for table, query in QUERIES.items()
        }


def _plain(row: Row, own: Sequence[str], since: str) -> Row:
    return {name: _value(value, since) for name, value in row.items() if name not in own}


def _value(value: object, since: str) -> object:
    """Return a column as JSON can hold it; what is JSON already is read, for the order of its keys says nothing."""
    if isinstance(value, bytes):
        return value.hex()
    if not isinstance(value, str):
        return value
    text = without_now(value, since)
    if text.startswith(("{", "[")):
        with suppress(ValueError):  # a text of a release may begin like that
            return json.loads(text)
    return text


def without_now(text: str, since: str) -> str:
    """Return a text in which each time from `since` on is the same word, and so is each delivery number."""

    def plain(found: re.Match[str]) -> str:
        is_local = not found[0].endswith("Z")  # what a message says of its own time; no dump has such a time
        return "NOW" if is_local or found[0][:19] >= since[:19] else found[0]

    return _TIME.sub(plain, _DELIVERY.sub("DELIVERY", text))


def _take_in(stage: Path, port: str, cli: Any) -> None:
    """Ingest the files of a stage in order; what is written to a path again is ingested after what it showed before."""
    config = (stage / "config.yaml").read_text(encoding="utf-8")
    Path("config.yaml").write_text(config.replace("PORT", f"{port}/{Path.cwd().name}"), encoding="utf-8")
    for files in _runs(json.loads((stage / "files.json").read_text(encoding="utf-8"))):
        for number, name, mtime in files:
            path = (stage / f"{number:03}").rename(Path("seeds") / name)
            os.utime(path, None if mtime is None else (mtime, mtime))
        _run(cli, ["ingest", *(f"seeds/{name}" for _, name, _ in files)])


def _runs(files: Sequence[tuple[str, float | None]]) -> Iterator[list[tuple[int, str, float | None]]]:
    """Yield the files, each with its number, in groups in which no name stands twice."""
    group: list[tuple[int, str, float | None]] = []
    for number, (name, mtime) in enumerate(files):
        if any(name == other for _, other, _ in group):
            yield group
            group = []
        group.append((number, name, mtime))
    yield group


def _run(cli: Any, arguments: list[str]) -> None:
    """Run one command in a process of its own. Raise SystemExit where it fails."""
    pid = os.fork()
    if pid == 0:
        os._exit(_exit_code(cli, arguments))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in FINE:
        log = Path("log").read_text(encoding="utf-8", errors="replace")[-3000:]
        raise SystemExit(f"{Path.cwd()}: monitor {' '.join(arguments[:2])} … ended with {code}\n{log}")


def _exit_code(cli: Any, arguments: list[str]) -> int:
    """Run the command line as `monitor` does, with its output in files."""
    for path, number in (("output", 1), ("log", 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["monitor", *arguments]
    code: object = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the border of a process: it must not go on as its parent
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    return code if isinstance(code, int) else 1 if code else 0


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2])
