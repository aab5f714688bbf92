"""A source that is downloaded: real processes, a real web server, and the alerts of what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.harness import IMPATIENT, Project, record
from tests.servers import Answer, HttpServer, http_server

TOKEN = "cAnArYt0KeN"
CONFIG = """
timezone: Asia/Seoul
state: state/
sources:
  항구:
    path: drops/
    fetch: {url: "%s/news.txt?key=%s", every: 200ms, headers: {X-Key: %s}, allow_private: true, keep: 2}
channels:
  hook: {url: "%s", rate: 1000/s, max_per_hour: 0}
operator: {notify: [hook]}
watchlists:
  fta: {keywords: [FTA]}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1s}
%s
"""
ONE = record("FTA talks held", "Delegations met in Seoul on Monday and spoke of 12 tariff lines.").encode()
TWO = record("FTA talks held", "Delegations met in Seoul on Monday and spoke of 15 tariff lines.").encode()
THREE = TWO + record("FTA signed at last", "The ministers signed the agreement in Busan on Friday.").encode()
SAME = Answer(status=304, body=b"")
AWAY = Answer(status=503, body=b"")


@contextmanager
def project(folder: Path, server: HttpServer, *, more: str = "") -> Iterator[tuple[Project, HttpServer]]:
    with http_server() as hook:
        url = f"json://127.0.0.1:{hook.port}"
        yield Project(folder, config=CONFIG % (server.url, TOKEN, TOKEN, url, more)), hook


def told(hook: HttpServer, count: int) -> list[str]:
    return [str(request.json()["title"]) for request in hook.wait_for(count)]


def fetch_row(project: Project) -> Any:
    return project.run("status", "--json").rows()[0]["sources"][0]["fetch"]


def test_the_daemon_fetches_at_once_and_again_and_tells_what_has_changed(tmp_path: Path) -> None:
    answers = (Answer(body=ONE, headers={"ETag": '"1"'}), SAME, SAME, Answer(body=TWO), Answer(body=THREE), SAME)
    with http_server(*answers) as server, project(tmp_path / "p", server) as (place, hook):
        with place.daemon(IMPATIENT) as daemon:
            assert len(told(hook, 3)) == 3
            daemon.wait_for_event("file_fetched", 3)
            server.wait_for(6)
            assert daemon.stop() == 0
        events = [(row["kind"], row["title"]) for row in place.run("events", "--json").rows()]
        names = sorted(path.name for path in (place.folder / "drops").iterdir() if not path.name.startswith("."))
        assert [request.headers.get("If-None-Match") for request in server.requests[:3]] == [None, '"1"', '"1"']
        assert {request.headers["X-Key"] for request in server.requests} == {TOKEN}
        logged = str(daemon.lines())
    assert sorted(events) == [("changed", "FTA talks held"), ("new", "FTA signed at last"), ("new", "FTA talks held")]
    assert len(names) == 2
    assert TOKEN not in logged
    assert all(TOKEN.encode() not in path.read_bytes() for path in (place.folder / "state").iterdir() if path.is_file())


def test_one_pass_fetches_once_and_says_what_failed_until_it_works_again(tmp_path: Path) -> None:
    answers = (AWAY, AWAY, AWAY, AWAY, Answer(body=ONE, headers={"ETag": '"1"'}), SAME)
    with http_server(*answers) as server, project(tmp_path / "p", server) as (place, hook):
        failed = [place.run("run", "--once") for _ in range(4)]
        away = fetch_row(place)
        shown = place.run("status").out
        worked, again = place.run("run", "--once"), place.run("run", "--once")
        titles = [request.json()["title"].removeprefix("[monitor] ") for request in hook.requests]
    assert [done.code for done in (*failed, worked, again)] == [1, 1, 1, 1, 0, 0]
    assert not any("files_ignored" in done.err for done in (*failed, worked, again))
    assert all("fetch_failed" in done.err and "503 Service Unavailable" in done.err for done in failed)
    assert (away["fetched"], away["failures"], away["reason"]) == (
        None,
        4,
        "the server answered 503 Service Unavailable",
    )
    assert "not fetched yet  failing since" in shown
    assert [title for title in titles if "source 항구" in title] == [
        "the file of source 항구 cannot be fetched",
        "the file of source 항구 can be fetched again",
    ]
    assert fetch_row(place) == {
        "fetched": fetch_row(place)["fetched"],
        "failing_since": None,
        "failures": 0,
        "reason": "",
    }
    assert TOKEN not in "".join(done.out + done.err for done in failed) + shown


def test_what_can_only_fail_is_told_at_once(tmp_path: Path) -> None:
    with http_server(Answer(status=404)) as server, project(tmp_path / "p", server) as (place, hook):
        assert place.run("run", "--once").code == 1
        assert place.run("run", "--once").code == 1
        [text] = [str(request.json()) for request in hook.requests]
    assert "404 Not Found" in text


def test_a_baseline_is_what_the_first_fetch_brings(tmp_path: Path) -> None:
    with (
        http_server(Answer(body=ONE), Answer(body=THREE)) as server,
        project(tmp_path / "p", server, more="first_run: baseline") as (place, hook),
        place.daemon(IMPATIENT),
    ):
        texts = [str(request.json()) for request in hook.wait_for(2)]
    assert sum("baseline of 항구 taken: 1 release," in text for text in texts) == 1
    assert sum("FTA signed at last" in text for text in texts) >= 1


def test_a_fetch_that_hangs_holds_nothing_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with http_server(Answer(is_hanging=True)) as server, project(tmp_path / "p", server) as (place, hook):
        with place.daemon(IMPATIENT) as daemon:
            server.wait_for(1)
            (place.folder / "drops" / "by hand.txt").write_bytes(ONE)
            assert len(told(hook, 1)) == 1
            assert daemon.stop() == 0
        server.answers = (Answer(is_hanging=True), Answer(is_hanging=True), Answer(body=TWO))
        with place.daemon(IMPATIENT) as daemon:
            server.wait_for(2)
            daemon.process.kill()
        with place.daemon(IMPATIENT):
            assert len(told(hook, 2)) == 2
        dropped = sorted(path.name[:3] for path in (place.folder / "drops").iterdir() if not path.name.startswith("."))
    assert dropped == ["by ", "항구-"]
