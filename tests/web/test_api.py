"""REST: the rows of the commands, a page at a time, and the commands that change a running monitor."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

import pytest
from openapi_spec_validator import validate

from monitor.web.api import ACTIONS, ROOT
from monitor.web.api_verbs import VERBS
from monitor.web.site import ROUTES
from tests.end_to_end.harness import Project, record
from tests.schemas import line_faults
from tests.servers import Answer, http_server
from tests.web.site import ServedSite, served

CONFIG = """
timezone: Asia/Seoul
sources:
  press: {path: seeds/, files: ["2024-07-03*"], categories: [Industry]}
  motie: {path: seeds/, categories: [Industry], listings: {press: ["press_*"]}}
channels:
  hook: {url: "json://127.0.0.1:%d", rate: 1000/s}
  desk: {url: "console://", digest: "08:30"}
watchlists:
  fta: {keywords: [FTA, 자유무역협정]}
  chips: {query: "semiconductor OR 반도체", tests: [{match: "nothing of the kind"}]}
operator: {notify: [hook]}
"""
TALKS = record("FTA talks held", "The FTA was discussed in Seoul on Monday: 5.1 percent of trade.")
CHIPS = record("반도체 수출 증가", "6월 반도체 수출이 134억 달러로 역대 최대를 기록했다.", "2024-07-03")
OLD, NEW = record("Old", "Gone before.", "2024-06-01"), record("New", "Still here.", "2024-07-09")
DROPS = {
    "press_2024-07-02.txt": f"{OLD}\n{TALKS}\n{NEW}",
    "2024-07-03.txt": f"{TALKS.replace('5.1', '5.3')}\n{CHIPS}",
    "press_2024-07-04.txt": f"{OLD}\n{NEW}",
    "2024-07-05.txt": TALKS.replace("5.1", "5.4") + "\n-\nHalf\nwritten",
    "copy.txt": f"{TALKS.replace('5.1', '5.3')}\n{CHIPS}",
}
HIDDEN = """
sources: {motie: {path: seeds/}}
channels: {desk: {url: "console://"}}
watchlists: {hidden: {query: "${WORD}"}}
"""
LINES = "application/x-ndjson"
# What a command prints, and the address of the same.
SAME = {
    "events": "/events",
    "events --kind changed": "/events?kind=changed",
    "events --watchlist fta --since 2000-01-01": "/events?watchlist=fta&since=2000-01-01",
    "events --dump 2024-07-03.txt": "/events?dump=2024-07-03.txt",
    "events --source press": "/events?source=press",
    "events --notified": "/events?notified=1",
    "releases": "/releases",
    "releases 반도체": "/releases?words=%EB%B0%98%EB%8F%84%EC%B2%B4",
    "releases FTA Seoul": "/releases?words=FTA&words=Seoul",
    "releases --watchlist fta --since 2024-06-15": "/releases?watchlist=fta&since=2024-06-15",
    "show 2": "/releases/2",
    "explain 2": "/releases/2/explain",
    "explain 2 chips": "/releases/2/explain?watchlist=chips",
    "match --query fta": "/match?query=fta",
    "match fta --since 2024-07-01": "/match?watchlist=fta&since=2024-07-01",
    "alerts": "/alerts",
    "alerts --state dead": "/alerts?state=dead",
    "alerts --state pending": "/alerts?state=pending",
    "alerts show 1": "/alerts/1",
    "channels": "/channels",
    "watchlists": "/watchlists",
    "dumps": "/dumps",
    "dumps --rejects": "/rejects",
    "status": "/status",
    "check": "/check",
    "config show": "/config",
}
HOSTILE = (
    *(
        "",
        "\0",
        "\udcff",
        "９",
        "٣",
        "-1",
        "1e9",
        "9" * 30,
        str(2**63 - 1),
        "x" * 1500,
        "'; drop table event --",
        "\u202e",
        "*",
        '"((',
    ),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59Z",
        "99999999999999999999d",
        "2024-02-30",
        "/regex(/",
    ),
    *(
        "0001-01-01T00:00:00+14:00~1~",
        "2024-01-01T00:00:00Z~99999999999999999999~",
        "2024-01-01~-1~zz",
        "2024-01-01~1~",
    ),
)
PAGED = {verb.path for verb in VERBS if verb.cursor}
LISTS = [path for path in SAME.values() if path.partition("?")[0] in PAGED]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which much has happened."""
    with http_server(Answer(status=413), Answer(status=413), Answer()) as server:
        project = Project(tmp_path_factory.mktemp("api") / "p", config=CONFIG % server.port)
        for name, text in DROPS.items():
            project.drop(name, text)
            project.run("run", "--once")
    return project


