"""Wait for a state store that a daemon cannot use when it starts: unready and alive, until it can or a signal comes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from signal import SIGHUP
from typing import TYPE_CHECKING, TypeVar

from monitor.clock import wall_time
from monitor.control import lock
from monitor.control.requests import Command
from monitor.daemon.signals import SignalQueue
from monitor.errors import StoreUnavailable
from monitor.health.daemon_state import DaemonState, PageState
from monitor.health.heartbeat import Heartbeat
from monitor.logs import say, warn
from monitor.ports import Row
from monitor.systemd.sd_notify import READY, WATCHDOG, notify, watchdog_interval
from monitor.times import rfc3339
from monitor.web.daemon_app import Answer, ControlServer, HealthServer, alive, unready

if TYPE_CHECKING:
    from monitor.config import Config

T = TypeVar("T")
FIRST_PAUSE, MAX_PAUSE = 1.0, 30.0  # seconds between two attempts; each is twice as long as the one before
SLICE = 1.0  # seconds between two notifications of the watchdog
_COMMANDS = {"retry": 1, "drop": 1, "mute": 2, "resume": 1}  # with their numbers of arguments; they need the store


class WaitEndedError(Exception):
    """A signal has ended the wait for the store."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class StoreWait:
    """Tries again and again, and answers meanwhile: health routes, heartbeat, watchdog, `status` and `reload`."""

    def __init__(
        self,
        config: Config,
        signal_queue: SignalQueue,
        health_server: HealthServer,
        page: Callable[[], PageState] = PageState,
    ) -> None:
        self._config = config
        self._page = page
        self._signal_queue = signal_queue
        self._health_server = health_server
        self._since = rfc3339(wall_time()) or ""
        self.reason = ""  # why the store cannot be used; "": it was not tried, or can be used

    def until_it_works(self, attempt: Callable[[], T], *, is_locked: bool) -> T:
        """Return what the attempt gives as soon as it raises no StoreUnavailable. Raises WaitEndedError.

        is_locked: this process holds the state folder, so it may serve commands there.
        """
        try:
            return attempt()
        except StoreUnavailable as error:
            first = error
        self.reason = _reason(first)
        with self._answering(is_locked=is_locked):
            self._tell()  # whoever reads it can ask
            pause = FIRST_PAUSE
            while True:
                self._pause(pause)
                try:
                    found = attempt()
                except StoreUnavailable as error:
                    if _reason(error) != self.reason:
                        self.reason = _reason(error)
                        self._tell()
                    pause = min(2 * pause, MAX_PAUSE)
                else:
                    say("start_resumed", after=self.reason)
                    self.reason = ""
                    return found

    def _tell(self) -> None:
        warn("start_paused", reason=self.reason)
        notify(READY, f"STATUS=paused: {self.reason}")  # it runs: nothing but time ends a wait

    def _pause(self, seconds: float) -> None:
        """Wait so long, notifying the watchdog. Raises WaitEndedError with the number of a signal."""
        while seconds > 0:
            if watchdog_interval():
                notify(WATCHDOG)
            number = self._signal_queue.wait_for(min(seconds, SLICE))
            if number is not None:
                raise WaitEndedError(number)
            seconds -= SLICE

    @contextmanager
    def _answering(self, *, is_locked: bool) -> Iterator[None]:
        """Answer whoever asks how the daemon is, as long as the block lasts."""
        routes = {"/healthz": alive, "/readyz": self._not_ready, "/metrics": self._not_ready}
        self._health_server.routes = routes
        self._health_server.listen(self._config.health.listen)
        stop = threading.Event()
        with ExitStack() as stack:
            heartbeat = self._config.heartbeat
            if heartbeat.url is not None:
                beat = Heartbeat(url=heartbeat.url, every=heartbeat.every, not_ready_reason=lambda: self.reason)
                stack.enter_context(_thread("heartbeat", lambda: beat.run(stop)))
            control = ControlServer(self._config.state, self._commands(), routes=routes) if is_locked else None
            if control and control.open():
                stack.enter_context(_thread("control", lambda: control.serve(lambda: None)))
                stack.callback(control.stop)
            stack.callback(stop.set)
            yield

    def _not_ready(self) -> Answer:
        return unready(f"paused: {self.reason}")

    def _commands(self) -> dict[str, Command]:
        def refuse(*_: str) -> Row:
            raise StoreUnavailable(f"the monitor waits for its state store: {self.reason}")

        return {
            **{name: Command(arguments=count, run=refuse) for name, count in _COMMANDS.items()},
            "state": Command(arguments=0, run=self._show_state, is_read_only=True),
            "status": Command(arguments=0, run=refuse, is_read_only=True),
            "reload": Command(arguments=0, run=self._reload),
        }

    def _show_state(self) -> Row:
        state = DaemonState(pid=os.getpid(), at=rfc3339(wall_time()) or "", paused=self.reason, page=self._page())
        shown = {**asdict(state), "since": self._since, "verb": lock.DAEMON}
        return {"verb": "state", "text": "how the daemon is", "state": shown}

    def _reload(self) -> Row:
        self._signal_queue.put(SIGHUP)
        return {"verb": "reload", "text": "the configuration is read again; the log says whether it can be used"}


def _reason(error: StoreUnavailable) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message


@contextmanager
def _thread(name: str, work: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    yield
    thread.join(SLICE)  # one that hangs in a request ends with the process
