"""A person's orders → carried out by the daemon that runs, or here where none does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from monitor.app.clock import SystemClock
from monitor.app.control import NoDaemon, ask
from monitor.app.desk import Desk, Order, desk_of, obey
from monitor.ports import Row
from monitor.store import lock
from monitor.store.database import open_for_writing
from monitor.store.outbox import SqliteOutbox
from monitor.store.switchboard import SqliteSwitchboard

if TYPE_CHECKING:
    from monitor.app.config import Config


class Errands:
    """The daemon's; when none answers, this one order and all that follow are done here, under the folder's lock."""

    def __init__(self, config: Config, stack: ExitStack) -> None:
        self._config = config
        self._stack = stack
        self._desk: Desk | None = None

    def run(self, order: Order) -> Row:
        """Raises LockHeld when another command works on the state folder, and what a desk raises."""
        if self._desk is None:
            try:
                return ask(self._config.state, order)
            except NoDaemon:
                self._desk = self._stack.enter_context(own_desk(self._config))
        return obey(self._desk.verbs(), order)


@contextmanager
def errands(config: Config) -> Iterator[Errands]:
    """Orders given in this block are the daemon's or, where none runs, this process's."""
    with ExitStack() as stack:
        yield Errands(config, stack)


@contextmanager
def own_desk(config: Config) -> Iterator[Desk]:
    """A desk of this process; what a dead daemon left on its way is taken back first. Raises LockHeld, StoreError."""
    clock = SystemClock()
    with lock.hold(config.state, verb=lock.ORDER, now=clock.now()):
        handle = open_for_writing(config.state)
        try:
            outbox = SqliteOutbox(handle)
            holding = [name for name, channel in config.channels.items() if channel.on_uncertain == "hold"]
            outbox.reclaim(holding=holding, now=clock.now())
            yield desk_of(config, outbox=outbox, switchboard=SqliteSwitchboard(handle), clock=clock)
        finally:
            handle.close()
