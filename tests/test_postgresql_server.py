"""The server of a test run is shared by its workers, and gone after the last of them, however that has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgresql_server import NAMED, NoServerError, binaries, connection_to, empty, schema, server_url
from tests.waiting import line_of, wait_until

ROOT = Path(__file__).parent.parent
WORKER = """
import sys
from pathlib import Path
from tests.postgresql_server import binaries, server_url
print(server_url(Path(sys.argv[1]), binaries()), flush=True)
sys.stdin.read()
"""


def worker(folder: Path) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if name != NAMED}
    words = [sys.executable, "-c", WORKER, str(folder)]
    return subprocess.Popen(words, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def is_there(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.skipif(binaries() is None, reason="there is no PostgreSQL server")
def test_workers_share_a_server_that_outlives_none_of_them(tmp_path: Path) -> None:
    first, second = worker(tmp_path), worker(tmp_path)
    with first, second:
        url = line_of(first)
        assert line_of(second) == url
        first.kill()
        first.wait()
        assert is_there(url)
        second.kill()
        second.wait()
        wait_until(lambda: not is_there(url))
        with worker(tmp_path) as third:
            again = line_of(third)
            assert is_there(again)
            third.kill()
        wait_until(lambda: not is_there(again))


def test_where_no_server_is_found_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    with pytest.raises(NoServerError, match="MONITOR_TEST_PG"):
        server_url(tmp_path, None)
    monkeypatch.setenv(NAMED, "postgresql://db1/tests")
    assert server_url(tmp_path, None) == "postgresql://db1/tests"


def test_a_schema_is_emptied_and_dropped(postgresql_server: str) -> None:
    with schema(postgresql_server, "of_this_test") as url, connection_to(url) as connection:
        for name in ("kept", "emptied"):
            connection.execute(f"CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY)")
            connection.execute(f"INSERT INTO {name} DEFAULT VALUES")
        empty(connection, but=["kept"])
        connection.execute("INSERT INTO emptied DEFAULT VALUES")
        assert connection.execute("SELECT (SELECT count(*) FROM kept), (SELECT max(id) FROM emptied)").fetchall() == [
            (1, 1)
        ]
    with psycopg.connect(postgresql_server) as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'of_this_test'").fetchall() == []
