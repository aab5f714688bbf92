"""Carry out what the buttons of the pages ask for: a form is a command to the daemon.

The process that serves pages never writes to the store. A browser that sent a form is led back to its page, whose
address has the number of the action; what was done is looked up by it and never taken from the address.
"""

from __future__ import annotations

import secrets
import shlex
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Lock
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from monitor.control.requests import Request as ControlRequest
from monitor.control.server import NoAnswer, NoDaemon
from monitor.errors import MonitorError, StoreError, UsageError
from monitor.times import with_local_times
from monitor.web.errors import error_page, http_status
from monitor.web.filters import short_time
from monitor.web.pages import page_path, site_of

MAX_FORM = 16 * 1024  # bytes of a form
_MAX_FIELDS = 16
_KEPT = 100  # actions whose sentence can still be looked up
_THREADS = 2  # that wait for the daemon: one that hangs must not stop the pages
_FORM_TYPE = "application/x-www-form-urlencoded"


class _Action(NamedTuple):
    """A command that a form may send."""

    words: tuple[str, ...]  # of the command line that does the same
    arguments: int
    page: str  # where a browser is led that does not say where it came from


_ACTIONS: Mapping[str, _Action] = {
    "retry": _Action(("alerts", "retry"), 1, "/alerts"),
    "drop": _Action(("alerts", "drop"), 1, "/alerts"),
    "resume": _Action(("channels", "resume"), 1, "/alerts"),
    "test": _Action(("channels", "test"), 1, "/alerts"),
    "mute": _Action(("mute",), 2, "/watchlists"),
    "reload": _Action(("reload",), 0, "/status"),
}


class DoneActions:
    """The sentences of the last actions, by numbers that nobody can guess; any thread may ask."""

    def __init__(self) -> None:
        self._sentences: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()
        self._threads: CapacityLimiter | None = None

    def add(self, sentence: str) -> str:
        """Keep a sentence and return its number."""
        number = secrets.token_urlsafe(9)
        with self._lock:
            self._sentences[number] = sentence
            if len(self._sentences) > _KEPT:
                self._sentences.popitem(last=False)
        return number

    def sentence(self, number: str) -> str:
        """Return what was done; "": there was no such action, or it was long ago."""
        with self._lock:
            return self._sentences.get(number, "")

    def threads(self) -> CapacityLimiter:
        """Return how many threads wait for the daemon; called in the event loop."""
        if self._threads is None:
            self._threads = CapacityLimiter(_THREADS)
        return self._threads


async def act(request: Request) -> Response:
    """Send the command of a form to the daemon, and lead the browser back to where it came from."""
    site, name = site_of(request), request.path_params["command"]
    if site.is_read_only:
        raise HTTPException(403, "this page only shows; it was started with --read-only")
    action = _ACTIONS.get(name)
    if action is None:
        raise HTTPException(404, f"there is no action {name!r}; there are {', '.join(_ACTIONS)}")
    form = await _form(request)
    arguments = tuple(form.get("argument", ()))
    back = _back(request, form.get("back", ()), action.page)
    try:
        control = _command(name, action, arguments)
        row = await run_sync(partial(site.run, control), limiter=site.done.threads(), abandon_on_cancel=True)
    except MonitorError as error:
        is_down = isinstance(error, NoDaemon | NoAnswer | StoreError)
        instead = shlex.join(["monitor", *action.words, *arguments, "-c", str(site.config.file)]) if is_down else ""
        return await run_sync(
            partial(error_page, request, error, status=http_status(error), instead=instead, back=back)
        )
    zone = site.config.timezone
    number = site.done.add(with_local_times(str(row["text"]), lambda at: short_time(at, zone)))
    mark = "&" if "?" in back else "?"
    return RedirectResponse(page_path(request, f"{back}{mark}done={number}"), status_code=303)


async def _form(request: Request) -> Mapping[str, Sequence[str]]:
    """Return the fields of a form. Raises HTTPException for what is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise HTTPException(415, f"an action is a form: send it as {_FORM_TYPE}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            raise HTTPException(413, f"a form has {MAX_FORM:,} bytes at most")
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise HTTPException(422, "the form cannot be read: its fields are not text in UTF-8") from None


def _command(name: str, action: _Action, arguments: Sequence[str]) -> ControlRequest:
    """Return the command. Raises UsageError when the form has more or fewer arguments than it takes."""
    if len(arguments) != action.arguments:
        raise UsageError(f"{name} takes {action.arguments} arguments and was given {len(arguments)}")
    return ControlRequest(command=name, arguments=tuple(arguments))


def _back(request: Request, given: Sequence[str], otherwise: str) -> str:
    """Return where to lead the browser: what the form says when that is a page of ours, without an earlier action."""
    try:
        found = urlsplit(given[-1] if given else "")
    except ValueError:
        return otherwise
    if found.scheme or found.netloc or found.fragment or not _is_page(request, found.path):
        return otherwise
    query = urlencode([(name, value) for name, value in parse_qsl(found.query) if name != "done"])
    return f"{found.path}?{query}" if query else found.path


def _is_page(request: Request, path: str) -> bool:
    """Return whether a path leads to a page of ours, and can stand in a header as it is."""
    if not (path.isascii() and path.isprintable()) or set(path) & set(' \\"<>') or path.startswith("//"):
        return False
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
