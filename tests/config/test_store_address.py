"""A mistake in the address of a shared store is found where it is read, and no part of a password is shown."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from monitor.config.store_address import PARAMETERS, store_url

TOKEN = "cr3t"
HOSTS = "postgresql://monitor:s3cr3t@"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///monitor",
        "postgresql:///monitor?host=/run/postgresql",
        "postgresql://%2Frun%2Fpostgresql/monitor",
        "postgresql://monitor:pa%40s%3As%2F%25%20%0A@db1/monitor",
        "postgresql://monitor:pa:ss@db1/monitor",
        "postgresql://:@db1:/monitor?",
        "postgresql://db1,db2,db3:6432/monitor",
        "postgresql://db1:5432,db2:5433/monitor?target_session_attrs=any&load_balance_hosts=random",
        "postgresql://[::1]:5432,[fe80::1%25eth0]/monitor",
        "postgresql://db1,db2/monitor?hostaddr=10.0.0.1,10.0.0.2&port=5432",
        "postgresql:///monitor?host=db1,db2&port=5432,5433",
        "postgresql://db1/monitor?hostaddr=::1",
        "postgresql://db1/%ED%95%9C?ssl=true",
        "postgresql://db1/monitor?options=-csearch_path%3Dpress&connect_timeout=-1",
        "postgresql://db1/monitor?sslmode=verify-full&sslrootcert=system",
        "postgresql://db1/monitor?sslrootcert=system",
    ],
)
def test_what_libpq_understands_is_an_address(url: str) -> None:
    assert store_url(url).reveal() == url


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("mysql://monitor:s3cr3t@db1/monitor", "write postgresql://USER@HOST/DATABASE"),
        (f"{HOSTS}db 1/monitor", "a space"),
        ("postgresql://monitor:s3\ncr3t@db1/monitor", "a line break"),
        ("postgresql://monitor:s3cr3t\r@db1/monitor", "a line break"),
        ("postgresql://monitor:s3'cr3t@db1/monitor", "%27"),
        ("postgresql://monitor:s3@cr3t@db1/monitor", "%40 %2F %3F and %23"),
        ("postgresql://monitor:s3/cr3t@db1/monitor", "%40 %2F %3F and %23"),
        ("postgresql://monitor:s3%cr3t@db1/monitor", "write % of a password as %25"),
        ("postgresql://monitor:s3cr3t%@db1/monitor", "write % of a password as %25"),
        ("postgresql://monitor:s3%00cr3t@db1/monitor", "encodes no character"),
        ("postgresql://monitor:s3cr3t%ff@db1/monitor", "not UTF-8"),
        (f"{HOSTS}db1/monitor?sslmod=require", "unknown parameter 'sslmod'; did you mean 'sslmode'?"),
        (f"{HOSTS}db1/monitor?SSLMODE=require", "unknown parameter 'SSLMODE'; did you mean 'sslmode'?"),
        (f"{HOSTS}db1/monitor?sslmode=require&", "unknown parameter"),
        ("postgresql://db1/monitor?%70assword=s3cr3t", "unknown parameter"),
        ("postgresql://db1/monitor?password=s3&cr3t=1", "write & of a password as %26"),
        (f"{HOSTS}db1/monitor?sslmode", "write sslmode=VALUE"),
        (f"{HOSTS}db1/monitor?options=-csearch_path=press", "and = of a value as %3D"),
        (f"{HOSTS}db1/monitor?sslmode=verify", "write one of disable, allow, prefer, require, verify-ca, verify-full"),
        (f"{HOSTS}db1/monitor?target_session_attrs=write", "read-write"),
        (f"{HOSTS}db1/monitor?connect_timeout=4s", "connect_timeout: write a whole number"),
        (f"{HOSTS}db1/monitor?sslmode=require&sslrootcert=system", "write sslmode=verify-full"),
        (f"{HOSTS}db1:port/monitor", "HOST:5432"),
        (f"{HOSTS}db1:65536/monitor", "HOST:5432"),
        (f"{HOSTS}db1:0,db2/monitor", "HOST:5432"),
        ("postgresql://monitor:s3cr3t/monitor", "HOST:5432"),  # the host was forgotten
        (f"{HOSTS}::1/monitor", "[2001:db8::1]:5432"),
        (f"{HOSTS}[::1/monitor", "[2001:db8::1]"),
        (f"{HOSTS}[]/monitor", "[2001:db8::1]"),
        (f"{HOSTS}[db1]/monitor", "[2001:db8::1]"),
        (f"{HOSTS}[::1]x/monitor", "[2001:db8::1]"),
        (f"{HOSTS}db1,db2/monitor?port=5432,5433,5434", "another number of ports"),
        (f"{HOSTS}db1:1,db2:2/monitor?host=db1,db2,db3", "one for each host"),
        (f"{HOSTS}db1/monitor?port=x", "port=5432"),
        (f"{HOSTS}db1,db2/monitor?hostaddr=10.0.0.1", "hostaddr"),
    ],
)
def test_a_mistake_is_said_with_what_to_write(url: str, advice: str) -> None:
    with pytest.raises(ValueError, match=re.escape(advice)) as caught:
        store_url(url)
    assert TOKEN not in str(caught.value)


@pytest.mark.skipif(find_spec("psycopg") is None, reason="the driver is an extra")
def test_every_parameter_of_the_installed_driver_is_known() -> None:
    from psycopg.pq import Conninfo

    assert {option.keyword.decode() for option in Conninfo.get_defaults()} <= PARAMETERS
