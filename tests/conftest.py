"""What every test runs under: no proxies, no leaked threads, `--full` for the long runs."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from tests.examples import FULL
from tests.kernel import lane

pytest_plugins = ["tests.postgresql_fixtures"]
collect_ignore = [] if find_spec("psycopg") else ["store/postgresql", "test_postgresql_server.py"]  # it is an extra
for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "MONITOR_CONFIG"):
    os.environ.pop(name, None)  # tests talk to 127.0.0.1 and to nobody else
os.environ.pop("COLUMNS", None)  # what is printed is as wide as it is
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a script: children would ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("full", deadline=None, max_examples=FULL)  # a slow machine is no fault
settings.register_profile("short", deadline=None, max_examples=FULL // 4)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long fault, kill and property tests in full length")


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: a test that runs a daemon waits for half of its time."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """A long run tries all examples, and says in the end where its time went."""
    settings.load_profile("full" if config.getoption("--full") else "short")
    if config.getoption("--full") and not config.option.durations:
        config.option.durations = 25


_SLOW = ("browser", "docs", "end_to_end", "packaging")  # folders of tests that wait for processes


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first; those that must be alone come when nobody has to wait for them."""
    for item in items:
        if "full" in getattr(item, "fixturenames", ()):
            item.add_marker("long")
    items.sort(key=lambda item: (_is_alone(item), not _is_long(item), item.path.parent.name not in _SLOW))


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: the garbage collector need not look at them again and again."""
    gc.freeze()


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this run has the time for the long form."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(autouse=True)
def _lane(request: pytest.FixtureRequest) -> Iterator[None]:
    """Beside other tests, but for those that change what the kernel gives to everybody."""
    with lane(is_alone=_is_alone(request.node)):
        yield


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """A thread that outlives its test would act on the next one's files."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in left:
        thread.join(timeout=10)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB, where this user may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root may mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
