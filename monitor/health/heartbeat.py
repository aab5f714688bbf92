"""Ping a heartbeat service while the daemon is ready; the service raises an alarm when no ping comes.

The address of the ping is a secret. No log line and no error shows it, so neither shows the text of a failure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from monitor import __version__
from monitor.logs import say, warn
from monitor.secret import Secret

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT = 5.0  # seconds for each step of a ping
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

    try:
        request = Request(url.reveal(), headers={"User-Agent": f"press-monitor/{__version__}"})  # noqa: S310 - http(s)
        with _opener().open(request, timeout=timeout):
            return ""
    except HTTPError as error:
        error.close()
        # The standard phrase: the one that the server sent could hold anything.
        phrase = HTTPStatus(error.code).phrase if error.code in list(HTTPStatus) else ""
        return f"{error.code} {phrase}".strip()
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
        if isinstance(reason, TimeoutError):
            return f"no answer within {timeout:.0f} s"
        # The system's name for the error, or its type; never its text, which may hold the address.
        return (reason.strerror if isinstance(reason, OSError) else None) or type(reason).__name__


def _opener() -> OpenerDirector:
    """Return an HTTP client that uses the proxy of the environment and follows no redirect."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener
