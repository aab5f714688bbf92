"""Answers that break, never end or are no answers: how far the send had come decides, and little of them is read."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.model import Outcome, Verdict
from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.wire_tap import MAX_RECEIVED
from monitor.secret import Secret
from tests.notify.services import PING, mailbox, webhook
from tests.servers import closed_port, raw_server, read_request

OK, TRANSIENT, CHANNEL, UNCERTAIN = Outcome.OK, Outcome.TRANSIENT, Outcome.CHANNEL_REFUSED, Outcome.UNCERTAIN
CERTIFICATES = Path(__file__).parent / "certificates"
HEAD = b"HTTP/1.1 200 OK\r\n"

Piece = bytes | Iterable[bytes]  # of an answer


def answering(*pieces: Piece) -> Callable[[socket.socket], None]:
    """Read a request, and send these pieces; endless ones until the client has gone."""

    def talk(connection: socket.socket) -> None:
        if read_request(connection):
            for piece in pieces:
                for part in [piece] if isinstance(piece, bytes) else piece:
                    connection.sendall(part)

    return talk


def posted(*pieces: Piece, timeout: float = 20) -> Verdict:
    with raw_server(answering(*pieces)) as port:
        service = build(Secret(f"json://127.0.0.1:{port}/?cto=5&rto=5"))
        return AppriseChannel("hook", service, timeout=timeout).send(PING, delivery="1")


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Encoding: deflate\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Encoding: zstd\r\nContent-Length: 2\r\n\r\nok",
        b"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\nContent-Length: 2\r\n\r\nok",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\nok",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"Content-Length: 500\r\n\r\nok",
        b"Content-Length: 5, 7\r\n\r\nok",
        b"Content-Length: many\r\n\r\nok",
        b"Content-Type: \xff\xfe\r\nno header at all\r\n\r\nok",
        b"X-Cut: in the mid",
        b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
        b"Set-Cookie: \x00;;;=\r\n\r\n",
        b"Retry-After: " + b"9" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
    ids=range(18),
)
@pytest.mark.parametrize(("status", "outcome"), [(200, OK), (202, OK), (404, CHANNEL), (503, TRANSIENT)])
def test_a_status_line_counts_whatever_follows_it(status: int, outcome: Outcome, rest: bytes) -> None:
    verdict = posted(b"HTTP/1.1 %d x\r\n" % status, rest)
    assert (verdict.outcome, verdict.code) == (outcome, status)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 2",
        b"<html>hello</html>",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        b"220 mail.example.org ESMTP\r\n",
    ],
)
def test_a_request_that_left_and_got_no_status_is_uncertain(answer: bytes) -> None:
    verdict = posted(answer)
    assert verdict.outcome is UNCERTAIN
    assert "may have been accepted" in verdict.reason


def test_early_answers_are_passed_over() -> None:
    early = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    )
    assert posted(early, HEAD + b"Content-Length: 0\r\n\r\n").code == 200


@pytest.mark.parametrize("location", [b"http://[::1", b"//", b"\xff\xfe", b"http://a:port/", b"", b"x" * 9000])
def test_a_redirect_to_nowhere_is_a_redirect(location: bytes) -> None:
    verdict = posted(b"HTTP/1.1 302 Found\r\nLocation: ", location, b"\r\nContent-Length: 0\r\n\r\n")
    assert (verdict.outcome, verdict.code) == (CHANNEL, 302)
    assert "redirects elsewhere" in verdict.reason


ENDLESS = itertools.repeat
CHUNKS = (HEAD, b"Transfer-Encoding: chunked\r\n\r\n", ENDLESS(b"10000\r\n" + bytes(65_536) + b"\r\n"))


def bomb(wbits: int) -> Iterator[bytes]:
    """Ten times as many zeros as the test allows in memory, packed while they are sent."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    for _ in range(100):
        yield packer.compress(bytes(MAX_RECEIVED))
    yield packer.flush()


