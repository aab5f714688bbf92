"""What a page of the site costs beside its bare query, and in a large store beside a small one."""

from __future__ import annotations

import http.client
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.archive import LARGE, SMALL, fill
from bench.report import Figure
from monitor.config import load
from monitor.inspect.timeline import SHOWN
from monitor.records import EventFilter
from monitor.web.server import Server
from monitor.web.site import Site, create_app

RUNS = 30
_CONFIG = """\
timezone: Asia/Seoul
state: .
sources: {motie: {path: seeds/}, customs: {path: seeds/}, kita: {path: seeds/}}
channels: {team: {url: "console://"}, mail: {url: "console://"}}
watchlists:
  frequent: {keywords: [export trade, chip steel, port survey, quota accord], notify: [team]}
  rare: {keywords: [round 17], notify: [team, mail]}
"""
PATHS = {
    "the timeline": "/",
    "the timeline of a rare watchlist": "/?watchlist=rare",
    "a release": "/releases/18",
    "the watchlists": "/watchlists",
    "the alerts": "/alerts",
}


def pages() -> Sequence[Figure]:
    """Each page of both stores, first and then warm, and the timeline beside its query."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_stored(Path(folder) / name, count) for name, count in (("small", SMALL), ("large", LARGE)))
        with _served(small) as of_small, _served(large) as of_large:
            measured = {what: (_times(of_large, path), _times(of_small, path)) for what, path in PATHS.items()}
            query = _query(of_large)
    floor = f"of {SMALL:,} releases"
    figures = [
        Figure(what=f"{what} of {LARGE:,} releases, {state}", value=a, unit="ms of CPU", floor=floor, floor_value=b)
        for what, both in measured.items()
        for state, a, b in zip(("first", "warm"), *both, strict=True)
    ]
    warm = measured["the timeline"][0][1]
    return [
        *figures,
        Figure(what="a warm timeline of 50 events", value=warm, unit="ms of CPU", floor="its query", floor_value=query),
    ]


class _ServedSite:
    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> None:
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body


@contextmanager
def _served(folder: Path) -> Iterator[_ServedSite]:
    site = Site(load(folder / "config.yaml"))
    started = threading.Event()
    server = Server(create_app(site), on_started=started.set, on_ending=site.live.end)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.serve_on, args=([listener],))
        thread.start()
        started.wait(20)
        try:
            yield _ServedSite(site, listener.getsockname()[1])
        finally:
            server.stop()
            thread.join()


def _stored(folder: Path, releases: int) -> Path:
    folder.mkdir()
    (folder / "seeds").mkdir()
    (folder / "config.yaml").write_text(_CONFIG, "utf-8")
    fill(folder, releases)
    return folder


def _times(served: _ServedSite, path: str) -> tuple[float, float]:
    """The first answer, and the best of the next; milliseconds."""
    served.connection.close()  # one that was idle may be closed by the server
    times = [_timed(lambda: served.get(path)) for _ in range(RUNS + 1)]
    return times[0], min(times[1:])


def _query(served: _ServedSite) -> float:
    """The best of as many queries for the newest events alone; milliseconds."""
    with served.site.stores() as stores:
        wanted = EventFilter(kinds=SHOWN)
        return min(_timed(lambda: stores.archive.page(wanted, limit=51)) for _ in range(RUNS))


def _timed(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return (time.process_time() - start) * 1e3
