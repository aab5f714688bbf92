"""An order on the control socket → the row that says it is done, or the error it came to.

One JSON line each way, one order a connection: `{"verb": "mute", "words": ["team", "8h"]}` is answered with
`{"done": {…}}` or `{"error": {"code": …, "message": …, "where": …}}`. The socket lies in the state folder, for its
owner alone.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from monitor.control.commands import Command, Request, execute
from monitor.errors import MonitorError, UsageError
from monitor.logs import fail, say, warn
from monitor.ports import Row

FILE = "control.sock"
LONGEST = 64 * 1024  # bytes of an order
ANSWER_LONGEST = 4 * 1024 * 1024  # bytes of an answer
PATIENCE = 2.0  # seconds that one client gets, whatever it does
ANSWER = 30.0  # seconds that a client waits: a large dump may be committed first
PAUSE = 1.0  # seconds after the system had no connection to give


class NoDaemon(MonitorError):
    """No daemon listens on this state folder's control socket, or it went before it answered."""


class NoAnswer(MonitorError):
    """A daemon listens and did not answer in time: it hangs, or is busy with another order."""


class ControlServer:
    """The daemon's end: one client after another, in one thread."""

    def __init__(self, state: Path, verbs: Mapping[str, Command], *, patience: float = PATIENCE) -> None:
        self._state = state
        self._verbs = verbs
        self._patience = patience
        self._selector = selectors.DefaultSelector()
        self._waker, self._waiter = socket.socketpair()  # what ends the wait for clients
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def open(self) -> bool:
        """Listen in the place of a dead daemon's socket; False, and said: this folder takes no socket.

        The caller holds the folder's lock and has no other thread yet: the umask is the whole process's.
        """
        before = os.umask(0o177)
        try:
            with _address(self._state) as address:
                Path(address).unlink(missing_ok=True)
                self._listener.bind(address)
            self._listener.listen()
        except OSError as error:
            warn(
                "control_unavailable", reason=error.strerror or str(error), instead="stop the monitor to change things"
            )
            self._close()
            return False
        finally:
            os.umask(before)
        self._listener.setblocking(False)  # noqa: FBT003 - socket's own signature
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._waiter, selectors.EVENT_READ)
        return True

    def serve(self, on_done: Callable[[], None]) -> None:
        """Answer until `stop`; on_done: called after each order that was done."""
        try:
            while self._waiter not in self._ready():
                self._serve_one(on_done)
        finally:
            self._close()

    def stop(self) -> None:
        """Remove the socket and end `serve`; from any thread."""
        with suppress(OSError), _address(self._state) as address:
            Path(address).unlink()
        with suppress(OSError):  # it has ended by itself
            self._waker.send(b"\0")

    def _ready(self) -> list[object]:
        return [key.fileobj for key, _ in self._selector.select()]

    def _serve_one(self, on_done: Callable[[], None]) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:  # it had gone before it was its turn
            return
        except OSError as error:  # no descriptor to be had
            warn("control_failed", reason=error.strerror)
            time.sleep(PAUSE)
            return
        with connection, suppress(OSError):  # a client that hangs or has gone harms nobody
            line = _received(connection, self._patience)
            _send(connection, self._answer(line, on_done), self._patience)

    def _answer(self, line: bytes, on_done: Callable[[], None]) -> Mapping[str, object]:
        try:
            order = _order(line)
            done = execute(self._verbs, order)
        except MonitorError as error:
            return {"error": {"code": error.exit_code, "message": error.message, "where": error.where}}
        except Exception as error:  # noqa: BLE001 - the per-order border: a fault of ours must not end the daemon
            fail("order_failed", error)
            return {"error": {"code": 1, "message": "the daemon failed at this; its log says why", "where": None}}
        if not self._verbs[order.verb].is_look:
            say("order_done", what=done["text"])
            on_done()
        return {"done": done}

    def _close(self) -> None:
        self._selector.close()
        for end in (self._listener, self._waker, self._waiter):
            end.close()


def ask(state: Path, order: Request, *, patience: float = ANSWER) -> Row:
    """Have the daemon of a state folder do one thing. Raises NoDaemon, NoAnswer, and the error it answers with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        try:
            with _address(state) as address:
                connection.connect(address)
            _send(connection, {"verb": order.verb, "words": order.words}, patience)
            line = _received(connection, patience, most=ANSWER_LONGEST)
        except (TimeoutError, BlockingIOError):  # BlockingIOError: too many wait for it already
            raise NoAnswer(f"the daemon gave no answer within {patience:.0f} s; its log says why") from None
        except OSError as error:
            raise NoDaemon(f"no daemon listens: {error.strerror or error}", where=str(state / FILE)) from error
    return _done(line, state)


@contextmanager
def _address(state: Path) -> Iterator[str]:
    """Where the socket is bound and found: a socket's path ends at 107 bytes, and a state folder's may be longer.

    So the folder is named by a descriptor, where the system shows descriptors as files.
    """
    if not Path("/proc/self/fd").is_dir():
        yield str(state / FILE)
        return
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{FILE}"
    finally:
        os.close(folder)


def _received(connection: socket.socket, patience: float, *, most: int = LONGEST) -> bytes:
    """One line, or what there is of one that is too long. Raises TimeoutError, and ConnectionError when none came."""
    until = time.monotonic() + patience
    line = b""
    while not line.endswith(b"\n") and len(line) <= most:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        part = connection.recv(LONGEST)
        if not part:
            raise ConnectionError("the other side went away")
        line += part
    return line


def _send(connection: socket.socket, what: Mapping[str, object], patience: float) -> None:
    connection.settimeout(patience)
    connection.sendall(json.dumps(what).encode() + b"\n")


def _order(line: bytes) -> Request:
    """Raises UsageError: whatever a client may have sent."""
    found = _parsed(line)
    verb, words = (found.get("verb"), found.get("words", [])) if isinstance(found, dict) else (None, None)
    if (
        len(line) > LONGEST
        or not isinstance(verb, str)
        or not isinstance(words, list)
        or not all(isinstance(word, str) for word in words)
    ):
        raise UsageError('an order is one line of JSON, up to 64 kB: {"verb": "…", "words": ["…"]}')
    return Request(verb=verb, words=tuple(words))


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # RecursionError: sixty thousand brackets
        return None


def _done(line: bytes, state: Path) -> Row:
    """The row of an answer. Raises what the daemon says went wrong, with its exit code."""
    match _parsed(line):
        case {"done": {"text": str()} as done}:
            return dict(done)
        case {"error": {"code": int(code), "message": str(message), "where": where}}:
            error = MonitorError(message, where=where)
            error.exit_code = code
            raise error
    raise MonitorError("what answered is no monitor of this version; start the daemon anew", where=str(state / FILE))