@pytest.fixture(scope="module")
def site(project: Project) -> Iterator[ServedSite]:
    with served(project.folder / "config.yaml") as site:
        assert site.get(at("/config")).status == 200  # starts the thread that all tests share
        yield site


def printed(project: Project, words: str) -> str:
    """What a command prints; -c: `check` names the file as it is given."""
    out: str = project.run(*words.split(), "--json", "-c", project.folder / "config.yaml").out
    assert out
    return out


def at(path: str, **parameters: object) -> str:
    more = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{ROOT}{path}{'&' if '?' in path else '?'}{more}" if more else f"{ROOT}{path}"


def items(site: ServedSite, address: str) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of one page, and where the next one is."""
    answer = site.get(address)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found = json.loads(answer.body)
    assert found.keys() == {"schema_version", "items", "next"}
    return found["items"], found["next"]


def walk(site: ServedSite, address: str) -> Iterator[list[dict[str, Any]]]:
    following: str | None = address
    while following:
        rows, following = items(site, following)
        yield rows


@pytest.mark.parametrize(("words", "path"), SAME.items())
def test_lines_are_byte_for_byte_what_the_command_prints(
    project: Project, site: ServedSite, words: str, path: str
) -> None:
    answer = site.get(at(path, **({"after": 0} if path in LISTS else {})), accept=LINES)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, LINES)
    assert answer.body.decode() == printed(project, words)


@pytest.mark.parametrize(("words", "path"), SAME.items())
def test_a_page_has_the_same_rows_newest_first(project: Project, site: ServedSite, words: str, path: str) -> None:
    rows = [json.loads(line) for line in printed(project, words).splitlines()]
    found, following = items(site, at(path, **({"n": 500} if path in LISTS else {})))
    assert found == (rows[::-1] if path in LISTS else rows)
    assert following is None


def test_every_verb_is_compared() -> None:
    compared = {re.sub(r"\d+", "N", path.partition("?")[0]) for path in SAME.values()}
    assert compared == {re.sub(r"\{\w+\}", "N", verb.path) for verb in VERBS}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_pages_in_a_row_are_the_whole_list_in_either_direction(site: ServedSite, path: str, n: int) -> None:
    whole, _ = items(site, at(path, n=500))
    assert [row for rows in walk(site, at(path, n=n)) for row in rows] == whole
    pages = list(walk(site, at(path, n=n, after=0)))
    assert [row for rows in pages for row in rows] == whole[::-1]
    numbered = [[row for row in rows if row.get("id", 1) is not None] for rows in pages]
    assert [len(rows) for rows in numbered[:-1]] == [n] * (len(pages) - 1)


def test_a_page_has_50_rows_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", "\n".join(record(f"Release {number}", f"Text of {number}.") for number in range(60)))
    project.run("run", "--once")
    with served(project.folder / "config.yaml") as site:
        assert [len(rows) for rows in walk(site, at("/events"))] == [50, 10]
        assert len(site.get(at("/events"), accept=LINES).body.splitlines()) == 60
        assert len(site.get(at("/events", n=7), accept=LINES).body.splitlines()) == 7


def test_paging_meets_no_row_twice_while_events_arrive(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with served(project.folder / "config.yaml") as site:
        for number in range(3):
            project.drop(f"{number}.txt", record(f"FTA round {number}", f"Text of round {number}."))
            project.run("run", "--once")
        pages = {
            (path, direction): walk(site, at(path, n=1, **direction_of))
            for path in ("/events", "/releases", "/match?query=FTA", "/dumps", "/alerts")
            for direction, direction_of in (("back", {}), ("forth", {"after": 0}))
        }
        met: dict[tuple[str, str], list[str]] = {key: [] for key in pages}
        for number in range(3, 8):
            project.drop(f"{number}.txt", record(f"FTA round {number}", f"Text of round {number}."))
            project.run("run", "--once")
            for key, walked in pages.items():
                met[key] += [json.dumps(row) for rows in [next(walked, [])] for row in rows]
        for key, walked in pages.items():
            met[key] += [json.dumps(row) for rows in walked for row in rows]
    counts = {key: (len(rows), len(set(rows))) for key, rows in met.items()}
    assert counts == {(path, direction): ((4, 4) if direction == "back" else (8, 8)) for path, direction in pages}


class Counted(asyncio.Semaphore):
    """Slots that count who took one."""

    taken = 0

    async def acquire(self) -> Literal[True]:
        self.taken += 1
        return await super().acquire()


def test_what_reads_many_texts_takes_a_slot_for_each_part_and_nothing_else_does(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.drop("a.txt", "\n".join(record(f"FTA round {number}", f"Text of {number}.") for number in range(150)))
    project.run("run", "--once")
    with served(project.folder / "config.yaml") as site:
        site.site.rules.slots = slots = Counted(1)
        for path, accept, taken in (
            ("/events", LINES, 0),
            ("/match?query=FTA", "application/json", 1),
            ("/match?query=FTA", LINES, 3),  # 100 lines, 50 lines, and the end
            ("/releases", "application/json", 1),
            ("/check", "application/json", 1),
        ):
            slots.taken = 0
            assert site.get(ROOT + path, accept=accept).status == 200
            assert (path, accept, slots.taken) == (path, accept, taken)
            assert not slots.locked()


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("/events?foo=1", 422, "this address has no parameter 'foo'; it has since, kind, watchlist, dump, source, not"),
        ("/status?n=1", 422, "this address has no parameter 'n'; it has none"),
        ("/events?n=501", 422, "n=501: give a number from 1 to 500"),
        ("/events?n=0", 422, "give a number from 1 to 500"),
        ("/events?n=1&n=2", 422, "n is given more than once"),
        ("/events?before=x", 422, "'x' is no number of a value in this list"),
        ("/events?before=99999999999999999999", 422, "is no number"),
        ("/events?before=1&after=0", 422, "before and after exclude each other"),
        ("/dumps?before=x", 422, "is no place in this list: take it from `next`"),
        ("/events?since=yesterday", 422, "'yesterday': give a day (2024-07-01)"),
        ("/events?kind=foo", 422, "kind=foo: choose from new, changed"),
        ("/events?watchlist=ftaa", 404, "there is no watchlist 'ftaa'; the configuration has fta, chips"),
        ("/releases?watchlist=ftaa", 404, "there is no watchlist 'ftaa'"),
        ("/releases?words=%22", 422, "there is no word to search for"),
        ("/releases/99", 404, "there is no release 99"),
        ("/releases/x", 422, "'x' is not the number of a release"),
        ("/releases/99999999999999999999", 422, "is not the number of a release"),
        ("/releases/2/explain?watchlist=ftaa", 404, "there is no watchlist 'ftaa'"),
        ("/match", 422, "give one of query= and watchlist="),
        ("/match?query=FTA+AND", 422, ""),
        ("/match?watchlist=ftaa", 404, "there is no watchlist 'ftaa'"),
        ("/alerts?state=foo", 422, "state=foo: choose from pending"),
        ("/alerts/99", 404, "there is no message 99"),
        ("/nothing", 404, ""),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", LINES])
def test_what_cannot_be_answered_is_the_error_of_the_command(
    site: ServedSite, accept: str, address: str, status: int, message: str
) -> None:
    answer = site.get(ROOT + address, accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert line_faults("error", answer.text) == []
    assert message in json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("accept", ["application/json", LINES])
def test_no_parameter_makes_the_site_fail(site: ServedSite, accept: str) -> None:
    failed = []
    for verb in VERBS:
        names = [*(parameter.name for parameter in verb.parameters), *(("n", "before", "after") if verb.cursor else ())]
        for name, value in product(names, HOSTILE):
            address = f"{at(verb.path.format(release=2, message=1))}?{urlencode({name: value}, errors='surrogatepass')}"
            answer = site.get(address, accept=accept)
            if answer.status not in (200, 404, 409, 422):
                failed.append((address, answer.status))
    assert failed == []


@pytest.mark.parametrize("number", HOSTILE)
def test_no_number_in_an_address_makes_the_site_fail(site: ServedSite, number: str) -> None:
    for path in ("/releases/{}", "/releases/{}/explain", "/alerts/{}"):
        assert site.get(ROOT + path.format(quote(number, safe="", errors="surrogatepass"))).status in (
            200,
            307,
            400,
            404,
            422,
        )


def test_a_watchlist_that_is_gone_has_an_end_to_its_pages(site: ServedSite) -> None:
    assert items(site, at("/events", watchlist="ftaa", before=1)) == ([], None)


def test_a_method_that_an_address_does_not_take_is_an_error_too(site: ServedSite) -> None:
    for method, path in (("POST", "/events"), ("GET", "/mute")):
        answer = site.ask(method, ROOT + path)
        assert (answer.status, line_faults("error", answer.text)) == (405, [])


def test_without_a_store_there_are_no_rows_and_no_file_appears(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    with served(project.folder / "config.yaml") as site:
        answer = site.get(at("/events"))
        assert (answer.status, line_faults("error", answer.text)) == (503, [])
    assert not (project.folder / "state").exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/alerts/1/retry", None),
        ("/alerts/1/drop", None),
        ("/channels/hook/resume", None),
        ("/channels/hook/test", None),
        ("/mute", {"name": "fta", "for": "8h"}),
        ("/reload", None),
    ],
)
def test_without_a_daemon_an_action_is_refused_and_the_store_stays_byte_for_byte(
    project: Project, site: ServedSite, path: str, body: Mapping[str, str] | None
) -> None:
    def state() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (project.folder / "state").iterdir() if path.is_file()}

    before = state()
    answer = site.ask("POST", ROOT + path, body=json.dumps(body) if body else None)
    assert (answer.status, line_faults("error", answer.text)) == (503, [])
    assert state() == before


def test_each_action_has_the_row_and_the_effect_of_its_command(tmp_path: Path) -> None:
    with http_server(
        Answer(status=413), Answer(status=413), Answer(status=413), Answer(status=413), Answer()
    ) as server:
        project = Project(tmp_path / "p", url=f"json://127.0.0.1:{server.port}")
        for number in range(4):
            project.drop(f"{number}.txt", record(f"FTA round {number}", f"Text of round {number}."))
            project.run("run", "--once")
        with project.daemon() as daemon, served(project.folder / "config.yaml") as site:
            pairs = [
                (("alerts", "drop", "1"), "/alerts/2/drop", None),
                (("alerts", "retry", "3"), "/alerts/4/retry", None),
                (("mute", "fta", "8h"), "/mute", {"name": "semiconductor", "for": "8h"}),
                (("mute", "fta", "off"), "/mute", {"name": "semiconductor", "for": "off"}),
                (("channels", "resume", "hook"), "/channels/hook/resume", None),
            ]
            for words, path, body in pairs:
                answer = site.ask("POST", ROOT + path, body=json.dumps(body) if body else None)
                assert (answer.status, line_faults("order", answer.text)) == (200, [])
                assert alike(answer.text) == alike(project.run(*words, "--json").out)
            server.wait_for(6)  # four that were refused, two that are sent again
            tested = site.ask("POST", f"{ROOT}/channels/hook/test")
            assert (tested.status, line_faults("order", tested.text)) == (200, [])
            server.wait_for(7)
            reloaded = site.ask("POST", f"{ROOT}/reload")
            assert (reloaded.status, line_faults("order", reloaded.text)) == (200, [])
            daemon.wait_for_event("config_*")
            for path, status in (("/alerts/99/drop", 404), ("/alerts/1/drop", 409), ("/alerts/x/drop", 422)):
                answer = site.ask("POST", ROOT + path)
                assert (answer.status, line_faults("error", answer.text)) == (status, [])
            assert daemon.stop() == 0
    rows = project.run("alerts", "--json").rows()
    assert [(row["kind"], row["state"]) for row in rows if row["kind"] != "system"] == [
        *[("instant", "dropped")] * 2,
        *[("instant", "sent")] * 2,
        ("test", "sent"),
    ]


def alike(line: str) -> Any:
    """A row without the numbers, names and times that differ between two of a kind."""
    row = json.loads(line)
    row["muted_until"] = row.get("muted_until") is not None
    text = re.sub(r"message \d|fta|semiconductor|20\S+Z", "…", json.dumps(row))
    return json.loads(re.sub(r'"message": \d', '"message": 0', text))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/mute", "", 422),
        ("/mute", "{", 422),
        ("/mute", "[" * 10_000, 422),
        ("/mute", '{"name": "fta"}', 422),
        ("/mute", '{"name": "fta", "for": 8}', 422),
        ("/mute", '{"name": "fta", "for": "8h", "more": "x"}', 422),
        ("/mute", '"' + "x" * 20_000 + '"', 413),
        ("/reload", '{"name": "fta"}', 422),
    ],
)
def test_a_body_that_is_not_what_an_action_takes_is_refused(
    site: ServedSite, path: str, body: str, status: int
) -> None:
    answer = site.ask("POST", ROOT + path, body=body)
    assert (answer.status, line_faults("error", answer.text)) == (status, [])


def test_a_page_that_only_shows_takes_no_action(project: Project) -> None:
    with served(project.folder / "config.yaml", is_read_only=True) as site:
        for action in ACTIONS:
            answer = site.ask("POST", ROOT + re.sub(r"\{\w+\}", "1", action.path))
            assert (answer.status, line_faults("error", answer.text)) == (403, [])


def test_what_nobody_expected_is_told_as_every_error(project: Project) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    with served(project.folder / "config.yaml", now=broken) as site:
        page, rows = site.get("/"), site.get(f"{ROOT}/events")
    sentence = "the monitor failed to answer this; its log says why"
    assert (page.status, page.text) == (500, f"{sentence}\n")
    assert (rows.status, json.loads(rows.body)["error"]["message"]) == (500, sentence)


def test_the_description_is_valid_and_names_every_address(site: ServedSite) -> None:
    found = json.loads(site.get(f"{ROOT}/openapi.json").body)
    validate(found)
    described = {(path, method) for path, methods in found["paths"].items() for method in methods}
    served_here = {
        (route.path.removeprefix(ROOT), method.lower())
        for route in ROUTES
        if route.path.startswith(ROOT) and not route.path.endswith("openapi.json")
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == served_here


def test_a_rule_that_this_process_must_not_know_is_no_query(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=HIDDEN)
    project.drop("a.txt", TALKS)
    assert project.run("run", "--once", env={"WORD": "FTA"}).code == 0
    with served(project.folder / "config.yaml") as site:
        assert items(site, at("/releases"))[0][0]["watchlists"] == []
        for path in ("/match?watchlist=hidden", "/releases?watchlist=hidden", "/releases/1/explain?watchlist=hidden"):
            answer = site.get(ROOT + path)
            assert (answer.status, "`monitor match hidden` knows it" in answer.text) == (409, True)
