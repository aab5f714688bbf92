"""A server is reached by TLS, and what does not fit is told with what to do; certificates of a real authority."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from monitor.errors import StoreUnavailable
from monitor.secret import Secret
from monitor.store.open import open_shared_stores
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.connection import connect
from tests.certificates import INSTALL, Authority, has_openssl
from tests.postgresql_fixtures import new_server
from tests.postgresql_server import NAMED, Server, lend
from tests.waiting import wait_until

_CLIENTS = """
hostssl all certified 127.0.0.1/32 trust clientcert=verify-full
hostssl all encrypting 127.0.0.1/32 trust
host all postgres 127.0.0.1/32 trust
"""
_SETTINGS = ("ssl = on", "ssl_ca_file = 'ca.crt'")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServer:
    """A server with a certificate for `localhost`, and the authority that has signed it."""

    server: Server
    authority: Authority
    folder: Path

    def url(self, parameters: str, *, host: str = "localhost", user: str = "postgres") -> Secret:
        """Return an address with a password; {ca} and {folder} in the parameters are files."""
        filled = parameters.format(ca=self.authority.certificate, folder=self.folder)
        return Secret(f"postgresql://{user}:hunter2@{host}:{self.server.port}/postgres?{filled}")

    def use(self, certificate: Path, key: Path) -> None:
        """Let the server have a certificate from now on."""
        files = {"server.crt": certificate, "server.key": key, "ca.crt": self.authority.certificate}
        for name, file in files.items():
            place = self.server.folder / "data" / name
            shutil.copyfile(file, place)
            place.chmod(0o600)
            lend(place)
        self._reload()

    def _reload(self) -> None:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            for setting in _SETTINGS:
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            before = self._loaded()
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self._loaded() != before)

    def _loaded(self) -> object:
        with psycopg.connect(self.server.url) as connection:
            return connection.execute("SELECT pg_conf_load_time()").fetchall()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    if not has_openssl():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(INSTALL)
    folder = tmp_path_factory.mktemp("tls")
    authority, other = Authority(folder / "ca"), Authority(folder / "other")
    certificate, key = authority.issue("certified")
    shutil.copyfile(certificate, folder / "certified.crt")
    shutil.copyfile(other.certificate, folder / "other.crt")
    for name, mode in (("certified.key", 0o600), ("open.key", 0o644)):
        shutil.copyfile(key, folder / name)
        (folder / name).chmod(mode)
    with new_server() as server:
        (server.folder / "data" / "pg_hba.conf").write_text(_CLIENTS, "ascii")
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE certified LOGIN")
        made = TlsServer(server=server, authority=authority, folder=folder)
        made.use(*authority.issue("localhost"))
        yield made


CERTIFIED = "sslmode=verify-full&sslrootcert={ca}&sslcert={folder}/certified.crt&sslkey={folder}/"
REFUSED = (  # host, user, parameters, advice
    ("127.0.0.1", "postgres", "sslmode=verify-full&sslrootcert={ca}", "as the server's certificate names it"),
    ("localhost", "postgres", "sslmode=verify-full&sslrootcert={folder}/other.crt", "is not what signed it"),
    ("localhost", "postgres", "sslmode=verify-full&sslrootcert=system", "is not what signed it"),
    ("localhost", "postgres", "sslmode=verify-ca&sslrootcert={folder}/none.crt", "name the certificate that signed"),
    ("localhost", "encrypting", "sslmode=disable", "or encrypt: `sslmode=verify-full`"),
    ("localhost", "certified", "sslmode=require", "`sslcert=`, its key as `sslkey=`"),
    ("localhost", "certified", f"{CERTIFIED}open.key", "that only this user may read"),
    ("localhost", "certified", f"{CERTIFIED}none.key", "name the key of `sslcert=`"),
    ("localhost", "certified", f"{CERTIFIED}certified.key&channel_binding=require", "`channel_binding=`"),
)


def test_a_server_is_used_whose_name_and_signer_are_right_and_else_the_cure_is_said(tls: TlsServer) -> None:
    """One test, because each worker that has one of these starts a server."""
    for user, parameters in (
        ("postgres", "sslmode=verify-full&sslrootcert={ca}"),
        ("certified", f"{CERTIFIED}certified.key"),
    ):
        with connect(Address(tls.url(parameters, user=user))) as connection:
            assert connection.pgconn.ssl_in_use, user
    for host, user, parameters, advice in REFUSED:
        _refused(tls.url(parameters, host=host, user=user), advice)


def test_a_certificate_that_has_expired_is_refused(tls: TlsServer) -> None:
    address = tls.url("sslmode=verify-full&sslrootcert={ca}")
    tls.use(*tls.authority.issue("localhost", end="20200201000000Z", file="expired"))
    try:
        _refused(address, "has expired")
    finally:
        tls.use(*tls.authority.issue("localhost", file="renewed"))
    connect(Address(address)).close()


@pytest.mark.skipif(NAMED in os.environ, reason="that server may have TLS")
def test_a_server_without_tls_is_said(postgresql_server: str) -> None:
    _refused(Secret(f"{postgresql_server}?sslmode=require"), "turn TLS on at the server")


def _refused(url: Secret, advice: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_shared_stores(url)
    assert advice in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {caught.value.where}"
    assert caught.value.exit_code == 1
