"""Run the process of the page: it binds its socket, serves, follows the configuration, and ends by a signal.

Where the daemon has started it, its standard input is a pipe, and it ends when the pipe does: also when the daemon was
killed.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from monitor.config import Config, WebOptions, web_options_of
from monitor.errors import UsageError
from monitor.web.config_follower import ConfigFollower, Load
from monitor.web.listener import open_listener, remove_socket
from monitor.web.server import Server
from monitor.web.site import Site, create_app

NICENESS = 10  # a scan of the rule tester must not slow down alerts


def serve_page(
    config: Config,
    reload: Load,
    *,
    is_read_only: bool,
    parent: int | None,
    on_listening: Callable[[str], None],
) -> int:
    """Serve the page until a signal and return the exit code. Raises MonitorError where it cannot.

    parent: a descriptor whose end is the end of this process; None: it runs by itself.
    on_listening: is called with the address of the page once it answers.
    """
    options = web_options_of(config)
    if options.address is None:
        raise UsageError("web.listen is off: set it, or name an address such as --listen 127.0.0.1:9878")
    site, stop = Site(config, is_read_only=is_read_only), threading.Event()
    with open_listener(options.address) as listener, _caught_signals() as caught:
        _lower_priority()
        if parent is not None:
            _thread("parent", partial(_end_with, parent, options.address))
        home = _home(options, listener.getsockname())
        server = Server(create_app(site), on_started=lambda: on_listening(home), on_ending=site.live.end)
        _thread("config", partial(ConfigFollower(site, reload).run, stop))
        server.serve_on([listener])
        stop.set()
    return 130 if signal.SIGINT in caught else 0


def _lower_priority() -> None:
    with suppress(OSError):  # a sandbox may forbid it
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def _home(options: WebOptions, bound: tuple[str, int] | str) -> str:
    """Return the address that people are told; with port 0 the kernel has chosen one."""
    if isinstance(options.address, tuple) and isinstance(bound, tuple):
        return replace(options, address=(options.address[0], bound[1])).home
    return options.home


@contextmanager
def _caught_signals() -> Iterator[list[int]]:
    """Give a list of the signals that ended the server, which raises them again once it has ended."""
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with(parent: int, address: tuple[str, int] | Path) -> None:
    """End this process at once when the pipe ends: it stores nothing, and an open answer would keep it."""
    with suppress(OSError):
        while os.read(parent, 4096):
            pass
    if isinstance(address, Path):
        remove_socket(address)
    os._exit(0)


def _thread(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
