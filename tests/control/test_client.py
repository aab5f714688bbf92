"""Commands sent while a daemon starts or ends: it holds the folder and has no socket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.control import lock
from monitor.control.client import ATTEMPTS, CommandClient, ask_running
from monitor.control.requests import Command, Request
from monitor.control.server import NoDaemon
from monitor.errors import LockHeld
from monitor.ports import Row
from monitor.testing import NOON
from monitor.web.daemon_app import ControlServer

TEXT = "sources: {a: {path: seeds/}}\nchannels: {hook: {url: 'console://'}}\nwatchlists: {fta: {keywords: [FTA]}}\n"
MUTE = Request(command="mute", arguments=("fta", "8h"))
DEADLINE = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    return load(file, environ={})


def muted_by_the_daemon(name: str, _length: str) -> Row:
    return {"verb": "mute", "name": name, "text": "done by the daemon"}


def reloaded() -> Row:
    return {"verb": "reload", "text": "read again"}


class Starting:
    """A daemon that holds the folder and opens its socket only when somebody has waited for it in vain."""

    def __init__(self, state: Path, stack: ExitStack) -> None:
        self._control = ControlServer(
            state, {"mute": Command(arguments=2, run=muted_by_the_daemon), "reload": Command(arguments=0, run=reloaded)}
        )
        self._stack = stack
        self._waits = 0
        stack.enter_context(lock.hold(state, verb=lock.DAEMON, now=NOON))

    def pause(self, _: float) -> None:
        self._waits += 1
        if self._waits == 2:
            assert self._control.open()
            thread = threading.Thread(target=self._control.serve, args=[lambda: None])
            thread.start()
            self._stack.callback(thread.join, DEADLINE)
            self._stack.callback(self._control.stop)


def client(config: Config, stack: ExitStack, pause: Callable[[float], None]) -> CommandClient:
    return CommandClient(config, stack, pause=pause)


def test_a_command_waits_for_a_daemon_that_is_starting(config: Config) -> None:
    with ExitStack() as stack:
        starting = Starting(config.state, stack)
        assert client(config, stack, starting.pause).run(MUTE)["text"] == "done by the daemon"


def test_a_reload_waits_for_a_daemon_that_is_starting(config: Config) -> None:
    with ExitStack() as stack:
        starting = Starting(config.state, stack)
        assert ask_running(config.state, Request(command="reload"), pause=starting.pause)["text"] == "read again"


def test_a_command_waits_for_a_daemon_that_is_ending_and_is_then_done_here(config: Config) -> None:
    with ExitStack() as stack, ExitStack() as daemon:
        daemon.enter_context(lock.hold(config.state, verb=lock.DAEMON, now=NOON))
        done = client(config, stack, lambda _: daemon.close()).run(MUTE)
        assert "watchlist fta is muted until" in str(done["text"])


def test_a_daemon_without_a_socket_is_not_waited_for_without_end(config: Config) -> None:
    waits: list[float] = []
    with (
        ExitStack() as stack,
        lock.hold(config.state, verb=lock.DAEMON, now=NOON),
        pytest.raises(LockHeld, match="stop it first"),
    ):
        client(config, stack, waits.append).run(MUTE)
    assert len(waits) == ATTEMPTS


@pytest.mark.parametrize("verb", ["run --once", "ingest", "restore"])
def test_whoever_takes_no_commands_is_not_waited_for(config: Config, verb: str) -> None:
    waits: list[float] = []
    with ExitStack() as stack, lock.hold(config.state, verb=verb, now=NOON), pytest.raises(LockHeld):
        client(config, stack, waits.append).run(MUTE)
    with lock.hold(config.state, verb=verb, now=NOON), pytest.raises(NoDaemon):
        ask_running(config.state, Request(command="reload"), pause=waits.append)
    assert waits == []
