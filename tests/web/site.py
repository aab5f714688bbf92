"""A site to test: a store that the real pipeline filled, and its pages served on 127.0.0.1.

folder = filled(tmp_path)                       # config.yaml, seeds/ and state/ with what two dumps brought
with served(folder / "config.yaml") as site:
    answer = site.get("/")                      # status, headers, text
    page = answer.page                          # parsed by html5lib as a browser does
"""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import threading
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from xml.etree import ElementTree

import html5lib

from monitor.config import load_without_secrets
from monitor.web.server import Server
from monitor.web.site import Site, create_app
from tests.dumps import dump, record
from tests.end_to_end.forking import forked_python

CONFIG = """\
timezone: Asia/Seoul
state: state/
sources:
  motie: {path: seeds/}
channels:
  console: {url: "console://"}
watchlists:
  fta: {keywords: [FTA, 자유무역협정], notify: [console]}
  semiconductor: {keywords: [semiconductor, 반도체], notify: [console]}
  exports: {query: "exports NEAR/8 (record OR percent)", notify: []}
"""
FIRST = dump(
    record(
        "Chip exports reach a record",
        "Exports of semiconductors rose 5.1 percent to $13.4 billion in June.",
        "2024-07-01",
        "Trade",
    ),
    record(
        "Talks on a free trade pact go on",
        "Officials met for the third round of FTA talks in Seoul.",
        "2024-07-02",
        "FTA",
    ),
    record(
        "반도체 수출, 8개월 연속 증가",
        "6월 반도체 수출이 134억 달러로 역대 최대를 기록했다고 밝혔다.",
        "2024-07-03",
        "Trade",
    ),
    record(
        "A new office opens", "The office for small firms opens its doors in Busan next week.", "2024-07-04", "Industry"
    ),
)
SECOND = dump(
    record(
        "Chip exports reach a record",
        "Exports of semiconductors rose 5.3 percent to $13.6 billion in June.",
        "2024-07-01",
        "Trade",
    ),
    record(
        "Shipbuilders win orders for gas carriers",
        "Three yards signed contracts for eleven carriers.",
        "2024-07-05",
        "Industry",
    ),
)


def filled(folder: Path) -> Path:
    """Put a configuration, two dumps and the store that they lead to into a folder, and return it."""
    shutil.copytree(_filled(), folder, dirs_exist_ok=True)
    return folder


def monitor(folder: Path, *words: str, codes: Container[int] = (0,)) -> None:
    """Run a command on the folder's configuration in a process of its own; codes: that it may end with."""
    command = [*forked_python(), "-m", "monitor", *words, "-c", str(folder / "config.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stderr


@cache
def _filled() -> Path:
    folder = Path(mkdtemp(prefix="site-"))
    (folder / "seeds").mkdir()
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    for name, text in (("press_20240705.txt", FIRST), ("press_20240706.txt", SECOND)):
        (folder / "seeds" / name).write_text(text, "utf-8")
        monitor(folder, "run", "--once")
    return folder


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the site answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def page(self) -> ElementTree.Element:
        """The body as a browser reads it; elements have no namespace."""
        page: ElementTree.Element = html5lib.parse(self.body.decode(), treebuilder="etree", namespaceHTMLElements=False)
        return page


@dataclass(frozen=True, kw_only=True)
class ServedSite:
    """A site on a port of 127.0.0.1."""

    port: int
    site: Site

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a path; a header such as If-None-Match is written `if_none_match`."""
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        """Send a request of any method on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=named)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=named, body=answer.read())
        finally:
            connection.close()


@contextmanager
def served(config: Path, kind: type[Site] = Site, **options: Any) -> Iterator[ServedSite]:
    """Serve the pages of a configuration until the block ends; options: as `Site` has them."""
    site = kind(load_without_secrets(config), **options)
    started = threading.Event()
    server = Server(create_app(site), on_started=started.set, on_ending=site.live.end)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve_on, args=([listener],))
        thread.start()
        try:
            assert started.wait(20), "the site does not start"
            yield ServedSite(port=port, site=site)
        finally:
            server.stop()
            thread.join(20)
