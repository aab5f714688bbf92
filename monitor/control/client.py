"""A person's orders → carried out by the daemon that runs, or here where none does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.control import lock
from monitor.control.commands import Commands, Request, commands_for, execute
from monitor.control.server import NoDaemon, ask
from monitor.errors import LockHeld
from monitor.ports import Row
from monitor.store.open import Access, open_stores
from monitor.times import SystemClock

if TYPE_CHECKING:
    from monitor.config import Config

TRIES, PAUSE = 60, 0.05  # at a daemon that holds the folder and takes no orders yet, or no longer; seconds between


class CommandClient:
    """The daemon's; when none answers, this one order and all that follow are done here, under the folder's lock."""

    def __init__(self, config: Config, stack: ExitStack, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._stack = stack
        self._pause = pause
        self._desk: Commands | None = None

    def run(self, order: Request) -> Row:
        """Raises LockHeld when another command works on the state folder, and what a desk raises.

        A daemon that starts or ends holds the folder and has no socket: a moment later it takes orders, or is gone.
        """
        state = self._config.state
        return _again(lambda: self._done(order), is_vain=lambda: lock.is_for_long(state), pause=self._pause)

    def _done(self, order: Request) -> Row:
        if self._desk is None:
            try:
                return ask(self._config.state, order)
            except NoDaemon:
                self._desk = self._stack.enter_context(local_commands(self._config))
        return execute(self._desk.verbs(), order)


def request_reload(state: Path, *, pause: Callable[[float], None] = time.sleep) -> Row:
    """Have the daemon read its configuration again; one that is just starting is waited for. Raises NoDaemon."""
    order = Request(verb="reload")
    return _again(lambda: ask(state, order), is_vain=lambda: not lock.is_daemons(state), pause=pause)


@contextmanager
def command_client(config: Config) -> Iterator[CommandClient]:
    """Orders given in this block are the daemon's or, where none runs, this process's."""
    with ExitStack() as stack:
        yield CommandClient(config, stack)


@contextmanager
def local_commands(config: Config) -> Iterator[Commands]:
    """A desk of this process; what a dead daemon left on its way is taken back first. Raises LockHeld, StoreError."""
    clock = SystemClock()
    with lock.hold(config.state, verb=lock.ORDER, now=clock.now()), open_stores(config.state, Access.WRITE) as stores:
        holding = [name for name, channel in config.channels.items() if channel.on_uncertain == "hold"]
        now = clock.now()  # the folder is locked: whoever claimed before is gone
        stores.outbox.reclaim(holding=holding, claimed_before=now, now=now)
        yield commands_for(config, outbox=stores.outbox, channel_states=stores.channel_states, clock=clock)


def _again(do: Callable[[], Row], *, is_vain: Callable[[], bool], pause: Callable[[float], None]) -> Row:
    """Until nobody is in the way, it is in vain, or it has been tried often enough."""
    for _ in range(TRIES):
        try:
            return do()
        except (LockHeld, NoDaemon):
            if is_vain():
                raise
            pause(PAUSE)
    return do()
