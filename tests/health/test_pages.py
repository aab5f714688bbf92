"""The text of a request → the text of an answer, and what the pages say."""

from __future__ import annotations

import pytest

from monitor.health.daemon_state import SourceState
from monitor.health.liveness import HealthSnapshot
from monitor.health.pages import Response, alive, answer, ready

HEARD = SourceState(state="watching", since="2026-11-22T03:00:00Z")
PAGES = {"/healthz": alive, "/page": lambda: Response(text="한국어", content_type="text/x")}

# (the head of a request, the first line of the answer, its text)
ROWS = [
    ("GET /page HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "한국어\n"),
    ("GET /page HTTP/1.0\n\n", "200 OK", "한국어\n"),
    ("GET /page?a=b HTTP/1.1\r\n\r\n", "200 OK", "한국어\n"),
    ("HEAD /page HTTP/1.1\r\n\r\n", "200 OK", ""),
    ("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "there is /healthz, /page\n"),
    ("GET /page/../healthz HTTP/1.1\r\n\r\n", "404 Not Found", "there is /healthz, /page\n"),
    ("POST /page HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "these pages can only be read\n"),
    ("GET http://x/page HTTP/1.1\r\n\r\n", "400 Bad Request", "this is no HTTP request\n"),
    ("GET /한국어 HTTP/1.1\r\n\r\n", "400 Bad Request", "this is no HTTP request\n"),
    ("GET /page HTTP/2\r\n\r\n", "400 Bad Request", "this is no HTTP request\n"),
    ("\x16\x03\x01\x02", "400 Bad Request", "this is no HTTP request\n"),
    ("", "400 Bad Request", "this is no HTTP request\n"),
]


@pytest.mark.parametrize(("request_", "status", "text"), ROWS, ids=[repr(row[0][:30]) for row in ROWS])
def test_a_request_is_answered_in_full(request_: str, status: str, text: str) -> None:
    head, _, body = answer(request_.encode(), PAGES).decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert first == f"HTTP/1.1 {status}"
    assert body == text
    fields = dict(line.split(": ", 1) for line in lines)
    assert fields["Connection"] == "close"
    assert request_.startswith("HEAD") or int(fields["Content-Length"]) == len(body.encode())
    assert fields.get("Allow") == ("GET, HEAD" if status.startswith("405") else None)


def test_the_text_of_a_head_request_is_measured_and_left_out() -> None:
    assert b"\r\nContent-Length: 10\r\n" in answer(b"HEAD /page HTTP/1.1\r\n\r\n", PAGES)


def test_text_that_no_encoding_takes_ends_nothing() -> None:
    page = answer(b"GET /a HTTP/1.1\r\n\r\n", {"/a": lambda: Response(text="a\udc80b")})
    assert page.endswith(b"\r\n\r\na\\udc80b\n")


def test_whether_it_is_ready_is_said_by_the_status_and_why_not_by_the_text() -> None:
    well = HealthSnapshot(watcher=0.0, store=0.0, scheduler=0.0, watches={"motie": HEARD})
    assert ready(well) == Response(text="ready")
    paused = HealthSnapshot(watcher=0.0, store=0.0, scheduler=0.0, watches={"motie": HEARD}, fault="the disk is full")
    assert (ready(paused).status, ready(paused).text) == (503, "paused: the disk is full")
