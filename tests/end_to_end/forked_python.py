"""Be a `python` for scripts: run the program in a child of a fork server and end as it does.

Usage: forked_python.py SOCKET WORD...; the words are those that follow `python` on a command line. Few modules are
imported here, for this is what a start costs.
"""

import _socket
import json
import os
import signal
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(address: str, words: list[str]) -> int:
    """Return the exit code; a program that a signal ended ends this one by the same."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until it is known who gets them
    said, theirs = os.pipe()
    request = {"words": words, "folder": os.getcwd(), "environ": dict(os.environ), "umask": _umask()}  # noqa: PTH109 - pathlib takes as long as all else
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(address)
    descriptors = b"".join(each.to_bytes(4, sys.byteorder) for each in (1, 2, theirs, 0))
    line = json.dumps(request).encode() + b"\n"
    sent = connection.sendmsg([line], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    while sent < len(line):
        sent += connection.send(line[sent:])
    connection.close()
    os.close(theirs)
    with os.fdopen(said, "rb") as lines:
        number = int(lines.readline())
        for each in FORWARDED:
            signal.signal(each, lambda received, _: os.kill(number, received))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        code = int(lines.readline())
    if code < 0:
        if -code in FORWARDED:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
