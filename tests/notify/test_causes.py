"""Why a message was not delivered: the cause in words, with host and port, at real servers and through real plugins."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.model import Outcome, Verdict
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.secret import Secret
from tests.end_to_end.harness import ROOT
from tests.notify.services import CANARY, PING, webhook
from tests.servers import raw_server, read_request

TRANSIENT, CHANNEL, UNCERTAIN = Outcome.TRANSIENT, Outcome.CHANNEL_REFUSED, Outcome.UNCERTAIN
CERTIFICATES = Path(__file__).parent / "certificates"
SOURCES = (ROOT / "monitor" / "connection_errors.py", ROOT / "monitor" / "notify" / "verdict.py")
TLS_ALERT = bytes.fromhex("15030100020246")


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return talk


@contextmanager
def tls_server(certificate: str) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with raw_server(talk) as port:
        yield port


def posted(port: int, scheme: str = "json") -> Verdict:
    verdict = webhook(port, scheme=scheme).send(PING, delivery="1")
    assert CANARY not in verdict.reason
    return verdict


@pytest.mark.parametrize(
    "answer",
    [
        TLS_ALERT,
        b"HTTP/1.1 400 Bad Request\r\n\r\n<title>400 The plain HTTP request was sent to HTTPS port</title>",
        b"HTTP/1.1 400 Bad Request\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    ],
    ids=["an alert", "nginx", "Apache", "Go"],
)
def test_plain_http_at_a_port_that_expects_tls_is_called_so_and_tried_later(answer: bytes) -> None:
    with raw_server(answering(answer)) as port:
        verdict = posted(port)
    assert verdict.outcome is TRANSIENT
    assert verdict.reason.startswith(f"127.0.0.1:{port} expects TLS; use the form of the url with TLS")


def test_any_other_400_refuses_the_message() -> None:
    with raw_server(answering(b"HTTP/1.1 400 Bad Request\r\n\r\ninvalid_payload")) as port:
        assert posted(port).outcome is Outcome.REFUSED


def test_a_port_that_says_nothing_to_plain_http_may_expect_tls() -> None:
    with tls_server("good") as port:
        verdict = posted(port)
    assert verdict.outcome is UNCERTAIN
    assert verdict.reason == (
        f"the connection to 127.0.0.1:{port} broke before the answer; "
        "it may have been accepted, unless that port expects TLS"
    )


def test_tls_at_a_plain_port_is_called_so() -> None:
    with raw_server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        verdict = posted(port, "jsons")
    assert verdict.outcome is TRANSIENT
    assert verdict.reason.startswith(f"127.0.0.1:{port} does not speak TLS; check the port")


def test_a_tls_port_that_says_nothing_is_called_so() -> None:
    with raw_server(lambda connection: connection.shutdown(socket.SHUT_WR)) as port:
        assert f"127.0.0.1:{port} ended the connection during the TLS handshake" in posted(port, "jsons").reason


def test_an_unknown_authority_is_named() -> None:
    with tls_server("issued") as port:
        verdict = posted(port, "jsons")
    assert verdict.outcome is TRANSIENT
    assert f'certificate of 127.0.0.1:{port} is not trusted: it was issued by "Corp Proxy CA, Example Ltd"' in (
        verdict.reason
    )


def test_a_host_that_drops_what_is_sent_to_it_timed_out() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # nobody takes it, and there is no place for another
            service = build(Secret(f"json://127.0.0.1:{port}/{CANARY}?cto=0.3"))
            verdict = AppriseChannel("hook", service).send(PING, delivery="1")
    assert (verdict.outcome, verdict.reason) == (
        TRANSIENT,
        f"timed out connecting to 127.0.0.1:{port}; check host and port, and the firewalls between",
    )


@pytest.mark.parametrize(
    "url",
    ["json://{}.nowhere.invalid/x", "mailto://a:b@{}.nowhere.invalid/?to=c@example.org"],
)
def test_a_name_that_is_not_found_is_shown_but_for_what_looks_like_a_token(url: str) -> None:
    service = build(Secret(url.format(CANARY)))
    reason = AppriseChannel("hook", service).send(PING, delivery="1").reason
    assert "(DNS)" in reason
    assert "***.nowhere.invalid" in reason
    assert CANARY.lower() not in reason.lower()


@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_datagram_to_a_name_that_is_not_found_is_called_so() -> None:
    service = build(Secret("rsyslog://nowhere.invalid"))  # its plugin leaves the socket open
    reason = AppriseChannel("hook", service).send(PING, delivery="1").reason
    assert "(DNS)" in reason
    assert "nowhere.invalid" in reason


def test_a_proxy_that_lets_nobody_through_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answering(b"HTTP/1.1 403 " + CANARY.encode() + b"\r\n\r\n")) as port:
        monkeypatch.setenv("https_proxy", f"http://me:{CANARY}@127.0.0.1:{port}")
        service = build(Secret(f"jsons://press.example/{CANARY}"))
        verdict = AppriseChannel("hook", service).send(PING, delivery="1")
    assert (verdict.outcome, verdict.reason) == (
        TRANSIENT,
        f"the proxy 127.0.0.1:{port} does not connect any further: 403 Forbidden",
    )


def test_an_answer_that_may_be_the_proxys_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answering(b"HTTP/1.1 503 No\r\n\r\n")) as port:
        monkeypatch.setenv("http_proxy", f"http://me:{CANARY}@127.0.0.1:{port}")
        service = build(Secret(f"json://press.example/{CANARY}"))
        verdict = AppriseChannel("hook", service).send(PING, delivery="1")
    assert verdict.reason == f"503 (Service Unavailable) from the service or the proxy 127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (b"401 No", "401 (Unauthorized) from the service: login refused; check the user and the password or token"),
        (b"403 No", "403 (Forbidden) from the service: it refuses this login or token"),
        (b"407 No", "407 (Proxy Authentication Required) from the service: the proxy refuses the login"),
    ],
)
def test_a_refused_login_is_called_so(status: bytes, words: str) -> None:
    with raw_server(answering(b"HTTP/1.1 " + status + b"\r\n\r\n")) as port:
        assert posted(port).reason.startswith(words)


@pytest.mark.parametrize(
    ("offered", "reply", "outcome", "words"),
    [
        (b"AUTH PLAIN LOGIN", b"535 5.7.8 " + CANARY.encode(), CHANNEL, "535 from the mail server: login refused"),
        (b"AUTH PLAIN LOGIN", b"534 5.7.9 no", CHANNEL, "login refused; this service wants a stronger way"),
        (b"AUTH PLAIN LOGIN", b"530 5.7.0 no", CHANNEL, "530 from the mail server: it wants a login first"),
        (b"AUTH GSSAPI", b"", TRANSIENT, "the mail server 127.0.0.1:{port} offers no login that fits"),
        (b"8BITMIME", b"", TRANSIENT, "the mail server 127.0.0.1:{port} offers no login that fits"),
    ],
)
def test_a_refused_login_at_a_mail_server_is_called_so(
    offered: bytes, reply: bytes, outcome: Outcome, words: str
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        with connection.makefile("rb") as reader:
            while line := reader.readline():
                answers = {b"EHLO": b"250-here\r\n250 " + offered, b"AUTH": reply}
                connection.sendall(answers.get(line[:4].upper(), b"250 ok") + b"\r\n")

    with raw_server(talk) as port:
        address = f"smtp=127.0.0.1&from=a@example.org&to=b@example.org&mode=insecure&user=me&pass={CANARY}"
        service = build(Secret(f"mailto://me:{CANARY}@127.0.0.1:{port}/?{address}"))
        verdict = AppriseChannel("desk", service).send(PING, delivery="1")
    assert verdict.outcome is outcome
    assert words.format(port=port) in verdict.reason
    assert CANARY not in verdict.reason


SECRETS = f"{CANARY}:{CANARY}@127.0.0.1:{{port}}/{CANARY}?+X-Key={CANARY}&:field={CANARY}&-q={CANARY}&cto=5&rto=0.3"


@pytest.mark.parametrize("scheme", ["json", "jsons"])
@pytest.mark.parametrize(
    "answer",
    [b"", b"?", TLS_ALERT, b"HTTP/1.1 401 \r\n\r\n", b"HTTP/1.1 302 \r\nLocation: /" + CANARY.encode() + b"\r\n\r\n"],
    ids=["nothing", "no HTTP", "an alert", "401", "302"],
)
def test_no_part_of_a_url_but_host_and_port_is_shown(scheme: str, answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    with raw_server(talk) as port:
        service = build(Secret(f"{scheme}://{SECRETS.format(port=port)}"))
        reason = AppriseChannel("hook", service).send(PING, delivery="1").reason
    assert reason
    assert CANARY.lower() not in reason.lower()


def test_the_page_on_trouble_quotes_reasons_that_exist() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    section = page.partition("## A channel fails\n")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
    written = "".join(path.read_text("utf-8") for path in SOURCES)
    parts = [part.strip() for reason in quoted for part in re.split("HOST:PORT|HOST|…", reason) if part.strip()]
    assert len(quoted) >= 8
    assert [part for part in parts if part not in written] == []
