"""Feeds of hostile releases: whatever a text holds, no element appears that we did not write, and no parser fails."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from xml.etree import ElementTree

import feedparser
import html5lib
import pytest

from monitor.inspect.pending import ReadOnlyStores
from monitor.page_records import VersionText
from monitor.records import Archive, EventRecord
from monitor.web.site import Site
from tests.web.site import ServedSite, monitor, served

ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = """\
state: state/
sources:
  api: {path: seeds/, format: json, max_record: 20MB}
channels:
  console: {url: "console://"}
watchlists:
  talks: {keywords: [talks, alert, figure], notify: [console]}
"""
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></content><entry><title>forged</title></entry><![CDATA[",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "{{7*7}} {% raw %} ${7*7} #{7*7}",
    "javascript:alert(1) data:text/html,<b>x</b>",
    "\u202etxet\u202c \u2066isolated\u2069 \u200b\ufeff",
    "\ufffe \uffff none",
    "\U0001fffe \U0010ffff \U000e0001 private \ue000",
    "line\r\nBcc: x\u2028next\u2029paragraph",
    "<!-- --!> <![if x]> <?php ?> <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]> &e;",
    "</title></feed><feed xmlns='urn:forged'>",
    "<svg/onload=alert(1)> <math><mtext><style><img onerror=alert(1)>",
    "@here @everyone <!channel> [x](javascript:alert(1))",
)
UNSTORED = (
    "\x00\x01\x0b\x0c\x1b[31m\x7f\x85\x9f \ud800 \udfff <b>&"  # no format lets these in; an older store may have them
)
LONG = "가" * 300_000
WRITTEN = {"p", "small", "del", "ins", "mark", "b", "span"}
FEEDS = ("/feeds/events.{}?kind=all", "/feeds/watchlists/talks.{}", "/feeds/sources/api.{}", "/feeds/rule.{}?q=talks")


def hostile_dump(*, turn: int) -> str:
    """Every text in every field; each turn changes the texts, so that edits of them are shown."""
    records = [
        {
            "title": f"{text} talks {number}",
            "body": f"talks {text} figure {turn} {text} end.",
            "category": text,
            "date": day,
        }
        for number, text in enumerate(HOSTILE)
        for day in ("2024-07-01",)
    ]
    long = {"title": f"talks {LONG}", "body": f"A figure of {turn} talks.", "category": "long", "date": "2024-07-02"}
    return json.dumps([*records, long])  # lone surrogates as \\ud800


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSite]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "seeds").mkdir()
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    for turn in (1, 2):
        (folder / "seeds" / f"dump_{turn}.json").write_text(hostile_dump(turn=turn), "utf-8")
        monitor(folder, "run", "--once")
    with served(folder / "config.yaml") as found:
        found.get("/feeds/events.atom")  # its thread is there before a test counts them
        yield found


def assert_harmless(content: str) -> None:
    """Hold the content of an entry against what our template writes."""
    for element in html5lib.parseFragment(content, namespaceHTMLElements=False).iter():
        if element.tag != "DOCUMENT_FRAGMENT":
            assert element.tag in WRITTEN, content
            assert set(element.keys()) <= {"dir", "lang", "class"}, content


@pytest.mark.parametrize("feed", FEEDS)
def test_atom_has_only_elements_that_we_write(site: ServedSite, feed: str) -> None:
    answer = site.get(feed.format("atom"))
    assert answer.status == 200
    root = ElementTree.fromstring(answer.body)  # noqa: S314 - our own output
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) > len(HOSTILE)
    names = {"feed", "id", "title", "updated", "link", "generator", "entry", "author", "name", "category", "content"}
    assert {element.tag for element in root.iter()} == {f"{ATOM}{name}" for name in names}
    for entry in entries:
        assert_harmless(entry.findtext(f"{ATOM}content") or "")
    assert "forged" not in {entry.findtext(f"{ATOM}title") for entry in entries}


@pytest.mark.parametrize("feed", FEEDS)
def test_json_has_the_same_harmless_texts(site: ServedSite, feed: str) -> None:
    answer = site.get(feed.format("json"))
    found = json.loads(answer.body)["items"]
    root = ElementTree.fromstring(site.get(feed.format("atom")).body)  # noqa: S314 - our own output
    for item, entry in zip(found, root.findall(f"{ATOM}entry"), strict=True):
        assert_harmless(item["content_html"])
        assert item["title"] == entry.findtext(f"{ATOM}title")
        assert item["content_html"] == entry.findtext(f"{ATOM}content")


@pytest.mark.parametrize("feed", FEEDS)
def test_feedparser_finds_no_fault_and_no_script(site: ServedSite, feed: str) -> None:
    read = feedparser.parse(site.get(feed.format("atom")).body, sanitize_html=False)
    assert not read.bozo
    for entry in read.entries:
        assert entry.title_detail.type == "text/plain"
        assert_harmless(entry.content[0].value)
        assert entry.link.startswith(f"http://127.0.0.1:{site.port}/events/")


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_no_character_controls_a_terminal_a_line_or_a_direction(site: ServedSite, kind: str) -> None:
    text = site.get(f"/feeds/events.{kind}?kind=all").text
    unwanted = {
        chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
    }
    assert {char for char in text if char in unwanted} <= {"\n"}
    assert not {"\ufffe", "\uffff", "\u200b"} & set(text)


class Odd:
    """An archive whose every text has what no store should hold."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive, name)

    def page(self, *args: Any, **options: Any) -> Sequence[EventRecord]:
        events = self._archive.page(*args, **options)
        return [
            replace(
                one,
                title=UNSTORED,
                reason=UNSTORED,
                watchlists=(UNSTORED,),
                source=UNSTORED,
                numbers=((UNSTORED, "1"),),
            )
            for one in events
        ]

    def texts(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], VersionText]:
        return {
            place: replace(
                text,
                title=f"talks {UNSTORED}",
                body=f"talks {UNSTORED} a",
                category=UNSTORED,
                before=text.before and replace(text.before, body=UNSTORED),
            )
            for place, text in self._archive.texts(wanted).items()
        }


