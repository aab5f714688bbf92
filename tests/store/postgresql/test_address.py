"""The URL of a store gives the parameters of its connections, and shows no password."""

from __future__ import annotations

import pytest

from monitor.errors import AddressInvalid
from monitor.secret import Secret
from monitor.store.postgresql.address import NO_TIMEOUTS, TIMEOUTS, Address

TOKEN = "s3cr3t"


def address(url: str) -> Address:
    return Address(Secret(url))


def parameters(url: str) -> dict[str, str]:
    return address(url).parameters(TIMEOUTS)


def test_a_connection_gives_up_within_ten_seconds_and_looks_for_the_server_that_writes() -> None:
    given = parameters("postgresql://monitor@db1/news")
    assert given == {
        "user": "monitor",
        "host": "db1",
        "dbname": "news",
        "connect_timeout": "4",
        "keepalives": "1",
        "keepalives_idle": "3",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "8000",
        "target_session_attrs": "read-write",
        "application_name": "press-monitor",
        "client_encoding": "UTF8",
        "options": "-c statement_timeout=20000 -c lock_timeout=8000 -c idle_in_transaction_session_timeout=10000"
        " -c timezone=UTC -c datestyle=ISO,YMD",
    }


@pytest.mark.parametrize(("hosts", "timeout"), [("a", "4"), ("a,b", "4"), ("a,b,c", "2"), ("a,b,c,d,e", "2")])
def test_several_hosts_share_the_time(hosts: str, timeout: str) -> None:
    assert parameters(f"postgresql://{hosts}/news")["connect_timeout"] == timeout


def test_what_the_url_says_itself_stands_and_its_options_are_kept() -> None:
    given = parameters("postgresql://db1/news?connect_timeout=9&options=-csearch_path%3Dpress")
    assert given["connect_timeout"] == "9"
    assert given["options"].startswith("-csearch_path=press -c statement_timeout=20000")


def test_a_pooler_gets_no_options() -> None:
    assert "options" not in address("postgresql://db1/news").parameters(TIMEOUTS, is_pooled=True)


def test_what_may_take_hours_has_no_timeouts() -> None:
    assert "statement_timeout=0 " in address("postgresql://db1/news").parameters(NO_TIMEOUTS)["options"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db1/news", "postgresql://db1/news"),
        ("postgresql://monitor@db1/news", "postgresql://monitor@db1/news"),
        ("postgresql://monitor:s3cr3t@db1,db2/news?sslmode=require", "postgresql://monitor:***@db1,db2/news?sslmode=require"),
        ("postgresql://:s3cr3t@db1/news", "postgresql://:***@db1/news"),
        ("postgresql://monitor:s3cr3t/x@y?#@db1/news", "postgresql://monitor:***@db1/news"),
        ("postgresql://db1/news?user=a&password=s3cr3t&sslmode=require", "postgresql://db1/news?user=a&password=***&sslmode=require"),
        ("postgresql://db1/news?sslpassword=s3cr3t", "postgresql://db1/news?sslpassword=***"),
        ("postgresql://db1/news?oauth_client_secret=s3cr3t&scram_client_key=s3cr3t", "postgresql://db1/news?oauth_client_secret=***&scram_client_key=***"),
        ("postgresql://monitor:s3cr3t@[::1]:5432/news", "postgresql://monitor:***@[::1]:5432/news"),
    ],
)  # fmt: skip
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert str(address(url)) == shown
    assert TOKEN not in repr(address(url))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://monitor:s3cr3t@db1:port/news", "the server did not answer s3cr3t"),
        ("postgresql://monitor:s3%40cr3t@db1/news", "no such password: s3@cr3t, s3%40cr3t"),
        ("postgresql://db1/news?password=s3%20cr3t", "in s3 cr3t or in postgresql://db1/news?password=s3%20cr3t"),
    ],
)
def test_a_text_of_a_library_loses_the_password_however_it_is_spelled(url: str, said: str) -> None:
    assert "cr3t" not in address(url).hide(said)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://db1/news", "write postgresql://USER@HOST/DATABASE"),
        ("postgres://db1/news", "write postgresql://USER@HOST/DATABASE"),
        ("postgresql://monitor:s3cr3t@db1/news?nonsense=1", 'invalid URI query parameter: "nonsense"'),
        ("postgresql://monitor:s3/cr3t@db1/news", "%40 %2F %3F %23"),
        ("postgresql://monitor:s3@cr3t@db1/news", "%40 %2F %3F %23"),
        ("postgresql://monitor:s3#cr3t@db1/news", "%40 %2F %3F %23"),
        ("postgresql://monitor:s3%cr3t@db1/news", "the store's address cannot be read"),
    ],
)
def test_a_url_that_cannot_be_read_says_what_to_write_and_no_password(url: str, reason: str) -> None:
    with pytest.raises(AddressInvalid) as caught:
        parameters(url)
    assert reason in caught.value.message
    assert "cr3t" not in f"{caught.value.message} {caught.value.where} {caught.value!r}"
    assert caught.value.__cause__ is None
