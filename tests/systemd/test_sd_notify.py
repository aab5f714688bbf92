"""What the service manager hears: real sockets, on a path and in the abstract namespace."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.systemd.sd_notify import READY, STOPPING, WATCHDOG, notify, reloading, watchdog_interval
from tests.servers import short_path


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """The far side, which never waits long for what should be there already."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as far:
        far.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        far.settimeout(30)
        yield far


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "abstract":
        if sys.platform != "linux":
            pytest.skip("only Linux has an abstract namespace")
        yield f"@monitor-test-{uuid.uuid4()}"
    else:
        with short_path(tmp_path / "n.sock") as path:
            yield path


def test_lines_arrive_in_one_datagram(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address) as far:
        notify(READY, "STATUS=watching 1 source, 한국어")
        notify(WATCHDOG)
        notify(STOPPING)
        assert [far.recv(4096).decode() for _ in range(3)] == [
            "READY=1\nSTATUS=watching 1 source, 한국어",
            "WATCHDOG=1",
            "STOPPING=1",
        ]


def test_a_reload_says_when_it_began(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address) as far:
        notify(*reloading())
        first, second = far.recv(4096).decode().split("\n")
    assert first == "RELOADING=1"
    assert second.startswith("MONOTONIC_USEC=")
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


@pytest.mark.parametrize("value", ["", "relative", "vsock:2:1234", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", value)
    notify(READY)


def test_a_manager_that_does_not_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with short_path(tmp_path / "n.sock") as address, manager(address):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        for _ in range(3000):  # more than any queue of datagrams holds
            notify(WATCHDOG)


@pytest.mark.parametrize(
    ("microseconds", "pid", "expected"),
    [
        ("120000000", None, 120.0),
        ("120000000", "own", 120.0),
        ("120000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_the_watchdog_waits_for_the_process_it_names(
    microseconds: str | None, pid: str | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert watchdog_interval() == expected
