"""Keep the HTTP connections of one channel from one send to the next, and close them once it is idle."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

IDLE = 1.5  # seconds; the usual servers keep a connection for 2 s or longer, so it is we who close it


class Adapter(Protocol):
    """An HTTPAdapter of requests, which keeps connections open until it is closed."""

    poolmanager: Any  # of urllib3: a pool for each server

    def close(self) -> None:
        """Close all connections."""


class KeptConnections:
    """The open connections of a channel, for one send at a time.

    A connection that its server has closed is noticed before anything is sent on it, and replaced. One that breaks
    later leaves the send as uncertain as a new one would: nothing is sent twice here.
    """

    def __init__(self, *, idle: float = IDLE) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._adapter: Adapter | None = None  # None: nothing is open
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._idle_since = math.inf  # by the monotonic clock; infinite during a send
        self._closer: threading.Thread | None = None

    def adapter(self, new: Callable[[], Adapter]) -> Adapter:
        """Return what a send is to go through, a new one where nothing is open; `release` follows."""
        with self._lock:
            self._idle_since = math.inf
            self._adapter = self._adapter or new()
            return self._adapter

    def settings(
        self, session: Any, request: tuple[Any, ...], look_up: Callable[[], Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Return what a request takes from the environment: proxies and certificates, by its server.

        They are looked up once while something is open. request: the arguments of `merge_environment_settings`.
        """
        url, proxies, *others = request
        if proxies or session.proxies:
            return {**look_up()}
        server = url.split("/", 3)[:3]  # by which NO_PROXY chooses
        kind = repr((server, others, session.trust_env, session.stream, session.verify, session.cert))
        if (found := self._settings.get(kind)) is None:
            found = self._settings[kind] = look_up()
        return {**found}

    def release(self) -> None:
        """Keep what is open for the next send, or until it has been idle for a while."""
        with self._lock:
            if self._adapter is None or not _holds_connection(self._adapter):
                self._close()  # there is nothing to keep, as with a server that closes after each answer
                return
            self._idle_since = time.monotonic()
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_when_idle, name="close-idle", daemon=True)
                try:
                    self._closer.start()
                except (RuntimeError, MemoryError):  # the system has no thread left
                    self._closer = None
                    self._close()

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            self._close()

    def _close_when_idle(self) -> None:
        left = self._idle
        while left > 0:
            time.sleep(min(left, self._idle))
            with self._lock:
                left = self._idle_since + self._idle - time.monotonic()
                if left <= 0:
                    self._close()
                    self._closer = None

    def _close(self) -> None:
        if self._adapter:
            self._adapter.close()
        self._adapter = None
        self._settings.clear()


def _holds_connection(adapter: Adapter) -> bool:
    """Return whether a connection is open on our side."""
    pools = adapter.poolmanager.pools
    kept = (one for key in pools.keys() for one in pools[key].pool.queue)  # noqa: SIM118 - it cannot be iterated over
    return any(one is not None and one.sock is not None for one in kept)
