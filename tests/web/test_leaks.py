"""No page, feed, answer or error has a secret of the configuration, and neither has the process that serves them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import html5lib
import pytest

from monitor.web.passwords import password_line
from tests.web.processes import PageProcess, fetched, page_process
from tests.web.site import filled

WORD = "c4n4ry"
LINE = password_line("a password")
CONFIG = """\
timezone: Asia/Seoul
state: state/
sources:
  motie:
    path: seeds/
    fetch: {url: "%(fetch)s", every: 1d, headers: {X-Api-Key: "%(header)s"}}
channels:
  console: {url: "console://"}
  hook: {url: "%(hook)s"}
  mail: {url: "%(mail)s", digest: "08:30"}
watchlists:
  fta: {keywords: [FTA], notify: [console]}
  hidden: {keywords: ["%(keyword)s"], notify: [mail]}
heartbeat: {url: "%(beat)s"}
web: {listen: 127.0.0.1:0, users: {kim: "%(line)s"}, anonymous: all, url: "https://press.example.org/"}
"""
WRITTEN = {
    "fetch": f"https://example.org/{WORD}.txt",
    "header": f"{WORD}-header",
    "hook": f"json://{WORD}:{WORD}@127.0.0.1/",
    "mail": f"mailtos://kim:{WORD}@example.org",
    "beat": f"https://example.org/{WORD}",
    "keyword": "a keyword",
    "line": LINE,
}
REFERENCES = {
    "fetch": "https://example.org/${FETCH_TOKEN}.txt",
    "header": "${file:header}",
    "hook": "${HOOK_URL}",
    "mail": "mailtos://kim:${credential:mail}@example.org",
    "beat": "${BEAT_URL}",
    "keyword": "${KEYWORD}",
    "line": "${file:kim}",
}
ENVIRONMENT = {
    "FETCH_TOKEN": f"{WORD}-fetch",
    "HOOK_URL": f"json://{WORD}-hook/",
    "BEAT_URL": f"https://example.org/{WORD}-beat",
    "KEYWORD": f"{WORD}-keyword",
    "NAMED_NOWHERE": f"{WORD}-nowhere",
}
ASKED = (
    "/nothing-here", "/releases/99", "/events/99", "/releases?q=exports", "/releases?nonsense=1", "/rules?q=(a",
    "/?kind=nonsense", "/alerts?channel=hook", "/api/v1/nothing", "/api/v1/match?query=exports", "/actions/mute",
    "/feeds/events.atom", "/feeds/events.json", "/feeds/watchlists/fta.atom", "/feeds/rule.atom?q=exports",
)  # fmt: skip
MOST = 120  # pages that are read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = filled(tmp_path / "p")
    (made / "header").write_text(f"{WORD}-header\n")
    (made / "kim").write_text(f"{LINE}\n")
    (made / "credentials").mkdir()
    (made / "credentials" / "mail").write_text(f"{WORD}-mail\n")
    return made


@pytest.mark.parametrize("values", [WRITTEN, REFERENCES], ids=["written", "references"])
def test_no_answer_has_a_secret(folder: Path, values: dict[str, str]) -> None:
    (folder / "config.yaml").write_text(CONFIG % values, "utf-8")
    environ = {**ENVIRONMENT, "CREDENTIALS_DIRECTORY": str(folder / "credentials")}
    with page_process(folder / "config.yaml", "--log-format", "json", env=environ) as page:
        local = f"http://127.0.0.1:{port_of(page)}/"
        seen = dict(answers(local))
        assert len(seen) > 20
        assert {path for path, (_, text) in seen.items() if WORD in text or LINE in text} == set()
        assert {status for status, _ in seen.values()} >= {200, 404}
        assert not {path for path, (status, _) in seen.items() if status == 500}
        assert WORD not in page.log.read_text("utf-8")
        if values is REFERENCES:
            assert WORD.encode() not in Path(f"/proc/{page.process.pid}/environ").read_bytes()
            assert not in_memory(page.process.pid, f"{WORD}-".encode())
            assert in_memory(page.process.pid, b"Shipbuilders win orders")


def port_of(page: PageProcess) -> int:
    """Return the port of a page whose address is another: the first one that its process listens on."""
    nodes = {link.readlink().name for link in Path(f"/proc/{page.process.pid}/fd").iterdir() if link.is_symlink()}
    for line in Path(f"/proc/{page.process.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in nodes:
            return int(fields[1].rpartition(":")[2], 16)
    raise AssertionError("it listens nowhere")


def answers(home: str) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield what is answered to each path that a page links to, to each of REST, and to some that are wrong."""
    wanted, asked = ["/", *ASKED, *rest_paths(home)], set[str]()
    while wanted and len(asked) < MOST:
        path = wanted.pop(0)
        if path in asked:
            continue
        asked.add(path)
        found = fetched(home, path)
        yield path, found
        wanted += links(path, found[1]) if found[1].startswith("<!doctype html>") else []


def rest_paths(home: str) -> list[str]:
    """Return the paths of REST that are read, each with the first of what it names."""
    described = json.loads(fetched(home, "/api/v1/openapi.json")[1])
    paths = [path for path, methods in described["paths"].items() if "get" in methods and "stream" not in path]
    made = [path if path.startswith("/api/") else f"/api/v1{path}" for path in paths]
    return [path.replace("{", "\0").split("\0")[0] + ("1" if "{" in path else "") for path in made]


def links(path: str, text: str) -> list[str]:
    page = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    found = (urlsplit(urljoin(path, one.get("href", ""))) for one in page.iter("a"))
    return [f"{one.path}?{one.query}" if one.query else one.path for one in found if one.netloc == "" and one.path]


def in_memory(pid: int, word: bytes) -> bool:
    """Return whether a word stands anywhere in the writable memory of a process."""
    found = False
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw"):
                try:
                    memory.seek(start)
                    found = found or word in memory.read(end - start)
                except OSError:  # a page that was never touched
                    continue
    return found
