"""Ping a heartbeat service while the daemon is ready; the service raises an alarm when no ping comes.

The address of the ping is a secret. No log line and no error shows it, so neither shows the text of a failure.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from monitor import __version__
from monitor.logs import say, warn
from monitor.secret import Secret

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT = 5.0  # seconds for a whole ping
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
        logged = ""
        while not stop.is_set():
            problem = ping(ping_url(self.url, is_ready=not self.not_ready_reason()), timeout=self.timeout)
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


def ping(url: Secret, *, timeout: float) -> str:
    """Send one request without following redirects. Return why it failed, without the address; "": it was accepted."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    exchange = _Exchange(timeout)
    try:
        request = Request(url.reveal(), headers={"User-Agent": f"press-monitor/{__version__}"})  # noqa: S310 - http(s)
        with exchange.bounded(), _opener(exchange).open(request, timeout=timeout):
            pass
    except HTTPError as error:
        error.close()
        # The standard phrase: the one that the server sent could hold anything.
        phrase = HTTPStatus(error.code).phrase if error.code in list(HTTPStatus) else ""
        return f"{error.code} {phrase}".strip()
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
        if exchange.is_over or isinstance(reason, TimeoutError):
            return f"no answer within {timeout:.0f} s"
        # The system's name for the error, or its type; never its text, which may hold the address.
        return (reason.strerror if isinstance(reason, OSError) else None) or type(reason).__name__
    return f"no answer within {timeout:.0f} s" if exchange.is_over else ""  # cut headers look like complete ones


class _Exchange:
    """The connections of one ping, which are shut down when its time is over, whatever the server sends."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._connections: list[socket.socket] = []  # second handles on them
        self.is_over = False

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """End the exchange when its time is over."""
        timer = threading.Timer(self._timeout, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            for connection in self._connections:
                connection.close()

    def connect(self, address: tuple[str, int], *options: Any) -> socket.socket:
        """Connect as `socket.create_connection` does."""
        connection = socket.create_connection(address, *options)
        self._connections.append(connection.dup())
        if self.is_over:
            self._end()
        return connection

    def _end(self) -> None:
        self.is_over = True
        for connection in self._connections:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)


def _opener(exchange: _Exchange) -> OpenerDirector:
    """Return an HTTP client that uses the proxy of the environment and follows no redirect."""
    from urllib import request

    def connection(kind: type[HTTPConnection], host: str, **options: Any) -> HTTPConnection:
        made = kind(host, **options)
        # http.client offers no other way to a socket before its TLS handshake or its tunnel.
        made._create_connection = exchange.connect  # type: ignore[attr-defined]  # noqa: SLF001 - as said
        return made

    class Http(request.HTTPHandler):
        def http_open(self, req: request.Request) -> HTTPResponse:
            return self.do_open(partial(connection, HTTPConnection), req)

    class Https(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> HTTPResponse:
            return self.do_open(partial(connection, HTTPSConnection), req)

    opener = request.OpenerDirector()
    handlers = (request.ProxyHandler, request.UnknownHandler, Http, Https)
    for handler in (*handlers, request.HTTPErrorProcessor, request.HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener
