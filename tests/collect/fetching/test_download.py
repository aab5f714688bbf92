"""One download from real servers of the test: what is written, what is refused, and in which words."""

from __future__ import annotations

import gzip
import io
import itertools
import socket
import ssl
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from monitor.collect.fetching.download import Downloaded, DownloadError, Limits, Validators, download, is_public
from monitor.secret import Secret
from tests.servers import Answer, closed_port, http_server, raw_server, read_request

CERTIFICATES = Path(__file__).parents[2] / "notify" / "certificates"
UNKNOWN = Validators()
HERE = Limits(size=1_000_000, timeout=30, allow_private=True)
TEXT = "-\nTalks held\n회담이 열렸다 date2024-07-01\n".encode()
TOKEN = "cAnArYt0KeN"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetched(url: str, *, limits: Limits = HERE, validators: Validators = UNKNOWN) -> tuple[bytes, Downloaded | None]:
    into = io.BytesIO()
    done = download(Secret(url), into, limits=limits, validators=validators)
    return into.getvalue(), done


def reason_of(url: str, *, limits: Limits = HERE) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        fetched(url, limits=limits)
    assert TOKEN not in caught.value.reason
    return caught.value


def saying(*pieces: bytes | Iterable[bytes]) -> AbstractContextManager[int]:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            for part in [piece] if isinstance(piece, bytes) else piece:
                connection.sendall(part)

    return raw_server(talk)


# --- what is written ------------------------------------------------------------------------------------------------


def test_a_file_is_written_with_what_the_server_says_of_its_version() -> None:
    said = {"ETag": '"v1"', "Last-Modified": "Mon, 01 Jul 2024 00:00:00 GMT"}
    with http_server(Answer(body=TEXT, headers=said), Answer(status=304, body=b"")) as server:
        body, done = fetched(f"{server.url}/{TOKEN}")
        assert (body, done and done.validators) == (TEXT, Validators(etag='"v1"', last_modified=said["Last-Modified"]))
        assert done
        assert fetched(f"{server.url}/{TOKEN}", validators=done.validators) == (b"", None)
        first, second = server.requests
    assert first.headers["User-Agent"].startswith("press-monitor/")
    assert (second.headers["If-None-Match"], second.headers["If-Modified-Since"]) == ('"v1"', said["Last-Modified"])


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_answer_is_unpacked(packing: str) -> None:
    with http_server(Answer(body=gzip.compress(TEXT), headers={"Content-Encoding": packing})) as server:
        assert fetched(server.url)[0] == TEXT


@pytest.mark.parametrize(
    "head",
    [b"\r\n", b"Content-Length: %d\r\n\r\n" % len(TEXT), b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(TEXT)],
    ids=["until the end", "counted", "in chunks"],
)
def test_each_way_to_frame_a_body_is_read(head: bytes) -> None:
    with saying(b"HTTP/1.1 200 OK\r\n" + head, TEXT, b"\r\n0\r\n\r\n" if b"chunked" in head else b"") as port:
        assert fetched(f"http://127.0.0.1:{port}/")[0] == TEXT


def test_a_name_and_password_in_the_address_and_own_headers_are_sent() -> None:
    with http_server(Answer(body=TEXT)) as server:
        url = Secret(f"http://me:pa%20ss@127.0.0.1:{server.port}/뉴스 목록?분류=FTA")
        download(url, io.BytesIO(), limits=HERE, headers={"X-Key": Secret(TOKEN)})
        [request] = server.requests
    assert request.headers["Authorization"] == "Basic bWU6cGEgc3M="
    assert request.headers["X-Key"] == TOKEN
    assert request.path == "/%EB%89%B4%EC%8A%A4%20%EB%AA%A9%EB%A1%9D?%EB%B6%84%EB%A5%98=FTA"


# --- redirects ------------------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_and_another_server_gets_no_own_header() -> None:
    with http_server(Answer(body=TEXT)) as other:
        there = Answer(status=302, headers={"Location": f"http://localhost:{other.port}/there"})
        with http_server(Answer(status=301, headers={"Location": "/again"}), there) as server:
            into = io.BytesIO()
            url = Secret(f"http://me:pw@127.0.0.1:{server.port}/")
            download(url, into, limits=HERE, headers={"X-Key": Secret(TOKEN)})
            assert [(request.path, request.headers.get("X-Key")) for request in server.requests] == [
                ("/", TOKEN),
                ("/again", TOKEN),
            ]
        [request] = other.requests
    assert into.getvalue() == TEXT
    assert {"X-Key", "Authorization"} & request.headers.keys() == set()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/", "redirects more than 5 times"),
        ("file:///etc/passwd", "not http(s)"),
        ("ftp://127.0.0.1/x", "not http(s)"),
        ("mailto:press@example.org", "not http(s)"),
        ("http://[::1", "the address cannot be read"),
        ("http://a:port/", "the address cannot be read"),
    ],
)
def test_a_redirect_that_leads_nowhere_good_is_refused(place: str, words: str) -> None:
    with http_server(Answer(status=302, headers={"Location": place})) as server:
        assert words in reason_of(f"{server.url}/{TOKEN}").reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_redirect_to_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with http_server() as inner, http_server() as server:
        server.answers = (Answer(status=302, headers={"Location": f"http://{host}:{inner.port}/"}),)
        asked = list[str]()

        def is_first_alone(number: str) -> bool:
            asked.append(number)
            return len(asked) <= 2  # the address as it is written, and as it is connected to

        limits = Limits(size=1000, timeout=30, is_public=is_first_alone)
        failure = reason_of(f"{server.url}/{TOKEN}", limits=limits)
        assert (len(server.requests), inner.requests) == (1, [])
    assert "private network" in failure.reason
    assert failure.is_lasting


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "0x7f.1"])  # noqa: S104 - nobody binds it
def test_a_private_address_is_refused_before_anything_is_sent(host: str) -> None:
    with http_server() as server:
        assert "allow_private: true" in reason_of(f"http://{host}:{server.port}/", limits=Limits(size=9)).reason
        assert server.requests == []


