"""Ping a heartbeat service while the daemon is ready; the service raises an alarm when no ping comes.

The address of the ping is a secret. No log line and no error shows it, so neither shows the text of a failure.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

from monitor.http_client import USER_AGENT, Connect, Exchange, login_header, opener
from monitor.logs import say, warn
from monitor.secret import Secret

TIMEOUT = 5.0  # seconds for a whole ping, with the look-up of its host
FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Pings in a thread of its own; a failure is logged once and affects nothing else."""

    url: Secret
    every: timedelta
    not_ready_reason: Callable[[], str]  # why the daemon is not ready; "": it is
    timeout: float = TIMEOUT

    def run(self, stop: threading.Event) -> None:
        """Ping at once, then every `every`, until `stop`."""
        logged, pinger = "", Pinger(timeout=self.timeout)
        while not stop.is_set():
            problem = pinger.ping(ping_url(self.url, is_ready=not self.not_ready_reason()))
            if problem and problem != logged:
                warn("heartbeat_failed", reason=problem)
            elif problem != logged:
                say("heartbeat_accepted")
            logged = problem
            stop.wait(self.every.total_seconds())


def ping_url(url: Secret, *, is_ready: bool) -> Secret:
    """Return the address itself, or `/fail` below it; its query string stays."""
    if is_ready:
        return url
    parts = urlsplit(url.reveal())
    return Secret(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{FAIL}")))


class Pinger:
    """Sends each ping in a thread of its own: nothing else bounds a name that nobody resolves, or many addresses."""

    def __init__(self, *, timeout: float, connect: Connect = socket.create_connection) -> None:
        """connect: looks up a name and connects, as `socket.create_connection` does."""
        self._timeout = timeout
        self._connect = connect
        self._thread: threading.Thread | None = None  # of the last ping

    def ping(self, url: Secret) -> str:
        """Send one request within the timeout. Return why it failed, without the address; "": it was accepted."""
        if self._thread and self._thread.is_alive():
            return "an earlier ping has not ended yet"
        exchange, results = Exchange(self._timeout, self._connect), list[str]()
        self._thread = threading.Thread(
            target=lambda: results.append(_request(url, exchange)), name="ping", daemon=True
        )
        try:
            self._thread.start()
        except (RuntimeError, MemoryError):
            return "the system had no thread left for it"
        self._thread.join(self._timeout)
        if self._thread.is_alive():
            exchange.end()
            return exchange.failure_reason(TimeoutError())
        return results[0] if results else "an error in the monitor"


def _request(url: Secret, exchange: Exchange) -> str:
    """Send one request without following redirects. Return as `Pinger.ping`."""
    from urllib.error import HTTPError
    from urllib.request import Request

    try:
        parts = urlsplit(url.reveal())
        address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        request = Request(address, headers={"User-Agent": USER_AGENT} | login_header(parts))  # noqa: S310 - http(s)
        with closing(exchange), opener(exchange).open(request, timeout=exchange.timeout):
            pass
    except HTTPError as error:
        with closing(error):
            return exchange.refusal_reason(error)
    except (OSError, HTTPException, ValueError) as error:
        return exchange.failure_reason(error)
    return ""
