"""The control socket: real sockets, a real thread that serves, and clients of every kind."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor import errors
from monitor.control.requests import Command, Request
from monitor.control.server import FILE, MAX_REQUEST, PATH, NoAnswer, NoDaemon, ask
from monitor.errors import MonitorError, NotFound
from monitor.ports import Row
from monitor.web.daemon_app import ControlServer, alive
from tests.servers import short_path

HELLO = Request(command="hello", arguments=("team",))
DEADLINE = 30.0


def hello(name: str) -> Row:
    return {"verb": "hello", "name": name, "text": f"hello {name}"}


def missing(name: str) -> Row:
    raise NotFound(f"there is no {name}", where=name)


def broken() -> Row:
    raise ZeroDivisionError


def failing(kind: str) -> Row:
    raise getattr(errors, kind)("it cannot be done")


COMMANDS: Mapping[str, Command] = {
    "hello": Command(arguments=1, run=hello),
    "missing": Command(arguments=1, run=missing),
    "broken": Command(arguments=0, run=broken),
    "failing": Command(arguments=1, run=failing),
}


@contextmanager
def serving(state: Path, verbs: Mapping[str, Command] = COMMANDS, *, timeout: float = 10.0) -> Iterator[list[None]]:
    """A daemon's end on a state folder; gives one entry for each command that was executed."""
    woken: list[None] = []
    control = ControlServer(state, verbs, routes={"/healthz": alive}, timeout=timeout)
    assert control.open()
    thread = threading.Thread(target=control.serve, args=[lambda: woken.append(None)], daemon=True)
    thread.start()
    try:
        yield woken
    finally:
        control.stop()
        thread.join(DEADLINE)
        assert not thread.is_alive()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[socket.socket]:
    """A connection to the socket in tmp_path, by its plain path, for whoever speaks badly."""
    with serving(tmp_path, timeout=0.2):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with closing(connection):
            with short_path(tmp_path / FILE) as path:
                connection.connect(path)
            connection.settimeout(DEADLINE)
            yield connection
        assert ask(tmp_path, HELLO)["text"] == "hello team", "whatever it was, the daemon goes on"


def answer_of(connection: socket.socket) -> tuple[int, Any]:
    """The status and the JSON that come back; (0, None): the connection ends without."""
    with connection.makefile("rb") as answer:
        head, _, body = answer.read().partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]), json.loads(body)) if head else (0, None)


def posted(body: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(body), body)


def test_a_command_is_done_and_told(tmp_path: Path) -> None:
    with serving(tmp_path) as woken:
        assert ask(tmp_path, HELLO) == hello("team")
        assert ask(tmp_path, Request(command="hello", arguments=("산업부 \u202e",)))["name"] == "산업부 \u202e"
    assert len(woken) == 2


def test_a_command_that_fails_wakes_nobody_and_is_told_with_its_code(tmp_path: Path) -> None:
    with serving(tmp_path) as woken:
        with pytest.raises(MonitorError, match="there is no x") as failed:
            ask(tmp_path, Request(command="missing", arguments=("x",)))
        assert (failed.value.exit_code, failed.value.where) == (1, "x")
        with pytest.raises(MonitorError, match="no command 'explode'") as failed:
            ask(tmp_path, Request(command="explode"))
        assert failed.value.exit_code == 2
    assert woken == []


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        ("NotFound", "NotFound"),
        ("WrongState", "WrongState"),
        ("UsageError", "UsageError"),
        ("StoreError", "StoreError"),
        ("StoreUnavailable", "StoreError"),
        ("LockHeld", "MonitorError"),
    ],
)
def test_an_error_keeps_the_kind_that_a_client_tells_apart(tmp_path: Path, raised: str, seen: str) -> None:
    with serving(tmp_path), pytest.raises(MonitorError, match="it cannot be done") as failed:
        ask(tmp_path, Request(command="failing", arguments=(raised,)))
    assert type(failed.value).__name__ == seen
    assert failed.value.exit_code == getattr(errors, raised).exit_code


