"""Connect to a database file with the settings of every connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from monitor.store.sqlite.driver import sqlite3

BUSY = 10.0  # seconds: the wait for another program that writes


def read_only(path: Path, *, mode: str = "mode=ro") -> sqlite3.Connection:
    """Connect without write access; `immutable=1` also reads where no file can be created beside it."""
    return connect(f"file:{quote(str(path))}?{mode}", uri=True)


def connect(target: str, *, uri: bool = False, busy: float = BUSY) -> sqlite3.Connection:
    """Connect with our settings; `busy`: seconds to wait for another program that writes."""
    connection = sqlite3.connect(
        target, uri=uri, timeout=busy, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(connection.close)
        yield
        stack.pop_all()


def has_full_text_search() -> bool:
    """Return whether this SQLite can search for words."""
    with closing(connect(":memory:")) as connection:
        return bool(connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone())
