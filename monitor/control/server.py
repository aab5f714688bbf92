"""Serve commands on the control socket, and send one to the daemon that serves there.

One JSON line each way, one request a connection: `{"verb": "mute", "words": ["team", "8h"]}` is answered with
`{"done": {…}}` or `{"error": {"kind": …, "code": …, "message": …, "where": …}}`. The socket lies in the state folder;
only its owner may open it.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from monitor.control.commands import Command, Request, execute
from monitor.errors import MonitorError, NotFound, StoreError, UsageError, WrongState
from monitor.files import socket_path
from monitor.health.request_server import RequestServer
from monitor.logs import fail, say, warn
from monitor.ports import Row

FILE = "control.sock"
MAX_REQUEST = 64 * 1024  # bytes
MAX_ANSWER = 4 * 1024 * 1024  # bytes
CLIENT_TIMEOUT = 2.0  # seconds for the request of one client, and again for its answer
ANSWER_TIMEOUT = 30.0  # seconds that a client waits: a large dump may be committed first
_KINDS = {kind.__name__: kind for kind in (NotFound, WrongState, UsageError, StoreError)}  # that a client tells apart


class NoDaemon(MonitorError):
    """No daemon listens on this state folder's control socket, or it ended before it answered."""


class NoAnswer(MonitorError):
    """A daemon listens and did not answer in time: it hangs, or is busy with another request."""


class ControlServer:
    """The daemon's end of the socket: it executes one command after another, in one thread."""

    def __init__(self, state: Path, commands: Mapping[str, Command], *, timeout: float = CLIENT_TIMEOUT) -> None:
        self._state = state
        self._commands = commands
        self._timeout = timeout
        self._on_done: Callable[[], None] = lambda: None
        self._server: RequestServer | None = None  # None: it does not listen
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def open(self) -> bool:
        """Listen in place of a dead daemon's socket; False: this folder takes no socket, which is logged.

        The caller holds the folder's lock. Nobody can connect before `listen`, so the mode is set in time.
        """
        try:
            with socket_path(self._state / FILE) as address:
                Path(address).unlink(missing_ok=True)
                self._listener.bind(address)
                Path(address).chmod(0o600)
            self._listener.listen()
        except OSError as error:
            reason = error.strerror or str(error)
            warn("control_unavailable", reason=reason, instead="stop the monitor to change things")
            self._listener.close()
            return False
        self._server = RequestServer(
            listener=self._listener,
            answer=self._answer,
            timeout=self._timeout,
            on_accept_error=lambda error: warn("control_failed", reason=error.strerror),
        )
        return True

    def serve(self, on_done: Callable[[], None]) -> None:
        """Serve until `stop`; on_done: called after each command that changed something."""
        self._on_done = on_done
        if self._server:
            self._server.serve()

    def stop(self) -> None:
        """Remove the socket and end `serve`; any thread may call it."""
        with suppress(OSError), socket_path(self._state / FILE) as address:
            Path(address).unlink()
        if self._server:
            self._server.stop()

    def _answer(self, line: bytes) -> bytes | None:
        if not line.endswith(b"\n") and len(line) <= MAX_REQUEST:
            return None
        return _encode(self._executed(line))

    def _executed(self, line: bytes) -> Mapping[str, object]:
        try:
            request = _parse_request(line)
            done = execute(self._commands, request)
        except MonitorError as error:
            kind = next((name for name, kind in _KINDS.items() if isinstance(error, kind)), None)
            return {"error": {"kind": kind, "code": error.exit_code, "message": error.message, "where": error.where}}
        except Exception as error:  # noqa: BLE001 - a bug in one command must not end the daemon
            fail("order_failed", error)
            return {"error": {"code": 1, "message": "the daemon failed to do this; its log says why", "where": None}}
        if not self._commands[request.command].is_read_only:
            say("order_done", what=done["text"])
            self._on_done()
        return {"done": done}


def ask(state: Path, request: Request, *, timeout: float = ANSWER_TIMEOUT) -> Row:
    """Send one request to the daemon of a state folder. Raises NoDaemon, NoAnswer, and the error it answers with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        until = time.monotonic() + timeout
        connection.settimeout(timeout)
        try:
            with socket_path(state / FILE) as address:
                connection.connect(address)
            connection.sendall(_encode({"verb": request.command, "words": request.arguments}))
            line = _read_answer(connection, until)
        except (TimeoutError, BlockingIOError):  # BlockingIOError: too many clients wait already
            raise NoAnswer(f"the daemon gave no answer within {timeout:.0f} s; its log says why") from None
        except OSError as error:
            raise NoDaemon(f"no daemon listens: {error.strerror or error}", where=str(state / FILE)) from error
    return _parse_answer(line, state)


def _read_answer(connection: socket.socket, until: float) -> bytes:
    """Return one line, or the start of one that is too long. Raises TimeoutError, or ConnectionError when none came."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) <= MAX_ANSWER:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        part = connection.recv(MAX_REQUEST)
        if not part:
            raise ConnectionError("the other side closed the connection")
        line += part
    return bytes(line)


def _encode(value: Mapping[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _parse_request(line: bytes) -> Request:
    """Return the request of a line. Raises UsageError for anything else that a client may have sent."""
    match _parse_json(line) if len(line) <= MAX_REQUEST else None:
        case {"verb": str(command), **rest}:
            words = rest.get("words", [])
            if isinstance(words, list) and all(isinstance(word, str) for word in words):
                return Request(command=command, arguments=tuple(words))
    raise UsageError('a request is one line of JSON, up to 64 kB: {"verb": "…", "words": ["…"]}')


def _parse_json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # RecursionError: sixty thousand brackets
        return None


def _parse_answer(line: bytes, state: Path) -> Row:
    """Return the row of an answer. Raises the error that the daemon reports, with its exit code.

    An error of a kind that is not told apart, or of an earlier daemon, which names no kind, is a MonitorError.
    """
    match _parse_json(line):
        case {"done": {"text": str()} as done}:
            return dict(done)
        case {"error": {"code": int(code), "message": str(message), "where": where, **rest}}:
            error = _KINDS.get(str(rest.get("kind")), MonitorError)(message, where=where)
            error.exit_code = code
            raise error
    raise MonitorError(
        "the answer is not one of this version of the monitor; restart the daemon", where=str(state / FILE)
    )