def test_a_daemon_that_hangs_is_waited_for_so_long_and_no_longer(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener, short_path(tmp_path / FILE) as path:
        listener.bind(path)
        listener.listen(0)
        for _ in range(5):  # more than can wait for it
            with pytest.raises(NoAnswer, match="gave no answer"):
                ask(tmp_path, HELLO, timeout=0.05)


def test_a_fault_of_ours_is_told_and_ends_nothing(tmp_path: Path) -> None:
    with serving(tmp_path):
        with pytest.raises(MonitorError, match="its log says why"):
            ask(tmp_path, Request(command="broken"))
        assert ask(tmp_path, HELLO) == hello("team")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"hello\n",
        b"[]\n",
        b"{}\n",
        b"1\n",
        b'"hello"\n',
        b'{"verb": "hello"}\n',
        b'{"verb": ["hello"], "words": ["team"]}\n',
        b'{"verb": "hello", "words": "team"}\n',
        b'{"verb": "hello", "words": [1]}\n',
        b'{"verb": "hello", "words": [null]}\n',
        b'{"verb": "hello", "words": ["team", "team"]}\n',
        b'{"verb": "__class__", "words": []}\n',
        b"\xff\xfe\x00\n",
        b"[" * 60_000 + b"\n",
        b"9" * 60_000 + b"\n",
        b'{"verb": "hello", "words": ["team"]}\n{"verb": "hello", "words": ["team"]}\n',
    ],
)
def test_what_is_no_command_is_refused(client: socket.socket, body: bytes) -> None:
    client.sendall(posted(body))
    status, answer = answer_of(client)
    assert (status, answer["error"]["code"]) == (422, 2)


@pytest.mark.parametrize(
    ("command", "status"), [("hello", 200), ("missing", 404), ("broken", 500), ("failing", 422)], ids=str
)
def test_what_came_of_a_command_is_in_the_status_too(tmp_path: Path, command: str, status: int) -> None:
    words = [] if command == "broken" else ["UsageError"]
    with serving(tmp_path), socket.socket(socket.AF_UNIX) as client, short_path(tmp_path / FILE) as path:
        client.connect(path)
        client.sendall(posted(json.dumps({"verb": command, "words": words}).encode()))
        assert answer_of(client)[0] == status


def test_the_health_routes_are_served_there_too_and_nothing_else(tmp_path: Path) -> None:
    statuses = []
    with serving(tmp_path):
        for request in (b"GET /healthz", b"HEAD /healthz", b"GET /", b"GET " + PATH.encode(), b"DELETE /healthz"):
            with socket.socket(socket.AF_UNIX) as client, short_path(tmp_path / FILE) as path:
                client.connect(path)
                client.sendall(request + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                with client.makefile("rb") as answer:
                    statuses.append(int(answer.readline().split(b" ")[1]))
    assert statuses == [200, 200, 404, 404, 405]


def test_a_command_of_an_earlier_version_is_told_that_it_is_one(client: socket.socket) -> None:
    client.sendall(b'{"verb": "hello", "words": ["team"]}\n')
    with client.makefile("rb") as lines:
        answer = json.loads(lines.readline())
    assert answer["error"].items() >= {"code": 1, "where": None}.items()
    assert "the daemon is newer than this command" in answer["error"]["message"]


@pytest.mark.parametrize("what", [b"", b"POST /comm", posted(b'{"verb": "hello"')[:-3], b"x"])
def test_a_client_that_goes_before_it_has_spoken_harms_nobody(client: socket.socket, what: bytes) -> None:
    client.sendall(what)
    client.shutdown(socket.SHUT_WR)
    assert answer_of(client) == (0, None)


def test_a_client_that_does_not_want_the_answer_harms_nobody(client: socket.socket) -> None:
    client.sendall(posted(b'{"verb": "hello", "words": ["team"]}'))
    client.close()


@pytest.mark.parametrize("what", [b"", b"POST /comm", posted(b'{"verb": "hello"')[:-3]])
def test_a_client_that_hangs_is_left_after_a_while(client: socket.socket, what: bytes) -> None:
    client.sendall(what)
    assert answer_of(client) == (0, None)


def test_a_request_that_is_too_large_is_refused(client: socket.socket) -> None:
    client.sendall(posted(b" " * (MAX_REQUEST + 1))[:-1])
    with client.makefile("rb") as answer:
        assert answer.readline().startswith(b"HTTP/1.1 413 ")


def test_a_line_without_an_end_is_not_read_for_ever(client: socket.socket) -> None:
    def send_much() -> None:
        for _ in range(1000):
            client.sendall(b" " * MAX_REQUEST)

    with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
        send_much()


def test_clients_that_come_together_are_all_served(tmp_path: Path) -> None:
    requests = [replace(HELLO, arguments=(f"team {number}",)) for number in range(40)]
    with serving(tmp_path) as woken, ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda request: ask(tmp_path, request), requests))
    assert [row["text"] for row in rows] == [f"hello team {number}" for number in range(40)]
    assert len(woken) == 40


