"""Whether the daemon is ready → a ping now and then, to a service that raises an alarm when none comes.

The address of the ping is a secret: it stands in no log and in no error, so neither do the words of whatever failed.
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
    """Pings in a thread of its own; one that fails is told once, and disturbs nothing."""

    url: Secret
    every: timedelta
    unready: Callable[[], str]  # why the daemon is not ready; "": it is
    timeout: float = TIMEOUT

    def run(self, stop: threading.Event) -> None:
        """The first ping at once, then one after each pause, until `stop`."""
        told = ""
        while not stop.is_set():
            problem = ping(pinged(self.url, is_well=not self.unready()), timeout=self.timeout)
            if problem != told:
                _tell(problem)
            told = problem
            stop.wait(self.every.total_seconds())


def pinged(url: Secret, *, is_well: bool) -> Secret:
    """The address itself, or `/fail` below it; what follows its path stays."""
    if is_well:
        return url
    parts = urlsplit(url.reveal())
    return Secret(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{FAIL}")))


def ping(url: Secret, *, timeout: float) -> str:
    """Ask for an address once and follow it nowhere; why it was not accepted, without a word of it, or ""."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    try:
        request = Request(url.reveal(), headers={"User-Agent": f"press-monitor/{__version__}"})  # noqa: S310 - http(s)
        with _opener().open(request, timeout=timeout):
            return ""
    except HTTPError as error:
        error.close()
        return f"{error.code} {_phrase(error.code)}".strip()
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
        return f"no answer within {timeout:.0f} s" if isinstance(reason, TimeoutError) else _named(reason)


def _opener() -> OpenerDirector:
    """Speaks HTTP, through the proxy of the environment, and has nobody who would follow a redirect."""
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


def _phrase(code: int) -> str:
    """Our own words: those of the far side could hold anything."""
    return HTTPStatus(code).phrase if code in list(HTTPStatus) else ""


def _named(error: Exception) -> str:
    """What the system calls it, or its kind; never its text, which may hold the address."""
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _tell(problem: str) -> None:
    if problem:
        warn("heartbeat_failed", reason=problem)
    else:
        say("heartbeat_accepted")
