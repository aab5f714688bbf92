"""Define what is said on the control socket: execute a request for the daemon, and send one to it.

It is HTTP over a unix socket in the state folder, which only its owner may open: `POST /commands` with
`{"verb": "mute", "words": ["team", "8h"]}` is answered with `{"done": {…}}` or
`{"error": {"kind": …, "code": …, "message": …, "where": …}}`. `monitor.web.daemon_app` serves it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.control.requests import Command, Request, execute
from monitor.errors import MonitorError, NotFound, StoreError, UsageError, WrongState
from monitor.files import socket_path

if TYPE_CHECKING:
    from monitor.ports import Row

FILE = "control.sock"
MAX_REQUEST = 64 * 1024  # bytes
PATH = "/commands"
ANSWER_TIMEOUT = 30.0  # seconds that a client waits: a large dump may be committed first
_KINDS = {kind.__name__: kind for kind in (NotFound, WrongState, UsageError, StoreError)}  # that a client tells apart
# The answer to a command of an earlier version, which sends and reads a line of JSON without HTTP.
OUTDATED = (
    b'{"error": {"code": 1, "message": "the daemon is newer than this command; use the monitor that it runs", '
    b'"where": null}}\n'
)


class NoDaemon(MonitorError):
    """No daemon listens on this state folder's control socket, or it ended before it answered."""


class NoAnswer(MonitorError):
    """A daemon listens and did not answer in time: it hangs, or is busy with another request."""


def respond(commands: Mapping[str, Command], body: bytes, on_done: Callable[[], None]) -> Mapping[str, object]:
    """Execute the command of a request and return its answer; on_done: called after one that changed something."""
    from monitor.logs import fail, say  # which a command that only asks does not need

    try:
        request = _parse_request(body)
        done = execute(commands, request)
    except MonitorError as error:
        kind = next((name for name, kind in _KINDS.items() if isinstance(error, kind)), None)
        return {"error": {"kind": kind, "code": error.exit_code, "message": error.message, "where": error.where}}
    except Exception as error:  # noqa: BLE001 - a bug in one command must not end the daemon
        fail("order_failed", error)
        message = "the daemon failed to do this; its log says why"
        return {"error": {"kind": None, "code": 1, "message": message, "where": None}}
    if not commands[request.command].is_read_only:
        say("order_done", what=done["text"])
        on_done()
    return {"done": done}


def ask(state: Path, request: Request, *, timeout: float = ANSWER_TIMEOUT) -> Row:
    """Send one request to the daemon of a state folder. Raises NoDaemon, NoAnswer, and the error it answers with."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            with socket_path(state / FILE) as address:
                connection.connect(address)
            connection.sendall(_encode(request))
            answer = _read_answer(connection, state)
    except (TimeoutError, BlockingIOError):  # BlockingIOError: too many clients wait already
        raise NoAnswer(f"the daemon gave no answer within {timeout:.0f} s; its log says why") from None
    except OSError as error:
        raise NoDaemon(f"no daemon listens: {error.strerror or error}", where=str(state / FILE)) from error
    return _parse_answer(answer, state)


def _read_answer(connection: socket.socket, state: Path) -> bytes:
    """Return the body of the answer; the HTTP client, which brings TLS with it, is loaded once a daemon listens."""
    from http.client import HTTPException, HTTPResponse, IncompleteRead

    try:
        with closing(HTTPResponse(connection, method="POST")) as response:
            response.begin()
            return response.read()
    except IncompleteRead as error:
        raise NoDaemon(f"no daemon listens: {error}", where=str(state / FILE)) from error
    except OSError:  # some are an HTTPException as well
        raise
    except HTTPException:  # a daemon of an earlier version answers with a line of JSON
        return b""


def _encode(request: Request) -> bytes:
    """Return a whole HTTP request, sent at once: an earlier daemon answers its first line and closes."""
    body = json.dumps({"verb": request.command, "words": request.arguments}).encode()
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(body), body)


def _parse_request(body: bytes) -> Request:
    """Return the request of a body. Raises UsageError for anything else that a client may have sent."""
    match _parse_json(body):
        case {"verb": str(command), **rest}:
            words = rest.get("words", [])
            if isinstance(words, list) and all(isinstance(word, str) for word in words):
                return Request(command=command, arguments=tuple(words))
    raise UsageError('a request is JSON, up to 64 kB: {"verb": "…", "words": ["…"]}')


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: sixty thousand brackets
        return None


def _parse_answer(answer: bytes, state: Path) -> Row:
    """Return the row of an answer. Raises the error that the daemon reports, with its exit code.

    An error of a kind that is not told apart, or of an earlier daemon, which names no kind, is a MonitorError.
    """
    match _parse_json(answer):
        case {"done": {"text": str()} as done}:
            return dict(done)
        case {"error": {"code": int(code), "message": str(message), "where": where, **rest}}:
            error = _KINDS.get(str(rest.get("kind")), MonitorError)(message, where=where)
            error.exit_code = code
            raise error
    raise MonitorError(
        "the answer is not one of this version of the monitor; restart the daemon", where=str(state / FILE)
    )