class OddSite(Site):
    """A site on such an archive."""

    @contextmanager
    def stores(self) -> Iterator[ReadOnlyStores]:
        with super().stores() as stores:
            yield replace(stores, archive=cast("Archive", Odd(stores.archive)))


@pytest.mark.parametrize("feed", FEEDS)
def test_what_xml_cannot_carry_breaks_no_feed(site: ServedSite, feed: str) -> None:
    with served(site.site.config.file, OddSite) as odd:
        root = ElementTree.fromstring(odd.get(feed.format("atom")).body)  # noqa: S314 - our own output
        found = json.loads(odd.get(feed.format("json")).body)["items"]
    assert len(found) > len(HOSTILE)
    for item, entry in zip(found, root.findall(f"{ATOM}entry"), strict=True):
        assert_harmless(item["content_html"])
        assert item["content_html"] == entry.findtext(f"{ATOM}content")
        assert item["title"] == entry.findtext(f"{ATOM}title")


@pytest.mark.parametrize("feed", FEEDS)
def test_a_long_text_makes_no_long_feed(site: ServedSite, feed: str) -> None:
    assert len(site.get(feed.format("atom")).body) < 400_000


@pytest.mark.parametrize("rule", ["<script>", '"><img onerror=x>', "]]>", "%00", "%ff%fe", "%E2%80%AE", "talks%0Ax"])
def test_a_hostile_rule_is_no_markup_in_its_feed(site: ServedSite, rule: str) -> None:
    answer = site.get(f"/feeds/rule.atom?q={rule.replace('<', '%3C').replace(' ', '+')}")
    assert answer.status in (200, 422)
    if answer.status == 200:
        ElementTree.fromstring(answer.body)  # noqa: S314 - our own output
    assert "<script>" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]"])
def test_a_host_stands_in_addresses_alone(site: ServedSite, host: str) -> None:
    answer = site.get("/feeds/events.atom", host=host)
    found = {link.get("href", "") for link in ElementTree.fromstring(answer.body).iter(f"{ATOM}link")}  # noqa: S314
    assert all(address.startswith(f"http://{host}/") for address in found)
