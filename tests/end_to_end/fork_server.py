"""Start Python programs by forking a process that has imported them already: a start costs milliseconds of CPU time.

A fresh interpreter spends half a second of it on imports. What an interpreter does at its start (heavy imports that are
put off, encodings, exit codes of `monitor` itself) is tested with `Project.run_apart` and `run_program`.

Request: one line of JSON and three descriptors (stdout, stderr, and a pipe for the program's number and exit code).
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
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


def next_program(requests: socket.socket) -> list[str]:
    """Fork for each request; return in the child only, with the arguments of its Python."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the minders
    while True:
        text, (out, err, said) = _received(requests)
        if os.fork() == 0 and _minded(out, err, said):
            return _entered(json.loads(text), out, err)
        for descriptor in (out, err, said):
            os.close(descriptor)


def _received(requests: socket.socket) -> tuple[bytes, list[int]]:
    text, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, 3)
    while text and not text.endswith(b"\n"):
        text += requests.recv(1 << 16)
    if not text:
        os._exit(0)  # the tests have ended
    return text, descriptors


def _minded(out: int, err: int, said: int) -> bool:
    """Fork once more; True in the child, while its minder says its number, then how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        return True
    os.close(out)
    os.close(err)
    os.write(said, b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(said, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _entered(request: dict[str, Any], out: int, err: int) -> list[str]:
    """Be as a process that was just started: folder, environment, streams and nothing else open."""
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, 1024)
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace")  # noqa: SIM115 - the same
    words: list[str] = request["words"]
    return words


def run(words: list[str]) -> None:
    """Run what follows `python` on a command line: `-c TEXT …` or `FILE …`."""
    first, *rest = words
    if first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python -c does
    else:
        sys.argv = words
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    load()
    run(next_program(socket.socket(fileno=int(sys.argv[1]))))
