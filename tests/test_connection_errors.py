"""Why there is no connection: what is shown of hosts, certificates and errors, and what is not."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.certificate import names_in, printable
from monitor.connection_errors import connect_reason, shown_host, shown_peer, tls_reason

CERTIFICATES = Path(__file__).parent / "notify" / "certificates"


def der_of(name: str) -> bytes:
    text = (CERTIFICATES / f"{name}.pem").read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("mail.example.org", "mail.example.org"),
        ("email-smtp.us-east-1.amazonaws.com", "email-smtp.us-east-1.amazonaws.com"),
        ("ec2-203-0-113-25.compute-1.amazonaws.com", "ec2-203-0-113-25.compute-1.amazonaws.com"),
        ("prod-12.westus2.logic.azure.com", "prod-12.westus2.logic.azure.com"),
        ("mailhog", "mailhog"),
        ("xn--3e0b707e.xn--9t4b11yi5a", "xn--3e0b707e.xn--9t4b11yi5a"),
        ("10.0.0.12", "10.0.0.12"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("550e8400-e29b-41d4-a716-446655440000.hooks.example", "***.hooks.example"),
        ("cAnArYt0KeN.hooks.example", "***.hooks.example"),
        ("hooks.example.d41d8cd98f00b204", "hooks.example.***"),
        ("qwertyuiopasdfghjklzxcvbnmqwertyui.example", "***.example"),
        ("user:pass@mail.example.org", "mail.example.org"),
        ("mail\u202e\n.example", "mail.example"),
    ],
)
def test_a_host_is_shown_but_for_what_looks_like_a_token(host: str, shown: str) -> None:
    assert shown_host(host) == shown


def test_a_place_is_host_and_port_and_a_proxy_of_the_environment_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "host:8080,other")
    monkeypatch.setenv("ftp_proxy", "http://[broken:port")
    assert shown_peer("::1", 25) == "[::1]:25"
    assert shown_peer("mail.example", 25) == "mail.example:25"
    assert shown_peer("proxy.example", 3128) == "the proxy proxy.example:3128"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "connection refused by h.example:25"),
        (TimeoutError(), "timed out connecting to h.example:25"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "name not found (DNS): h.example"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "no answer from the name server (DNS) about h.example"),
        (OSError(errno.EHOSTUNREACH, "secret"), "cannot connect to h.example:25: No route to host"),
        (OSError(errno.EMFILE, "secret"), "too many files and connections open"),
        (OSError("Tunnel connection failed: 403 secret"), "h.example:25 does not connect any further: 403 Forbidden"),
        (OSError("secret"), "cannot connect to h.example:25: OSError"),
    ],
)
def test_each_way_not_to_connect_has_its_words_and_none_of_the_error(error: OSError, words: str) -> None:
    reason = connect_reason(error, "h.example", 25)
    assert words in reason
    assert "secret" not in reason
    assert connect_reason(error, "", 0)


def failed(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "secret"
    return error


@pytest.mark.parametrize(
    ("code", "certificate", "words"),
    [
        (20, "issued", 'is not trusted: it was issued by "Corp Proxy CA, Example Ltd"; to trust it'),
        (18, "good", 'is not trusted: it is signed by itself ("127.0.0.1"); to trust it'),
        (10, "expired", "has expired (on 2021-01-01)"),
        (9, "good", "is not valid yet; check the clock"),
        (62, "issued", "is for press.example, not for h.example"),
        (64, "good", "is for 127.0.0.1, not for h.example"),
        (10, "", "has expired"),
        (62, "", "is for another host, not for h.example"),
        (20, "", "is not trusted; to trust it"),
    ],
)
def test_a_certificate_is_judged_with_the_names_in_it(code: int, certificate: str, words: str) -> None:
    der = der_of(certificate) if certificate else b""
    reason = tls_reason(failed(code), "h.example", "h.example:465", der)
    assert reason.startswith("the TLS certificate of h.example:465 ")
    assert words in reason
    assert "secret" not in reason


def test_the_names_in_real_certificates_are_read_as_openssl_reads_them() -> None:
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted.load_verify_locations(certifi.where())
    pairs = list(zip(trusted.get_ca_certs(), trusted.get_ca_certs(binary_form=True), strict=True))
    for decoded, der in pairs:
        issuer = dict(pair for group in cast("Any", decoded)["issuer"] for pair in group)
        wanted = [issuer[key] for key in ("commonName", "organizationName") if key in issuer]
        day = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(decoded["notAfter"])), tz=UTC)
        names = names_in(der)
        assert names
        assert names.issuer == ", ".join(dict.fromkeys(map(printable, wanted)))
        assert names.last_day == f"{day:%Y-%m-%d}"
    assert len(pairs) > 100


@given(st.binary(max_size=400))
def test_any_bytes_in_place_of_a_certificate_are_read_or_passed_over(der: bytes) -> None:
    names_in(der)


@given(st.data())
def test_a_damaged_certificate_shows_only_printable_text(data: st.DataObject) -> None:
    der = bytearray(der_of("issued"))
    for _ in range(data.draw(st.integers(1, 5))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    names = names_in(bytes(der[: data.draw(st.integers(0, len(der)))] or der))
    assert names is None or all(text.isprintable() for text in (names.subject, names.issuer, *names.hosts))