@pytest.mark.parametrize(
    ("number", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
def test_which_addresses_belong_to_the_internet(number: str, *, public: bool) -> None:
    assert is_public(number) is public


# --- what fails -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "words", "is_lasting", "wait"),
    [
        (404, {}, "answered 404 Not Found", True, None),
        (403, {}, "answered 403 Forbidden", True, None),
        (503, {"Retry-After": "120"}, "answered 503 Service Unavailable", False, 120.0),
        (429, {"Retry-After": "7"}, "answered 429", False, 7.0),
        (304, {}, "answered 304", False, None),
        (206, {}, "answered 206, which is not the whole file", False, None),
        (302, {}, "answered 302 Found", False, None),
        (799, {}, "answered 799", False, None),
    ],
)
def test_an_answer_without_the_file_is_told_by_its_number(
    status: int, headers: dict[str, str], words: str, *, is_lasting: bool, wait: float | None
) -> None:
    with http_server(Answer(status=status, headers=headers, body=b"")) as server:
        failure = reason_of(f"{server.url}/{TOKEN}")
    assert words in failure.reason
    assert (failure.is_lasting, failure.retry_after) == (is_lasting, wait)


OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(20_000_000))


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ((OK, b"\r\n", itertools.repeat(bytes(65_536))), "larger than 1,000,000 bytes"),
        ((OK, b"Content-Encoding: gzip\r\n\r\n", BOMB), "larger than 1,000,000 bytes"),
        ((OK, b"Content-Length: 900\r\n\r\n", TEXT), "cut before the end"),
        ((OK, b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), "was cut"),
        ((OK, b"Content-Encoding: gzip\r\n\r\n", gzip.compress(TEXT)[:-9]), "cut before the end"),
        ((OK, b"Content-Encoding: gzip\r\n\r\n", b"not packed"), "gzip cannot be unpacked"),
        (
            (
                OK,
                b"Content-Encoding: br\r\n\r\nx",
            ),
            "packed the file in a way that was not asked for",
        ),
        ((OK, b"Content-Length: 0\r\n\r\n"), "an empty file"),
        ((OK, itertools.repeat(b"X-More: and more\r\n")), "no HTTP answer"),
        ((b"220 mail.example.org ESMTP\r\n",), "no HTTP answer"),
        ((b"",), "cut the connection before it had answered"),
        ((bytes.fromhex("15030100020246"),), "expects TLS; use the form of the url with TLS"),
    ],
    ids=range(12),
)
def test_a_broken_answer_is_told_in_words(pieces: tuple[bytes | Iterable[bytes], ...], words: str) -> None:
    with saying(*pieces) as port:
        assert words in reason_of(f"http://127.0.0.1:{port}/{TOKEN}").reason


@pytest.mark.parametrize("pieces", [(), (OK, b"\r\n", TEXT)], ids=["no answer", "no end"])
def test_a_server_that_never_comes_to_an_end_is_given_up(pieces: tuple[bytes, ...]) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            connection.sendall(piece)
        while connection.recv(4096):
            pass

    with raw_server(talk) as port:
        limits = Limits(size=1000, timeout=0.2, allow_private=True)
        failure = reason_of(f"http://127.0.0.1:{port}/", limits=limits)
    assert failure.reason in (
        f"no whole answer from 127.0.0.1:{port} within 0.2 s",
        # On a busy machine:
        f"timed out connecting to 127.0.0.1:{port}; check host and port, and the firewalls between",
        "no answer within 0.2 s",
    )


def test_who_does_not_listen_or_is_not_known_is_told() -> None:
    port = closed_port()
    assert reason_of(f"http://127.0.0.1:{port}/{TOKEN}").reason.startswith(f"connection refused by 127.0.0.1:{port};")
    unknown = reason_of(f"http://{TOKEN}.nowhere.invalid/{TOKEN}").reason
    assert "(DNS)" in unknown
    assert "***.nowhere.invalid" in unknown
    assert "not http(s)" in reason_of(f"ftp://127.0.0.1/{TOKEN}").reason


@pytest.mark.parametrize(
    ("certificate", "words"),
    [("good", ""), ("expired", "has expired (on "), ("other_host", "is for mail.example.org, not for 127.0.0.1;")],
)
def test_a_certificate_is_checked(certificate: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / f"{certificate}.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            read_request(secure)
            secure.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT)

    with raw_server(talk) as port:
        url = f"https://127.0.0.1:{port}/{TOKEN}"
        if words:
            failure = reason_of(url)
            assert words in failure.reason.lower()
            assert failure.is_lasting
        else:
            assert fetched(url)[0] == TEXT


def test_from_https_to_http_nobody_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "good.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem")

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            read_request(secure)
            secure.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    with raw_server(talk) as port:
        assert "from https to http" in reason_of(f"https://127.0.0.1:{port}/{TOKEN}").reason


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(Answer(body=TEXT)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert fetched("http://press.example/feed.xml", limits=Limits(size=1000, timeout=30))[0] == TEXT
        assert "private network" in reason_of("http://10.0.0.1/x", limits=Limits(size=1000, timeout=30)).reason
        assert [request.path for request in proxy.requests] == ["http://press.example/feed.xml"]
