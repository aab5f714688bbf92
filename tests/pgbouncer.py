"""A PgBouncer in transaction mode before a PostgreSQL server of the tests: found on this machine, gone with a test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgresql_server import as_user, free_port, lend
from tests.waiting import wait_until

INSTALL = "there is no pgbouncer: install it (Debian: `pgbouncer`)"
_PLACES = (*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
_INI = """
[databases]
* = host={host} port={server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
server_login_retry = 0.2
logfile = {folder}/log
{more}
"""


def program() -> str | None:
    """Return the path of `pgbouncer`; None: there is none."""
    return shutil.which("pgbouncer", path=os.pathsep.join(_PLACES))


class Pgbouncer:
    """One pooler with a folder of its own, on a port of 127.0.0.1; it can be killed and started again."""

    def __init__(self, server_url: str, *, size: int = 20, more: str = "") -> None:
        """size: connections to the server, of one user to one database. more: lines of its configuration."""
        words, server = program(), urlsplit(server_url)
        assert words is not None
        self._program = words
        self.folder = Path(tempfile.mkdtemp(prefix="monitor-pgbouncer-"))
        lend(self.folder)
        self.port = free_port()
        ini = _INI.format(
            host=server.hostname,
            server=server.port or 5432,
            user=server.username,
            port=self.port,
            size=size,
            folder=self.folder,
            more=more,
        )
        (self.folder / "pgbouncer.ini").write_text(ini, "ascii")
        (self.folder / "pgbouncer.ini").chmod(0o644)
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://monitor@127.0.0.1:{self.port}/{database}"

    def waiting(self, database: str) -> int:
        """Return how many clients wait for a connection to the server."""
        import psycopg  # most test processes need none

        with psycopg.connect(self._console, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            cursor = connection.execute("SHOW POOLS")
            names = [column.name for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        return sum(int(row["cl_waiting"]) for row in rows if row["database"] == database)

    @property
    def _console(self) -> str:
        return f"postgresql://pgbouncer@127.0.0.1:{self.port}/pgbouncer"

    def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        words = [self._program, "-q", str(self.folder / "pgbouncer.ini")]
        self._process = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, **as_user())
        wait_until(self._answers)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def remove(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text("utf-8", "replace")
        import psycopg

        try:
            psycopg.connect(self._console, autocommit=True).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def pgbouncer(server_url: str, *, size: int = 20, more: str = "") -> Iterator[Pgbouncer]:
    """Run one before a server during a block."""
    pooler = Pgbouncer(server_url, size=size, more=more)
    try:
        yield pooler
    finally:
        pooler.remove()


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """Make a database of its own, yield its name, and drop it: no schema can be named through a pooler."""
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
