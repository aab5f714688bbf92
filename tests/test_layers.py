"""The layer rule of ARCHITECTURE.md, held by reading the code."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIONS = ("collect", "compare", "match", "notify", "store")
DOORS = {
    "sqlite3": ("monitor/store/sqlite/",),
    "sqlite_utils": ("monitor/store/sqlite/",),
    "psycopg": ("monitor/store/postgresql/",),
    "watchdog": ("monitor/collect/watching/watcher.py", "monitor/collect/watching/inotify_tree.py"),
    "apprise": ("monitor/notify/apprise_channel.py", "monitor/notify/wire_tap.py"),
    "apscheduler": ("monitor/daemon/scheduler.py",),
    "rapidfuzz": ("monitor/compare/",),
    "re2": ("monitor/match/regex.py",),
    "yaml": ("monitor/config/", "monitor/collect/formats/document/front_matter.py"),
    "pydantic": ("monitor/config/",),
    "jinja2": ("monitor/notify/html.py", "monitor/web/pages.py"),
    "starlette": ("monitor/web/",),
    "anyio": ("monitor/web/",),
    "uvicorn": ("monitor/web/server.py",),
    "h11": ("monitor/web/server.py",),
    "prometheus_client": ("monitor/web/daemon_app.py",),
    "turbohtml": ("monitor/collect/formats/markup.py",),
    "markupsafe": ("monitor/web/markup.py", "monitor/web/charts.py"),
    "pytest": (),
}
SERVING = ("starlette", "uvicorn", "anyio", "h11", "prometheus_client")  # what answers requests
HEAVY = (
    "apprise",
    "apscheduler",
    "sqlite_utils",
    "sqlite3",
    "psycopg",
    "pydantic",
    "watchdog",
    "rich",
    "yaml",
    "jinja2",
    "turbohtml",
    *SERVING,
)


OPENERS = ("monitor/daemon/bootstrap.py", "monitor/control/client.py", "monitor/inspect/", "monitor/cli/db.py")


@cache
def imports() -> list[tuple[str, str]]:
    """(file, imported module) for every import statement of the package, wherever in the file it stands."""
    found = []
    for path in sorted((ROOT / "monitor").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                names = [node.module or ""]
            found += [(str(path.relative_to(ROOT)), name) for name in names]
    return found


def test_no_station_imports_another() -> None:
    crossings = [
        (file, name)
        for file, name in imports()
        for station in STATIONS
        for other in STATIONS
        if file.startswith(f"monitor/{station}/") and other != station and name.startswith(f"monitor.{other}")
    ]
    assert crossings == []


def test_a_store_is_opened_in_few_places_and_by_its_door_alone() -> None:
    outside = [
        (file, name)
        for file, name in imports()
        if f"{name}.".startswith("monitor.store.")
        and not file.startswith("monitor/store/")
        and not (name == "monitor.store.open" and file.startswith(OPENERS))
        and not (file == "monitor/cli/db.py" and name in ("monitor.store.copy", "monitor.store.sqlite.backup"))
    ]
    assert outside == [], f"only {OPENERS} may import store.open, and nothing else of store"


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    outside = [
        (file, name)
        for file, name in imports()
        if name.split(".")[0] == library and not file.startswith(DOORS[library])
    ]
    assert outside == [], f"only {DOORS[library]} may import {library}"


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys; sys.argv = ['monitor', '--help']\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_status_loads_nothing_that_sends_watches_or_renders_mail(tmp_path: Path) -> None:
    unneeded = ("apprise", "apscheduler", "watchdog", "jinja2", "turbohtml", *SERVING)
    program = (
        "import sys\n"
        "from monitor.cli import main\n"
        "for words in (['config', 'init'], ['status']):\n"
        "    sys.argv = ['monitor', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert end.code == 0\n"
        f"print('loaded:', [name for name in {unneeded} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_a_single_pass_loads_nothing_that_serves(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "sources: {a: {path: in/}}\nchannels: {c: {url: 'console://'}}\nwatchlists: {w: {keywords: [FTA]}}\n"
    )
    (tmp_path / "in").mkdir()
    program = (
        "import sys; sys.argv = ['monitor', 'run', '--once']\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print('loaded:', [name for name in {SERVING} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_the_contracts_of_import_linter_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