def bomb_in_a_bomb() -> Iterator[bytes]:
    yield gzip.compress(b"".join(bomb(31)))


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ((HEAD, b"Content-Encoding: gzip\r\n\r\n", bomb(31)), OK),
        ((HEAD, b"Content-Encoding: deflate\r\n\r\n", bomb(15)), OK),
        ((HEAD, b"Content-Encoding: gzip, gzip\r\n\r\n", bomb_in_a_bomb()), OK),
        (CHUNKS, OK),
        ((HEAD, b"\r\n", ENDLESS(bytes(65_536))), OK),
        ((HEAD, b"Transfer-Encoding: chunked\r\n\r\n", ENDLESS(b"1" * 65_536)), OK),
        ((HEAD, ENDLESS(b"X-More: and more\r\n")), OK),
        ((HEAD, b"X-Long: ", ENDLESS(b"x" * 65_536)), OK),
        ((b"HTTP/1.1 503 Busy\r\n\r\n", ENDLESS(bytes(65_536))), TRANSIENT),
        ((b"HTTP/1.1 200 ", ENDLESS(b"x" * 65_536)), UNCERTAIN),
        ((ENDLESS(b"HTTP/1.1 100 Continue\r\n\r\n"),), UNCERTAIN),
        ((ENDLESS(b"HTTP/1.1 103 Early Hints\r\n\r\n"),), UNCERTAIN),
        ((b"HTTP/1.1 100 Continue\r\n", ENDLESS(b"X-More: and more\r\n")), UNCERTAIN),
    ],
    ids=[
        "gzip", "deflate", "twice gzip", "chunks", "a body", "a chunk's length", "headers", "one header", "503",
        "a status line", "100s", "103s", "headers of a 100",
    ],
)  # fmt: skip
def test_an_answer_without_end_costs_little_memory(pieces: tuple[Piece, ...], outcome: Outcome) -> None:
    posted(HEAD, b"Content-Length: 0\r\n\r\n")  # what is loaded once is no part of it
    tracemalloc.start()
    try:
        verdict = posted(*pieces)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict.outcome is outcome
    assert peak < 10 * MAX_RECEIVED


# --- mail -----------------------------------------------------------------------------------------------------


def mail_server(
    *,
    after_text: Piece = b"250 ok\r\n",
    greeting: bytes = b"220 here\r\n",
    tls: str = "",
    certificate: str = "good",
) -> Callable[[socket.socket], None]:
    """A mail server that says what it is told; tls: starttls, at once, or not at all."""

    def talk(connection: socket.socket) -> None:
        with ExitStack() as stack:
            converse(stack.enter_context(secured(connection)) if tls == "at once" else connection, stack)

    def converse(current: socket.socket, stack: ExitStack) -> None:
        current.sendall(greeting)
        reader = current.makefile("rb")
        while line := reader.readline():
            match line[:4].upper():
                case b"EHLO":
                    current.sendall(b"250-here\r\n" + b"250-STARTTLS\r\n" * (tls == "starttls") + b"250 8BITMIME\r\n")
                case b"STAR":
                    current.sendall(b"220 go on\r\n")
                    current = stack.enter_context(secured(current))
                    reader = current.makefile("rb")
                case b"DATA":
                    current.sendall(b"354 go on\r\n")
                    while reader.readline() not in (b".\r\n", b""):
                        pass
                    for part in [after_text] if isinstance(after_text, bytes) else after_text:
                        current.sendall(part)
                case _:
                    current.sendall(b"250 ok\r\n")

    def secured(connection: socket.socket) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        return context.wrap_socket(connection, server_side=True)

    return talk


@pytest.mark.parametrize(
    ("after_text", "outcome", "code"),
    [
        (b"250 ok\r\n", OK, 250),
        (b"251 will forward\r\n", OK, 251),
        (b"200 fine\r\n", OK, 200),
        (b"250-one\r\n250-two\r\n250 three\r\n", OK, 250),
        (b"451 later\r\n", TRANSIENT, 451),
        (b"550 no\r\n", CHANNEL, 550),
        (b"thank you\r\n", UNCERTAIN, None),
        (b"\xff\xfe\x00\r\n", UNCERTAIN, None),
        (b"354 more\r\n", UNCERTAIN, None),
        (b"150 wait\r\n", UNCERTAIN, None),
        (b"999 what\r\n", UNCERTAIN, None),
        (b"-50 what\r\n", UNCERTAIN, None),
        (b"x" * 20_000, UNCERTAIN, None),
        (ENDLESS(b"250-and more\r\n"), UNCERTAIN, None),
        (ENDLESS(b"x" * 65_536), UNCERTAIN, None),
    ],
    ids=range(15),
)
def test_the_reply_to_the_text_of_a_mail_decides(after_text: bytes, outcome: Outcome, code: int | None) -> None:
    with raw_server(mail_server(after_text=after_text)) as port:
        verdict = mailbox(port).send(PING, delivery="1")
    assert (verdict.outcome, verdict.code) == (outcome, code)


