"""Start Python programs by forking a process that has imported them already: a start costs milliseconds of CPU time.

A fresh interpreter spends half a second of it on imports. What an interpreter does at its start (heavy imports that are
put off, encodings, exit codes of `monitor` itself) is tested with `Project.run_program`.

Request: a connection with one line of JSON and three descriptors (stdout, stderr, and a pipe for the program's number
and exit code), or a fourth (stdin).
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LATER = ("apscheduler.executors.pool", "apscheduler.schedulers.background", "apscheduler.triggers.interval", "apprise")


def load() -> None:
    """Import what a daemon imports in its first second."""
    sys.path[0] = str(ROOT)
    import monitor
    from monitor.notify.apprise_channel import build
    from monitor.secret import Secret

    for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in LATER:
        import_module(name)
    build(Secret("json://127.0.0.1"))  # Apprise imports its services with the first that is built
    gc.freeze()  # the children share these pages


def next_program(listener: socket.socket, tests: socket.socket) -> list[str]:
    """Fork for each request; return in the child only, with the arguments of its Python. tests: open while they run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the minders
    while tests not in select.select([listener, tests], [], [])[0]:
        with listener.accept()[0] as connection:
            text, descriptors = _received(connection)
        if os.fork() == 0 and _minded(descriptors):
            return _entered(json.loads(text), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
    os._exit(0)


def _received(connection: socket.socket) -> tuple[bytes, list[int]]:
    text, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 4)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 16)
    return text, descriptors


def _minded(descriptors: Sequence[int]) -> bool:
    """Fork once more; True in the child, while its minder says its number, then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        return True
    said = descriptors[2]
    for descriptor in {*descriptors} - {said}:
        os.close(descriptor)
    os.write(said, b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(said, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _entered(request: dict[str, Any], descriptors: Sequence[int]) -> list[str]:
    """Be as a process that was just started: folder, environment, streams and nothing else open."""
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    for descriptor, stream in zip(descriptors, (1, 2, None, 0), strict=False):
        if stream is not None:
            os.dup2(descriptor, stream)
    os.closerange(3, 1024)
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace")  # noqa: SIM115 - the same
    words: list[str] = request["words"]
    return words


def run(words: list[str]) -> None:
    """Run what follows `python` on a command line: `-c TEXT …`, `-m MODULE …` or `FILE …`."""
    first, *rest = words
    if first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python -c does
    elif first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(first, run_name="__main__")


_code: list[int] = []  # with which a program has ended


def _end_early() -> None:
    """End without freeing all that was imported, which takes most of the time that a short program has."""
    if _code:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # the interpreter has its own way to say so
        os._exit(_code[0])


if __name__ == "__main__":
    atexit.register(_end_early)  # the first that is registered comes last
    load()
    words = next_program(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
    try:
        run(words)
        _code.append(0)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _code.append(end.code or 0)
        raise
