"""What each command may load: start-up is most of what a short command costs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

# All that is worth a name, with the standard library's own; a command may load what stands beside it, nothing else.
COSTLY = frozenset(
    {"difflib", "html", "logging", "monitor.control.commands", "monitor.match.keywords", "monitor.match.query"}
    | {"monitor.match.regex", "monitor.misread", "monitor.notify.channels"}
    | {"anyio", "apprise", "apscheduler", "asyncio", "h11", "http.client", "jinja2", "prometheus_client", "psycopg"}
    | {"pydantic", "rapidfuzz", "re2", "requests", "rich", "smtplib", "sqlite3", "sqlite_utils", "ssl", "starlette"}
    | {"turbohtml", "urllib3", "uvicorn", "watchdog", "yaml"}
    | {"monitor.compare", "monitor.daemon", "monitor.notify.apprise_channel", "monitor.pipeline", "monitor.web"}
)
CONFIG = frozenset({"monitor.match.keywords", "pydantic", "yaml"})
READS = CONFIG | {"sqlite3"}
MATCHES = READS | {"monitor.match.query", "monitor.match.regex"}
SENDS = MATCHES | {"http.client", "logging", "monitor.notify.channels", "ssl"}
INGESTS = SENDS | {"monitor.compare", "monitor.daemon", "monitor.pipeline", "rapidfuzz"}
APPRISE = frozenset({"apprise", "asyncio", "difflib", "html", "requests", "smtplib", "urllib3"})
MAY_LOAD = {
    "--help": frozenset[str](),
    "--version": frozenset[str](),
    "completion bash": frozenset[str](),
    "config schema": CONFIG,
    "config show": CONFIG | {"rich"},
    "status": READS,
    "status --json": READS,
    "status --check": READS,
    "channels": READS | {"rich"},
    "events": READS,
    "events --json": READS,
    "releases": MATCHES | {"rich"},
    "releases FTA": MATCHES | {"rich"},
    "show 1": READS | {"monitor.compare", "rapidfuzz"},  # a redline
    "dumps": READS | {"rich"},
    "alerts": READS | {"rich"},
    "watchlists": READS | {"rich"},
    "db verify": READS,
    "ingest later.txt": INGESTS,
    "run --once": INGESTS,  # where nothing is to be sent
    "check": SENDS | APPRISE | {"monitor.notify.apprise_channel"},
}  # fmt: skip
MAY_FAIL = ("status --check",)  # no daemon runs
DUMP = "-\nTalks on the FTA are held\nThe two sides met in Seoul for a round of talks on trade. date{}\n"


def run(words: str, folder: Path) -> set[str]:
    """Run a command in a process of its own, and return what it loaded of all that is worth a name."""
    program = (
        "import sys\n"
        f"sys.argv = ['monitor', *{shlex.split(words)}]\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code or 0\n"
        f"print(code, *({set(COSTLY)} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0" or words in MAY_FAIL, done.stdout + done.stderr
    return set(loaded)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with a webhook and a store with one release that no watchlist matches."""
    made = tmp_path_factory.mktemp("loaded")
    (made / "in").mkdir()
    (made / "config.yaml").write_text(
        "sources: {a: {path: in/}}\n"
        "channels: {c: {url: 'json://127.0.0.1:9/'}}\n"
        "watchlists: {w: {keywords: [semiconductor, 반도체 수출]}}\n",
        "utf-8",
    )
    (made / "in" / "first.txt").write_text(DUMP.format("2026-01-05"), "utf-8")
    (made / "later.txt").write_text(DUMP.format("2026-01-06"), "utf-8")
    run("run --once", made)
    return made


@pytest.mark.parametrize("words", MAY_LOAD)
def test_a_command_loads_only_what_it_needs(words: str, folder: Path) -> None:
    assert run(words, folder) <= MAY_LOAD[words]


def test_only_a_store_that_has_something_to_migrate_loads_what_migrates(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "config.yaml").write_bytes((folder / "config.yaml").read_bytes())
    assert ["sqlite_utils" in run("run --once", tmp_path) for _ in range(2)] == [True, False]


def test_a_daemon_has_its_own_code_for_sending_before_an_upgrade_replaces_it() -> None:
    names = "'monitor.notify.apprise_channel', 'monitor.notify.wire_tap', 'apprise'"
    program = f"import sys, monitor.daemon.main; print(*(name in sys.modules for name in ({names})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]


@pytest.mark.parametrize(("words", "is_collected"), [("--help", False), ("status", True), ("run --once", True)])
def test_garbage_is_looked_for_once_the_configuration_is_read(words: str, is_collected: bool, folder: Path) -> None:
    program = (
        "import gc, sys\n"
        f"sys.argv = ['monitor', *{words.split()}]\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{is_collected} {is_collected}"
