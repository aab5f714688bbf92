"""Bind the socket of the page: TCP, or a unix socket that only its owner may open."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from monitor.errors import MonitorError
from monitor.files import socket_path
from monitor.web.server import BACKLOG

_ONLY_OWNER = 0o177  # umask


@contextmanager
def open_listener(address: tuple[str, int] | Path) -> Iterator[socket.socket]:
    """Give a listening socket; a unix socket is removed at the end. Raises MonitorError.

    Call it before threads are started: for a unix socket the umask of the process changes for a moment.
    """
    try:
        listener = _tcp(*address) if isinstance(address, tuple) else _unix(address)
    except OSError as error:
        where = str(address) if isinstance(address, Path) else f"{address[0]}:{address[1]}"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise MonitorError(
            f"the page cannot listen here: {reason}; set web.listen to another, or --listen", where=where
        ) from error
    with listener:
        yield listener
    if isinstance(address, Path):
        remove_socket(address)


def remove_socket(path: Path) -> None:
    """Remove a socket; one that is gone, or cannot be removed, is left."""
    with suppress(OSError):
        path.unlink()


def _tcp(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with ExitStack() as on_error:
        listener = on_error.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # only now it is certain that no other process listens there
        on_error.pop_all()
    return listener


def _unix(path: Path) -> socket.socket:
    """Bind in place of a dead process's socket. A path has 107 bytes at most, so it leads through the open folder."""
    if _is_served(path):
        raise OSError(errno.EADDRINUSE, "")
    with ExitStack() as on_error:
        listener = on_error.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        before = os.umask(_ONLY_OWNER)
        try:
            if path.is_socket():
                path.unlink()
            with socket_path(path) as short:
                listener.bind(short)
            listener.listen(BACKLOG)
        finally:
            os.umask(before)
        on_error.pop_all()
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            with socket_path(path) as short:
                probe.connect(short)
        except TimeoutError:
            return True
        except OSError:
            return False
    return True
