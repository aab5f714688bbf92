"""The rule tester: what a rule finds in all stored releases, with or without script."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode, urljoin
from xml.etree import ElementTree

import pytest

from monitor.config import load
from monitor.inspect.rule_scans import NEWEST, RuleReport, RuleScans, View
from monitor.inspect.tested_rule import TestedRule
from monitor.records import Archive
from tests.end_to_end.in_process import run_here
from tests.servers import Arrivals
from tests.web.hostile import faults, hostile
from tests.web.site import Answer, ServedSite, filled, served

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)> javascript:x {{7*7}} \u202e\x00"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("rules") / "p")


@pytest.fixture
def site(folder: Path) -> Iterator[ServedSite]:
    """A site whose clock stands still for scans: each is finished by its first answer."""
    with served(folder / "config.yaml") as site:
        site.site.rules.scans = RuleScans(clock=lambda: 0.0)
        yield site


def tried(site: ServedSite, query: str, **more: str) -> Answer:
    answer = site.get(f"/rules?{urlencode({'q': query, **more})}")
    assert answer.status == 200
    return answer


def words(of: ElementTree.Element) -> str:
    return " ".join("".join(of.itertext()).split())


def titles(answer: Answer) -> list[str]:
    return [words(title) for title in answer.page.iter("h3")]


def element(answer: Answer, name: str) -> ElementTree.Element:
    found = by_id(answer, name)
    assert found is not None
    return found


def by_id(answer: Answer, name: str) -> ElementTree.Element | None:
    return answer.page.find(f".//*[@id='{name}']")


def in_small_slices(site: ServedSite) -> None:
    """Let every slice of a scan read two releases at most."""
    ticks = count()
    site.site.rules.scans = RuleScans(clock=lambda: next(ticks) * 0.25)


def test_without_a_rule_the_page_says_what_to_write(site: ServedSite) -> None:
    answer = site.get("/rules")
    assert "Write words, phrases in quotes" in answer.text
    links = [link.get("href") for link in answer.page.iter("a")]
    assert "/rules?against=exports" in links


def test_a_rule_finds_releases_newest_first_with_its_words_marked(site: ServedSite) -> None:
    answer = tried(site, "reach OR carriers")
    assert titles(answer) == ["Shipbuilders win orders for gas carriers", "Chip exports reach a record"]
    assert words(element(answer, "count")) == "2 of 5 releases"
    assert [words(mark) for mark in answer.page.iter("mark")][:2] == ["carriers", "carriers"]


def test_a_korean_rule_is_read_and_its_titles_are_korean(site: ServedSite) -> None:
    answer = tried(site, "반도체 AND 수출")
    assert titles(answer) == ["반도체 수출, 8개월 연속 증가"]
    [title] = answer.page.iter("h3")
    assert title.get("lang") == "ko"


def test_the_page_counts_as_match_does(site: ServedSite, folder: Path) -> None:
    rows = run_here(["match", "--query", "exports OR carriers", "--json"], folder=folder, env={}).rows()
    assert words(element(tried(site, "exports OR carriers"), "count")).split()[0] == str(len(rows))


def test_gained_lost_and_kept_are_shown_apart(site: ServedSite) -> None:
    both = tried(site, "exports OR carriers", against="semiconductor")
    changes = words(next(nav for nav in both.page.iter("nav") if nav.get("class") == "changes"))
    assert changes.startswith("+1 gained −1 lost 1 kept all")
    assert titles(tried(site, "carriers", against="semiconductor", show="gained")) == [
        "Shipbuilders win orders for gas carriers"
    ]
    assert len(titles(tried(site, "carriers", against="semiconductor", show="lost"))) == 2
    assert titles(tried(site, "carriers", against="semiconductor", show="kept")) == []


def test_a_watchlist_alone_is_tried_as_it_is_written(site: ServedSite) -> None:
    answer = site.get("/rules?against=semiconductor")
    assert element(answer, "rule-q").get("value") == "semiconductor OR 반도체"
    assert "+0 gained −0 lost 2 kept" in words(element(answer, "result"))


def test_an_unknown_watchlist_is_told(site: ServedSite) -> None:
    answer = tried(site, "exports", against="nobody")
    assert "there is no watchlist 'nobody'" in words(element(answer, "fault"))


def test_a_fault_points_at_its_character_and_the_last_good_result_stays(site: ServedSite) -> None:
    answer = tried(site, "exports AND (chips", last="exports")
    fault = element(answer, "fault")
    said, excerpt = words(next(fault.iter("p"))), "".join(next(fault.iter("pre")).itertext())
    assert "never closed" in said
    line, caret = excerpt.rstrip().split("\n")
    assert line[caret.index("^")] == "("
    assert "dimmed" in (element(answer, "found").get("class") or "")
    assert titles(answer) == ["Chip exports reach a record"]
    assert [field.get("value") for field in answer.page.iter("input") if field.get("name") == "last"] == ["exports"]


def test_the_fault_of_a_regular_expression_is_told(site: ServedSite) -> None:
    pytest.importorskip("re2")
    assert "no regular expression" in words(element(tried(site, "/(/"), "fault"))
    assert titles(tried(site, r"/\$13\.\d billion/")) == ["Chip exports reach a record"]


def test_an_unclear_rule_is_warned_of(site: ServedSite) -> None:
    assert "AND and OR are mixed without brackets" in tried(site, "exports OR chips AND FTA").text
    assert "mixed without brackets" not in tried(site, "exports OR (chips AND FTA)").text


def test_a_korean_word_inside_others_is_hinted_at(site: ServedSite) -> None:
    assert "'도체' also stands inside" in words(element(tried(site, "도체"), "result"))
    assert "also stands inside" not in tried(site, "반도체").text


def test_each_row_says_why(site: ServedSite) -> None:
    answer = tried(site, "exports AND (record OR nothing)")
    why = next(answer.page.iter("details"))
    results = [(each.get("aria-label"), words(part)) for part in why.iter("li") for each in part.iter("span")][::2]
    assert [(result, said.split()[1]) for result, said in results] == [
        ("met", "exports"),
        ("met", "record"),
        ("not met", "nothing"),
    ]


def test_a_nearly_matched_release_says_what_is_missing(site: ServedSite) -> None:
    near = next(each for each in tried(site, "exports AND carriers").page.iter("ul") if each.get("class") == "near")
    assert "Chip exports reach a record" in words(near)
    assert "'carrier' does not occur" in words(near)


def test_the_lines_for_the_configuration_can_be_used(site: ServedSite, folder: Path, tmp_path: Path) -> None:
    for query in ("exports AND 'x'", r"/\d+ (won|dollars)$/", "반도체 OR FTA"):
        answer = tried(site, query, against="exports")
        yaml = "".join(element(answer, "yaml").itertext())
        config = (folder / "config.yaml").read_text("utf-8").partition("watchlists:")[0] + yaml
        (tmp_path / "config.yaml").write_text(config, "utf-8")
        (tmp_path / "seeds").mkdir(exist_ok=True)
        exports = load(tmp_path / "config.yaml").watchlists["exports"]
        assert query in (exports.query, f"/{exports.regex}/")
        assert exports.notify == ()


def test_a_scan_goes_on_by_a_link_until_all_is_read(site: ServedSite) -> None:
    in_small_slices(site)
    answer, reads = tried(site, "exports OR carriers"), []
    while (link := by_id(answer, "go-on")) is not None:
        found = re.search(r"(\d+) of 5 read", words(element(answer, "result")))
        assert found is not None
        reads.append(int(found[1]))
        answer = site.get(urljoin("/rules", link.get("href")))
    assert reads[0] < reads[-1] < 5
    assert words(element(answer, "count")) == "2 of 5 releases"


def test_a_rule_leads_to_its_feed_and_to_json(site: ServedSite) -> None:
    answer = tried(site, "반도체 OR carriers")
    [feed] = [link.get("href", "") for link in answer.page.iter("a") if link.text == "Feed"]
    [rows] = [link.get("href", "") for link in answer.page.iter("a") if link.text == "JSON"]
    assert "반도체 수출" in site.get(feed).text
    assert len(json.loads(site.get(rows).text)["items"]) == len(titles(answer)) == 2
    heads = [link.get("href") for link in answer.page.iter("link") if link.get("rel") == "alternate"]
    assert feed in heads


def test_links_that_leave_out_other_settings_say_so(tmp_path: Path) -> None:
    file = filled(tmp_path) / "config.yaml"
    text = file.read_text("utf-8").replace("[semiconductor, 반도체],", "[semiconductor, 반도체], fields: [title],")
    file.write_text(text, "utf-8")
    said = "The rule without these settings: Feed JSON"
    with served(file) as site:
        assert said in words(tried(site, "exports", against="semiconductor").page)
        assert said not in words(tried(site, "exports", against="semiconductor", options="none").page)
        assert said not in words(tried(site, "exports", against="fta").page)


def test_the_result_alone_is_the_same_result(site: ServedSite) -> None:
    part = tried(site, "exports", part="result")
    assert "<html" not in part.text
    assert "part=" not in part.text
    whole, alone = element(tried(site, "exports"), "result"), element(part, "result")
    assert words(whole) == words(alone)


def test_pages_follow_each_other(site: ServedSite) -> None:
    answer = tried(site, "exports OR carriers", before="5")
    assert titles(answer) == ["Chip exports reach a record"]
    assert [words(link) for link in answer.page.iter("a") if link.text == "Newest"] == ["Newest"]
    assert len(titles(tried(site, "exports OR carriers", before="no number"))) == 2
    assert len(titles(tried(site, "exports OR carriers", before="9" * 6000))) == 2


@pytest.mark.parametrize("text", [HOSTILE, f'"{HOSTILE}"', f"/{HOSTILE}/", f"exports {HOSTILE}", "\ud800", "%00"])
def test_a_hostile_rule_is_only_text(site: ServedSite, text: str) -> None:
    for address in (
        f"/rules?q={quote(text, errors='surrogatepass')}",
        f"/rules?q=exports&against={quote(text, errors='surrogatepass')}",
        f"/rules?q=(&last={quote(text, errors='surrogatepass')}&show={quote(text, errors='surrogatepass')}&part=result",
    ):
        answer = site.get(address)
        assert answer.status == 200
        assert [script.get("src", "").partition(".")[0] for script in answer.page.iter("script")] in (
            ["/static/monitor", "/static/rules"],
            [],
        )
        assert not list(answer.page.iter("img"))
        assert "\u202e" not in answer.text
        assert "\x00" not in answer.text


def test_hostile_releases_are_only_text(tmp_path: Path) -> None:
    with served(hostile(tmp_path) / "config.yaml") as site:
        for query in ("FTA", "FTA AND alert", "percent OR script", "nothing", '"alert 1" NOT long'):
            for part in ("", "result"):
                answer = tried(site, query, against="exports", part=part)
                assert faults(answer) == []
                assert len(answer.body) < 120_000


def test_the_page_needs_no_script(site: ServedSite) -> None:
    answer = tried(site, "exports", against="semiconductor")
    [form] = [form for form in answer.page.iter("form") if form.get("id") == "rule"]
    assert (form.get("method"), form.get("action")) == ("get", "/rules")
    assert [button.get("hidden") for button in form.iter("button")] == [None]
    [copy] = [button for button in answer.page.iter("button") if button.get("data-copy")]
    assert copy.get("hidden") is not None
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)


class HeldScans(RuleScans):
    """Scans that wait until the test lets them go on."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0.0)
        self.begun = Arrivals[str]()
        self.go_on = threading.Event()

    def advance(self, rule: TestedRule, archive: Archive, view: View = NEWEST) -> RuleReport:
        self.begun.add(rule.query)
        assert self.go_on.wait(20)
        return super().advance(rule, archive, view)