@pytest.mark.parametrize(
    "said", [b"", b"220 here\r\n", b"220 here\r\n250 8BITMIME\r\n", b"220 h\r\n250 a\r\n250 b\r\n"]
)
@pytest.mark.parametrize(
    ("is_hanging", "reason"),
    [
        (True, "no answer in time from the mail server {peer}, which has not been given the message"),
        (False, "the mail server {peer} broke off before it took the message"),
    ],
)
def test_a_mail_server_that_falls_silent_before_the_text_is_called_so(
    said: bytes, *, is_hanging: bool, reason: str
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(said)
        if is_hanging:
            while connection.recv(4096):
                pass
        connection.shutdown(socket.SHUT_WR)

    with raw_server(talk) as port:
        verdict = mailbox(port, timeout=0.2).send(PING, delivery="1")
    if is_hanging and not said:
        reason = (
            "the mail server {peer} does not greet, so nothing was sent; "
            "where that port expects TLS at once, use mailtos:// with mode=ssl"
        )
    assert (verdict.outcome, verdict.reason) == (TRANSIENT, reason.format(peer=f"127.0.0.1:{port}"))


@pytest.mark.parametrize("greeting", [b"hello\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_is_no_mail_server_is_called_so(greeting: bytes) -> None:
    with raw_server(mail_server(greeting=greeting)) as port:
        verdict = mailbox(port).send(PING, delivery="1")
    reason = f"what answered at 127.0.0.1:{port} is not a mail server; check host and port"
    assert (verdict.outcome, verdict.reason) == (TRANSIENT, reason)


def secure_mailbox(port: int, mode: str) -> AppriseChannel:
    options = f"smtp=127.0.0.1&from=a@example.org&to=b@example.org&cto=5&mode={mode}"
    return AppriseChannel("desk", build(Secret(f"mailtos://127.0.0.1:{port}/?{options}")))


@pytest.mark.parametrize(("tls", "mode"), [("at once", "ssl"), ("starttls", "starttls")])
@pytest.mark.parametrize(
    ("certificate", "trusted", "outcome", "words"),
    [
        ("good", "good", OK, "accepted"),
        ("good", "expired", TRANSIENT, 'is not trusted: it is signed by itself ("127.0.0.1"); to trust it'),
        ("expired", "expired", TRANSIENT, "has expired (on 20"),
        ("other_host", "other_host", TRANSIENT, "is for mail.example.org, not for 127.0.0.1; check the host"),
    ],
)
def test_a_certificate_of_a_mail_server_is_judged_in_words(
    certificate: str, trusted: str, outcome: Outcome, words: str, tls: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / f"{trusted}.pem"))
    with raw_server(mail_server(tls=tls, certificate=certificate)) as port:
        verdict = secure_mailbox(port, mode).send(PING, delivery="1")
    assert verdict.outcome is outcome
    assert words in verdict.reason
    assert ("TLS" in verdict.reason) is (outcome is not OK)


@pytest.mark.parametrize(
    ("mode", "words"),
    [("starttls", "offers no STARTTLS"), ("ssl", "does not speak TLS; check the port")],
    ids=["starttls", "ssl"],
)
def test_a_mail_server_without_tls_is_called_so(mode: str, words: str) -> None:
    with raw_server(mail_server()) as port:
        verdict = secure_mailbox(port, mode).send(PING, delivery="1")
    assert verdict.outcome is TRANSIENT
    assert words in verdict.reason


def test_a_mail_server_nobody_listens_at_is_called_so() -> None:
    port = closed_port()
    verdict = mailbox(port).send(PING, delivery="1")
    assert verdict.reason.startswith(f"connection refused by 127.0.0.1:{port}; check host and port")


@pytest.mark.parametrize(
    ("certificate", "trusted", "words"),
    [
        ("good", "good", "accepted"),
        ("good", "expired", 'is not trusted: it is signed by itself ("127.0.0.1"); to trust it'),
        ("expired", "expired", "has expired (on 20"),
        ("other_host", "other_host", "is for mail.example.org, not for 127.0.0.1; check the host"),
    ],
)
def test_a_certificate_of_a_webhook_is_judged_in_the_same_words(
    certificate: str, trusted: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / f"{trusted}.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            answering(HEAD, b"Content-Length: 0\r\n\r\n")(secure)

    with raw_server(talk) as port:
        assert words in webhook(port, scheme="jsons").send(PING, delivery="1").reason


def test_an_answer_that_is_no_tls_record_leaves_it_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "good.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem")

    def talk(connection: socket.socket) -> None:
        secure = context.wrap_socket(connection, server_side=True)
        read_request(secure)
        with socket.socket(fileno=secure.detach()) as plain:
            plain.sendall(b"\x17\x03\x03\x00\x20" + b"?" * 32)

    with raw_server(talk) as port:
        verdict = webhook(port, scheme="jsons").send(PING, delivery="1")
    reason = f"the answer of 127.0.0.1:{port} cannot be read; it may have been accepted"
    assert (verdict.outcome, verdict.reason) == (UNCERTAIN, reason)
