"""The stream of new events: who listens hears of each, and it ends when the site does."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.config import load
from monitor.web.stream import MAX_STREAMS
from tests.dumps import dump, record
from tests.waiting import wait_until
from tests.web.processes import page_process
from tests.web.site import ServedSite, filled, monitor, served

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Listener:
    """One open stream."""

    answer: http.client.HTTPResponse

    def message(self) -> Mapping[str, str]:
        """Return the fields of the next message; empty: the stream has ended."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return fields
        return {}

    def facts(self) -> object:
        """Return what the next message says."""
        return json.loads(self.message()["data"])


@contextmanager
def listening(port: int, path: str = "/api/v1/stream", **headers: str) -> Iterator[Listener]:
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield Listener(answer=answer)
    finally:
        connection.close()


def newest(site: ServedSite) -> int:
    with site.site.stores() as stores:
        return stores.archive.latest()


def ingest(folder: Path, *titles: str) -> None:
    """Let the pipeline store a dump with one new release for each title."""
    (folder / "seeds" / f"press_{len(titles)}.txt").write_text(dump(*(record(title) for title in titles)), "utf-8")
    monitor(folder, "run", "--once")


def test_who_listens_hears_of_new_events(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with served(folder / "config.yaml") as site, listening(site.port) as one, listening(site.port) as other:
        before = newest(site)
        ingest(folder, "A bridge opens", "A bridge closes")
        for listener in (one, other):
            message = listener.message()
            assert message["event"] == "events"
            assert message["id"] == str(before + 2)
            assert json.loads(message["data"]) == {"last": before + 2, "count": 2}


def test_what_came_while_nobody_listened_is_told_at_once(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        last = newest(site)
        with listening(site.port, f"/api/v1/stream?after={last - 3}") as listener:
            assert listener.facts() == {"last": last, "count": 3}
        with listening(site.port, "/api/v1/stream?after=0", last_event_id=str(last - 1)) as listener:
            assert listener.facts() == {"last": last, "count": 1}


def test_the_answer_is_a_stream_that_no_proxy_keeps(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site, listening(site.port) as listener:
        assert listener.answer.getheader("content-type") == "text/event-stream; charset=utf-8"
        assert listener.answer.getheader("cache-control") == "private, no-cache"
        assert listener.answer.getheader("x-accel-buffering") == "no"
        assert listener.answer.readline() == b"retry: 3000\n"


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "", "9" * 30, "%D9%A1", "1_0"])
def test_what_is_no_id_is_refused(tmp_path: Path, after: str) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.get(f"/api/v1/stream?after={after}")
    assert answer.status == 422


def test_a_store_that_was_set_back_is_told_too(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        last = newest(site)
        with listening(site.port, f"/api/v1/stream?after={last + 100}") as listener:
            assert listener.facts() == {"last": last, "count": 0}


def test_one_stream_too_many_is_refused_until_another_ends(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site, ExitStack() as stack:
        streams = [stack.enter_context(ExitStack()) for _ in range(MAX_STREAMS)]
        for each in streams:
            each.enter_context(listening(site.port))
        refused = site.get("/api/v1/stream")
        assert (refused.status, refused.headers["retry-after"]) == (503, "3")
        assert site.get("/").status == 200
        streams[0].close()
        wait_until(lambda: site.site.live.streams == MAX_STREAMS - 1)
        stack.enter_context(listening(site.port))


def test_nothing_reads_the_store_once_nobody_listens(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        with listening(site.port) as listener:
            assert listener.answer.readline()
            assert site.site.live.is_reading
        wait_until(lambda: not site.site.live.is_reading)
        with listening(site.port, "/api/v1/stream?after=0") as listener:
            assert listener.facts() == {"last": newest(site), "count": newest(site)}


def test_the_newest_event_is_told_to_whoever_asks(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        last = newest(site)
        answers = [
            json.loads(site.get(f"/api/v1/latest{query}").text) for query in ("", "?after=0", f"?after={last - 1}")
        ]
        assert [(answer["last"], answer["count"]) for answer in answers] == [(last, 0), (last, last), (last, 1)]
        assert site.get("/api/v1/latest?after=x").status == 422
        assert json.loads(site.get("/api/v1/latest?after=0&watchlist=fta").text)["count"] == 1
        assert "kinds" in site.get("/api/v1/latest?after=0&kinds=new").text


def test_who_asks_for_the_head_alone_holds_no_stream(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        answer = site.ask("HEAD", "/api/v1/stream", connection="keep-alive")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert site.site.live.streams == 0


def test_a_stream_ends_with_the_configuration_under_which_it_was_allowed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with served(folder / "config.yaml") as site, listening(site.port) as listener:
        assert listener.answer.readline()
        site.site.config = load(folder / "config.yaml")
        ingest(folder, "A bridge opens")
        assert "data" not in listener.message()


def test_where_there_is_no_store_that_is_said(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    shutil.rmtree(folder / "state")
    with served(folder / "config.yaml") as site:
        answer = site.get("/api/v1/stream")
    assert answer.status == 503
    assert "there is no store yet" in answer.text


def test_a_restored_store_is_followed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    monitor(folder, "db", "backup", str(folder / "copy.bak"))
    with served(folder / "config.yaml") as site, listening(site.port) as listener:
        last = newest(site)
        ingest(folder, "A bridge opens")
        assert listener.facts() == {"last": last + 1, "count": 1}
        monitor(folder, "db", "restore", str(folder / "copy.bak"))
        assert listener.facts() == {"last": last, "count": 0}
        (folder / "seeds" / "press_1.txt").unlink()
        ingest(folder, "A tunnel opens", "A tunnel closes")
        assert listener.facts() == {"last": last + 2, "count": 2}


def test_a_lost_store_ends_the_streams_and_whoever_comes_back_is_told(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with served(folder / "config.yaml") as site, listening(site.port) as listener:
        assert listener.answer.readline()
        (folder / "state" / "monitor.db").rename(folder / "monitor.db")
        assert listener.message() == {}
        answer = site.get("/api/v1/stream")
        assert answer.status == 503
        assert "monitor.db" in answer.text
        (folder / "monitor.db").rename(folder / "state" / "monitor.db")
        with listening(site.port, "/api/v1/stream?after=0") as later:
            assert later.facts() == {"last": newest(site), "count": newest(site)}


def test_ten_streams_end_whole_at_sigterm(tmp_path: Path) -> None:
    config = filled(tmp_path) / "config.yaml"
    with page_process(config, "--listen", "127.0.0.1:0") as page, ExitStack() as stack:
        address = (HOST, urlsplit(page.home).port or 0)
        streams = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(10)]
        for stream in streams:
            stream.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"retry: 3000" in _until(stream, b"retry: 3000")
        assert page.stop(signal.SIGTERM) == 0
        # One that is cut off by force has no last chunk.
        assert [_until(stream, b"").endswith(b"0\r\n\r\n") for stream in streams] == [True] * 10


def _until(stream: socket.socket, wanted: bytes) -> bytes:
    """Return what comes up to the wanted bytes; b"": up to the end."""
    found = b""
    while not (wanted and wanted in found) and (part := stream.recv(4096)):
        found += part
    return found
