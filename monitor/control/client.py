"""Send commands to the running daemon, or execute them in this process when none runs.

On a shared store they are executed here, beside the daemon: whichever monitor it concerns reads the rows that they
change. Where the configuration is broken, only the daemon knows the names that a command may use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from monitor.clock import wall_time
from monitor.config import Config
from monitor.control import lock
from monitor.control.clock import open_clock
from monitor.control.commands import Commands
from monitor.control.requests import Request, execute
from monitor.control.server import NoDaemon, ask
from monitor.errors import LockHeld, StoreError
from monitor.ports import Clock, Row
from monitor.store.open import Access, Stores, open_stores

# While a daemon starts or ends, it holds the folder and serves no commands; the pause is in seconds.
ATTEMPTS, PAUSE = 60, 0.05


class CommandClient:
    """A client of the daemon; when none answers, it executes this command and all later ones itself, under the lock.

    On a shared store it executes all of them itself, without a lock, unless only the daemon knows the configuration.
    """

    def __init__(self, config: Config, stack: ExitStack, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._stack = stack
        self._pause = pause
        self._local: Commands | None = None

    def run(self, request: Request) -> Row:
        """Execute one command. Raises LockHeld when another command uses the state folder, and the command's errors."""
        short = ("", lock.DAEMON, lock.COMMAND)  # processes of these verbs soon serve commands or release the folder
        return _retry(
            lambda: self._run(request),
            is_final=lambda: lock.holder_verb(self._config.state) not in short,
            pause=self._pause,
        )

    def _run(self, request: Request) -> Row:
        is_shared = self._config.store is not None
        if self._local is None and (not is_shared or self._config.is_bare):
            with suppress(NoDaemon):
                return ask(self._config.state, request)
        if self._local is None:
            opened = shared_commands if is_shared else local_commands
            self._local = self._stack.enter_context(opened(self._config))
        return execute(self._local.by_name(), request)


def ask_running(state: Path, request: Request, *, pause: Callable[[float], None] = time.sleep) -> Row:
    """Send one command to the daemon; wait for one that is starting, as after a reload. Raises as `ask` does."""
    return _retry(lambda: ask(state, request), is_final=lambda: lock.holder_verb(state) != lock.DAEMON, pause=pause)


@contextmanager
def local_commands(config: Config) -> Iterator[Commands]:
    """Open the commands in this process; attempts of a dead daemon are reclaimed first. Raises LockHeld, StoreError."""
    with (
        lock.hold(config.state, verb=lock.COMMAND, now=wall_time()),
        open_stores(config.location, Access.WRITE) as stores,
    ):
        holding = [name for name, channel in config.channels.items() if channel.on_uncertain == "hold"]
        clock = open_clock(stores.maintenance)
        now = clock.now()  # the folder is locked: every process that claimed before has ended
        stores.outbox.reclaim(holding=holding, claimed_before=now, now=now)
        yield _commands(config, stores, clock)


@contextmanager
def shared_commands(config: Config) -> Iterator[Commands]:
    """Open the commands on a shared store, beside whatever runs on it. Raises StoreError."""
    with open_stores(config.location, Access.WRITE) as stores:
        nodes = stores.nodes

        def wake(channel: str) -> None:
            with suppress(StoreError):  # the command is done; without a word its owner looks within seconds
                if nodes:
                    nodes.notify([channel])

        yield replace(_commands(config, stores, stores.clock or open_clock(stores.maintenance)), wake=wake)


def _commands(config: Config, stores: Stores, clock: Clock) -> Commands:
    return Commands(
        channels=config.channels,
        watchlists=config.watchlists,
        outbox=stores.outbox,
        channel_states=stores.channel_states,
        clock=clock,
    )


def _retry(run: Callable[[], Row], *, is_final: Callable[[], bool], pause: Callable[[float], None]) -> Row:
    """Run until it succeeds, its failure is final, or all attempts are used."""
    for _ in range(ATTEMPTS):
        try:
            return run()
        except (LockHeld, NoDaemon):
            if is_final():
                raise
            pause(PAUSE)
    return run()