def test_two_scans_read_at_once_and_no_page_waits_for_them(site: ServedSite) -> None:
    held = site.site.rules.scans = HeldScans()
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(tried, site, f"exports AND word{number}") for number in range(6)]
        held.begun.wait_for(2)
        assert site.get("/watchlists").status == 200  # two threads are left, and those that wait have none
        assert len(held.begun.so_far()) == 2
        held.go_on.set()
        assert {one.result().status for one in asked} == {200}
    assert len(held.begun.so_far()) == 6


def test_a_request_that_its_client_has_left_reads_nothing(site: ServedSite) -> None:
    held = site.site.rules.scans = HeldScans()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(tried, site, f"exports AND word{number}") for number in range(2)]
        held.begun.wait_for(2)
        with closing(http.client.HTTPConnection("127.0.0.1", site.port)) as left:
            left.request("GET", "/rules?q=forgotten")
        assert site.get("/rules").status == 200  # without a rule nobody waits
        held.go_on.set()
        assert {one.result().status for one in asked} == {200}
    tried(site, "exports")
    assert "forgotten" not in held.begun.so_far()


def test_the_caret_stands_below_its_character_behind_hangul_too(site: ServedSite) -> None:
    [excerpt] = element(tried(site, "반도체 AND 수출 NOT ("), "fault").iter("pre")
    line, below = "".join(excerpt.itertext()).split("\n")
    [before] = excerpt.iter("span")
    assert before.get("class") == "unseen"
    assert line[below.index("^")] == "("