def test_only_its_owner_may_connect(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with serving(tmp_path):
            found = (tmp_path / FILE).stat()
            left = os.umask(0)
    finally:
        os.umask(before)
    assert (stat.S_ISSOCK(found.st_mode), stat.S_IMODE(found.st_mode)) == (True, 0o600)
    assert left == 0, "the process's own mask is as it was"


def test_a_state_folder_may_have_a_long_path(tmp_path: Path) -> None:
    state = tmp_path / ("long" * 50)
    state.mkdir()
    with serving(state):
        assert ask(state, HELLO) == hello("team")
    assert not (state / FILE).exists()


def test_a_dead_daemons_socket_is_replaced(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as dead, short_path(tmp_path / FILE) as path:
        dead.bind(path)
    assert (tmp_path / FILE).is_socket()
    with pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)
    with serving(tmp_path):
        assert ask(tmp_path, HELLO) == hello("team")


def test_where_nobody_listens_there_is_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)
    with pytest.raises(NoDaemon):
        ask(tmp_path / "missing", HELLO)
    (tmp_path / FILE).write_text("no socket")
    with pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)


def test_a_socket_that_was_served_is_gone_afterwards(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert (tmp_path / FILE).is_socket()
    assert not (tmp_path / FILE).exists()
    with pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)


def test_a_folder_that_takes_no_socket_is_said_and_the_daemon_does_without(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    control = ControlServer(tmp_path, COMMANDS)
    assert not control.open()
    control.stop()
    assert (tmp_path / FILE).is_dir()


@contextmanager
def impostor(state: Path, answer: bytes | None) -> Iterator[None]:
    """Something that listens and gives every client this answer; None: says nothing until the end."""
    ended = threading.Event()

    def serve_one(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(MAX_REQUEST)
            if answer is None:
                ended.wait(DEADLINE)
            else:
                connection.sendall(answer)

    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        with short_path(state / FILE) as path:
            listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=serve_one, args=[listener])
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(DEADLINE)


def test_a_daemon_that_stops_before_it_answers_is_none(tmp_path: Path) -> None:
    with impostor(tmp_path, b""), pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)


def test_a_daemon_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with impostor(tmp_path, None), pytest.raises(MonitorError, match="gave no answer") as failed:
        ask(tmp_path, HELLO, timeout=0.1)
    assert not isinstance(failed.value, NoDaemon), "it may do it yet: nobody else must"


def answered(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_a_daemon_that_stops_while_it_answers_is_none(tmp_path: Path) -> None:
    with impostor(tmp_path, answered(b'{"done": {"text": "done"}}')[:-5]), pytest.raises(NoDaemon):
        ask(tmp_path, HELLO)


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\n",
        b'{"error": {"code": 2, "message": "a request is one line of JSON", "where": null}}\n',
        *map(answered, (b"hello", b"{}", b'{"done": 1}', b'{"error": {"code": "x"}}', b"\xff")),
    ],
)
def test_an_answer_that_nobody_understands_is_said(tmp_path: Path, answer: bytes) -> None:
    with impostor(tmp_path, answer), pytest.raises(MonitorError, match="not one of this version"):
        ask(tmp_path, HELLO)
