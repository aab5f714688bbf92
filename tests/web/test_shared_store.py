"""The page, the feeds and REST over a store that several monitors share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from monitor.secret import Secret
from monitor.store.postgresql.address import Address
from monitor.store.postgresql.database import migrate_database
from tests.end_to_end.harness import CONFIG, Project, record
from tests.postgresql_databases import Databases
from tests.postgresql_server import Server
from tests.waiting import wait_until
from tests.web.reading import words
from tests.web.site import ServedSite, served
from tests.web.test_stream import listening

STORED = 'store: "${STORE_URL}"\nnode: seoul-1\n'
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday.")
PATHS = [
    *("/", "/alerts", "/releases", "/releases?q=FTA", "/releases/1", "/sources", "/status", "/watchlists", "/feeds"),
    *("/rules?query=FTA", "/feeds/events.atom", "/feeds/watchlists/fta.json", "/api/v1/latest"),
    *("/api/v1/status", "/api/v1/events", "/api/v1/releases", "/api/v1/alerts", "/api/v1/dumps", "/api/v1/config"),
]


def project_at(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("STORE_URL", url.replace("postgres@", "postgres:hunter2@"))
    return Project(folder, url="console://", config=STORED + CONFIG)


@pytest.fixture
def site(tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedSite]:
    """The page of a monitor that runs and has taken one dump."""
    project = project_at(tmp_path / "p", databases.url(tmp_path / "database"), monkeypatch)
    with project.daemon() as daemon, served(project.folder / "config.yaml") as served_site:
        project.drop("a.txt", TALKS)
        daemon.wait_for_event("message_sent")
        yield served_site
        daemon.stop()


def test_each_address_answers_and_tells_no_password(site: ServedSite) -> None:
    for path in PATHS:
        answer = site.get(path)
        assert (answer.status, "hunter2" in answer.text) == (200, False), path
    assert "FTA talks held" in words(site.get("/releases?q=FTA").page)
    [event] = json.loads(site.get("/api/v1/events").text)["items"]
    assert (event["kind"], event["title"]) == ("new", "FTA talks held")


def test_a_number_that_no_store_can_hold_is_not_found(site: ServedSite) -> None:
    assert [site.get(f"/{what}/{10**20}").status for what in ("releases", "events")] == [404, 404]


def test_status_shows_the_nodes_and_the_server(site: ServedSite) -> None:
    [status] = json.loads(site.get("/api/v1/status").text)["items"]
    assert [(node["name"], node["is_me"], node["state"]) for node in status["nodes"]] == [("seoul-1", True, "ok")]
    assert (status["store"]["kind"], status["store"]["file"]) == ("postgresql", None)
    assert ":***@" in status["store"]["url"]
    page = words(site.get("/status").page)
    assert "seoul-1 ok, this one" in page
    assert ":***@" in page
    assert "no standby" in page


def test_an_action_of_the_page_reaches_the_daemon(site: ServedSite) -> None:
    answer = site.ask("POST", "/api/v1/mute", '{"name": "fta", "for": "1h"}', content_type="application/json")
    assert answer.status == 200, answer.text
    [status] = json.loads(site.get("/api/v1/status").text)["items"]
    assert list(status["releases"]["muted_watchlists"]) == ["fta"]


def test_a_server_that_is_away_is_said_and_its_return_is_noticed(
    tmp_path: Path, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_database(Address(Secret(own_server.url)))
    project = project_at(tmp_path / "p", own_server.url, monkeypatch)
    assert project.run("run", "--once").code == 0
    with served(project.folder / "config.yaml") as site:
        assert site.get("/releases").status == 200
        own_server.stop("immediate")
        refused = site.get("/releases")
        assert (refused.status, "hunter2" in refused.text) == (503, False)
        own_server.start()
        wait_until(lambda: site.get("/releases").status == 200)


def test_an_event_that_another_source_stores_late_under_a_lower_id_is_not_passed_over(
    tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are drawn before commits: while one source is at 9, another one may still store 5."""
    url = databases.url(tmp_path / "database")
    project = project_at(tmp_path / "p", url, monkeypatch)
    store_event(url, "energy", 9)
    with served(project.folder / "config.yaml") as site, listening(site.port, "/api/v1/stream?after=9") as listener:
        known = json.loads(site.get("/api/v1/latest").text)["after"]
        [first] = json.loads(site.get("/api/v1/events?after=0&n=1").text)["items"]
        tag = site.get("/feeds/events.atom").headers["etag"]
        assert (known, first["id"], listener.answer.readline()) == ("0,energy:9", 9, b"retry: 3000\n")
        store_event(url, "motie", 5)
        assert (listener.message()["id"], site.site.live.streams) == ("0,energy:9,motie:5", 1)
        answer = json.loads(site.get(f"/api/v1/latest?kind=all&after={known}").text)
        assert (answer["last"], answer["count"], answer["after"]) == (9, 1, "0,energy:9,motie:5")
        assert [one["id"] for one in json.loads(site.get(f"/api/v1/events?after={known}").text)["items"]] == [5]
        assert site.get("/feeds/events.atom", if_none_match=tag).status == 200
        for source, event in (("motie", 11), ("energy", 10), ("energy", 12)):
            store_event(url, source, event)
        page = json.loads(site.get(f"/api/v1/events?after={answer['after']}&n=2").text)
        rest = json.loads(site.get(page["next"]).text)
        assert [[one["id"] for one in part["items"]] for part in (page, rest)] == [[10, 11], [12]]


def store_event(url: str, source: str, event: int) -> None:
    """Commit one event of a source, as an ingest does."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO source (name) VALUES (%s) ON CONFLICT (name) DO UPDATE SET generation = source.generation + 1",
            (source,),
        )
        connection.execute(
            "INSERT INTO dump SELECT %(id)s, %(source)s, 'a.txt', %(sha)s, 1, now(), now(), 'arrival', NULL, 0,"
            " 'stored', 'utf-8', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, now()",
            {"id": event, "source": source, "sha": str(event).encode()},
        )
        connection.execute(
            "INSERT INTO event SELECT %s, %s, %s, NULL, NULL, 'rejected', '[]', '[]', FALSE, '[]', '[]', '', now()",
            (event, source, event),
        )
