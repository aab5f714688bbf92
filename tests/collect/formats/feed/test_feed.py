"""Feeds of every kind become releases; what one entry does harms no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.base import MAX_IN_A_ROW, Entry
from monitor.collect.formats.feed.reader import reading
from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.source import SourceOptions
from monitor.model import Record, Reject, Release
from tests.collect.formats.support import dump_of_text

SEOUL = ZoneInfo("Asia/Seoul")
RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">'
    "<channel><title>Harbour office</title><link>https://gov.example/news/</link>\n%s</channel></rss>"
)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" %s><title>Harbour office</title>\n%s</feed>'
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://gov.example/"><title>c</title>'
    '<items><rdf:Seq><rdf:li rdf:resource="https://gov.example/1"/></rdf:Seq></items></channel>\n%s</rdf:RDF>'
)
JULY = date(2024, 7, 1)
SELF = '<link rel="self" href="https://a.example/s"/>'
NO_FEED = (
    "<urlset> begins no feed; for other XML write format: xml, and records: with the name of the element that "
    "each release is in"
)


def entries(text: str, *, map_: Mapping[str, str] | None = None, **options: Any) -> list[Entry]:
    mapping = {name: parse(expression) for name, expression in (map_ or {}).items()}
    format_ = FormatOptions(format="feed", map=mapping, timezone=SEOUL, **options)
    dump = dump_of_text(text, name="news.xml")
    return list(reading(dump, SourceOptions(timezone=SEOUL, format=format_)).entries())


def release(text: str, **options: Any) -> Release:
    [one] = entries(text, **options)
    assert isinstance(one, Record), one
    return one.release


def rss(inside: str, **options: Any) -> Release:
    return release(RSS % f"<item>{inside}</item>", **options)


def atom(inside: str, *, root: str = "", **options: Any) -> Release:
    return release(ATOM % (root, f"<entry>{inside}</entry>"), **options)


def test_an_item_of_rss_is_a_release() -> None:
    one = rss(
        "<title>Talks &amp;amp; more</title><media:title>A picture</media:title><description>Short</description>"
        "<content:encoded><![CDATA[<p>They met.</p><p>R&amp;D</p>]]></content:encoded><dc:creator>Kim</dc:creator>"
        "<pubDate>Mon, 01 Jul 2024 09:30:00 +0900</pubDate><category>Trade</category><category>Energy</category>"
        '<link>https://gov.example/1</link><guid isPermaLink="false">tag:1</guid>'
    )
    assert one == Release(title="Talks & more", body="They met.\nR&D", date=JULY, category="Energy, Trade")
    assert (one.url, one.ref) == ("https://gov.example/1", "tag:1")


def test_an_entry_of_atom_is_a_release() -> None:
    one = atom(
        '<id>urn:1</id><title>Talks held</title><published>2024-06-30T20:00:00Z</published><link href="/1"/>'
        '<updated>2024-07-09T00:00:00Z</updated><content type="html">&lt;p&gt;They met.&lt;/p&gt;</content>'
        '<summary>Short</summary><category term="t" label="Trade"/><category term="e" label="Energy"/>',
        root='xml:base="https://gov.example/news/"',
    )
    assert one == Release(title="Talks held", body="They met.", date=JULY, category="Energy, Trade")
    assert (one.url, one.ref, one.is_day_of_update) == ("https://gov.example/1", "urn:1", False)


def test_an_item_of_rdf_is_a_release() -> None:
    item = (
        '<item rdf:about="https://gov.example/1"><title>Talks held</title><link>https://gov.example/1?a</link>'
        "<description>They met.</description><dc:date>2024-07-01</dc:date><dc:subject>Trade</dc:subject></item>"
    )
    one = release(RDF % item)
    assert one == Release(title="Talks held", body="They met.", date=JULY, category="Trade")
    assert (one.url, one.ref) == ("https://gov.example/1?a", "https://gov.example/1")
    prefixed = (RDF % item).replace("xmlns=", "xmlns:r=").replace("<item ", "<r:item ").replace("</item>", "</r:item>")
    for name in ("title", "link", "description"):
        prefixed = prefixed.replace(f"<{name}>", f"<r:{name}>").replace(f"</{name}>", f"</r:{name}>")
    assert release(prefixed) == one


def test_an_item_of_json_feed_is_a_release() -> None:
    item = {
        "id": 7,
        "title": "Talks <b> held",
        "content_text": "They &amp; <b>us</b>",
        "content_html": "<p>no</p>",
        "date_published": "2024-06-30T20:00:00Z",
        "url": "https://gov.example/7",
        "tags": ["Trade", "Energy"],
        "authors": [{"name": "Kim"}],
    }
    one = release(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}))
    assert one == Release(title="Talks <b> held", body="They & <b>us</b>", date=JULY, category="Energy, Trade")
    assert (one.url, one.ref) == ("https://gov.example/7", "7")
    html = {"id": "8", "title": "a", "content_html": "<p>One<p>Two", "date_modified": "2024-07-01"}
    other = release(json.dumps({"items": [html]}))
    assert (other.body, other.date, other.is_day_of_update) == ("One\nTwo", JULY, True)


@pytest.mark.parametrize(
    ("inside", "body"),
    [
        ("<description>One</description><content:encoded/>", "One"),
        ("<summary>One</summary>", "One"),
        ("<description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two</description>", "One\nTwo"),
        ("<description>&amp;lt;p&amp;gt;One&amp;lt;/p&amp;gt;</description>", "One"),
        ("<description><p>One</p><p>Two</p></description>", "One\nTwo"),
        ("<description>One\nTwo</description>", "One\nTwo"),
        ("<body>no</body>", ""),
    ],
)
def test_the_text_of_an_item(inside: str, body: str) -> None:
    assert rss(f"<title>t</title>{inside}").body == body


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ('<content type="text">use &lt;b&gt; and &lt;i&gt;</content>', "use <b> and <i>"),
        ('<content type="html">use &amp;lt;b&amp;gt;</content>', "use <b>"),
        ('<content>&lt;p&gt;One&lt;p&gt;Two</content>', "One\nTwo"),
        ('<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One &lt;</p>Two</div></content>',
         "One <\nTwo"),
        ('<content type="image/png">aGk=</content><summary>One</summary>', "One"),
        ('<content src="https://gov.example/1.html" type="text/html"/><summary>One</summary>', "One"),
        ('<content mode="escaped" type="text/html">&lt;p&gt;One</content>', "One"),
        ('<summary type="html">&lt;b&gt;One&lt;/b&gt;</summary>', "One"),
    ],
)  # fmt: skip
def test_the_type_of_a_text_decides(content: str, body: str) -> None:
    assert atom(f"<title>t</title>{content}").body == body


def test_a_title_is_text_as_its_type_says() -> None:
    assert atom('<title type="text">a guide to &lt;b&gt;</title>').title == "a guide to <b>"
    assert atom('<title type="html">a &lt;b&gt;guide&lt;/b&gt;</title>').title == "a guide"


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        ("<link>https://a.example/1</link><guid>https://a.example/2</guid>", "https://a.example/1"),
        ("<feedburner:origLink>https://a.example/3</feedburner:origLink><link>https://f.example/1</link>",
         "https://a.example/3"),
        ('<link/><atom:link rel="self" href="/s"/><atom:link href="/4"/>', "https://gov.example/4"),
        ('<link href="/5"/>', "https://gov.example/5"),
        ("<guid>https://a.example/2</guid>", "https://a.example/2"),
        ('<guid isPermaLink="false">https://a.example/2</guid>', None),
        ("<link>../6</link>", "https://gov.example/6"),
        ('<link>7</link>', "https://gov.example/news/7"),
        ("<link>javascript:alert(1)</link>", None),
        ("<guid>urn:1</guid>", None),
    ],
)  # fmt: skip
def test_the_link_of_an_item(inside: str, url: str | None) -> None:
    assert rss(f"<title>t</title>{inside}").url == url


@pytest.mark.parametrize(
    ("links", "url"),
    [
        (f'{SELF}<link rel="via" href="https://a.example/v"/><link rel="alternate" href="https://a.example/1"/>',
         "https://a.example/1"),
        (f'{SELF}<link rel="via" href="https://a.example/v"/>', "https://a.example/v"),
        (f'{SELF}<link rel="enclosure" href="https://a.example/e.mp3"/>', None),
        ('<link href="https://a.example/1"/><link href="https://a.example/2"/>', "https://a.example/1"),
        ('<link href="1"/>', None),
    ],
)  # fmt: skip
def test_the_link_of_an_entry_is_never_the_feeds_own(links: str, url: str | None) -> None:
    assert atom(f"<title>t</title>{links}").url == url


def test_a_relative_link_starts_from_the_nearest_base() -> None:
    text = ATOM % (
        'xml:base="https://a.example/x/"',
        '<entry xml:base="y/"><title>1</title><link href="1"/></entry><entry><title>2</title><link href="2"/></entry>',
    )
    found = [one.release.url for one in entries(text) if isinstance(one, Record)]
    assert found == ["https://a.example/x/y/1", "https://a.example/x/2"]
    assert atom('<title>t</title><link href="1"/>', base="https://b.example/").url == "https://b.example/1"


@pytest.mark.parametrize(
    ("inside", "day", "is_day_of_update"),
    [
        ("<pubDate>Sun, 30 Jun 2024 20:00:00 GMT</pubDate>", JULY, False),
        ("<dc:date>2024-07-01</dc:date><atom:updated>2024-07-09</atom:updated>", JULY, False),
        ("<atom:updated>2024-07-01</atom:updated>", JULY, True),
        ("<pubDate>2024/7/1 15:07</pubDate>", JULY, False),
        ("<pubDate>soon</pubDate>", None, False),
        ("", None, False),
    ],
)
def test_the_day_of_an_item(inside: str, day: date | None, *, is_day_of_update: bool) -> None:
    one = rss(f"<title>t</title>{inside}")
    assert (one.date, one.is_day_of_update) == (day, is_day_of_update)


def test_a_time_of_update_and_a_link_make_no_other_record() -> None:
    def digest(inside: str) -> bytes:
        [one] = entries(ATOM % ("", f"<entry><title>t</title><id>1</id>{inside}</entry>"))
        assert isinstance(one, Record)
        return one.digest

    assert digest("<updated>2024-07-01</updated>") == digest('<updated>2024-07-02</updated><link href="/1?token=2"/>')
    assert digest("<published>2024-07-01</published>") != digest("<published>2024-07-02</published>")


def test_a_mapping_reads_the_items_own_elements() -> None:
    one = rss(
        "<title>t</title><link>https://gov.example/view?newsId=77&amp;page=1</link><dc:creator>Ministry</dc:creator>"
        "<category>Trade</category><description>d</description>",
        map_={"id": "link&newsId", "category": "dc:creator + category"},
    )
    assert (one.ref, one.category) == ("77", "Ministry, Trade")


def reasons(text: str) -> list[str]:
    return [one.release.title if isinstance(one, Record) else one.reason for one in entries(text)]


def test_a_broken_item_harms_no_other() -> None:
    items = "".join(f"<item><title>Title {n}</title></item>" for n in range(10))
    text = RSS % items.replace("<title>Title 3</title>", "<title>Title 3</titel>")
    found = reasons(text)
    assert found[:3] + found[4:] == [f"Title {n}" for n in (0, 1, 2, 4, 5, 6, 7, 8, 9)]
    assert found[3].startswith("the record is broken: it is no valid XML: mismatched tag")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RSS % "", []),
        (ATOM % ("", ""), []),
        ("\n\n " + RSS % "<item><title>a</title></item>", ["a"]),
        ("<channel><item><title>a</title></item></channel>", ["a"]),
        ("<html><head><title>503 Service Unavailable</title></head></html>",
         ["this is an HTML page, '503 Service Unavailable': the program that wrote the file was given no data"]),
        ("<urlset><url/></urlset>",
         [NO_FEED]),
        ("Bad gateway", ["this is no XML: it begins with 'B', and XML with '<'"]),
        ('{"error": "no such feed", "status": 404}',
         ["records: leads to 'items', which is not here; the keys here are: error, status"]),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', []),
        (RSS % "<item><description> </description></item>",
         ["the record has no title and no text: say with map: which of its fields they are"]),
    ],
)  # fmt: skip
def test_an_empty_feed_is_well_and_what_is_none_is_told(text: str, expected: list[str]) -> None:
    assert reasons(text) == expected


def test_a_byte_that_does_not_decode_costs_one_item() -> None:
    found = entries(RSS % "<item><title>a\udcff & b</title></item><item><title>b</title><x>\udcff</x></item>")
    assert [type(one) for one in found] == [Reject, Record]


ENTRY = '<entry><title type="html">&lt;b&gt;회담&lt;/b&gt;</title><content type="text">d</content></entry>\n'


@pytest.mark.parametrize("text", [RSS % "<item><title>Title 1</title><link>/1</link></item>\n", ATOM % ("", ENTRY * 2)])
def test_a_cut_at_any_place_gives_whole_records_and_a_tail(text: str) -> None:
    text = text.replace("</item>\n", "</item>\n<item><title>Title 2</title></item>\n")
    whole = [one.digest for one in entries(text) if isinstance(one, Record)]
    for end in range(text.rindex(">")):
        found = entries(text[:end])
        digests = [one.digest for one in found if isinstance(one, Record)]
        assert digests == whole[: len(digests)]
        assert isinstance(found[-1], Reject)
        assert found[-1].is_tail


def test_of_many_rejects_in_a_row_the_first_are_told() -> None:
    broken, whole = "<item>", "<item><title>a</title></item>"
    found = entries(RSS % (broken * 3_000 + whole + broken * 2 + whole.replace("a", "b")))
    assert [type(one) for one in found[-4:]] == [Record, Reject, Reject, Record]
    assert len(found) == MAX_IN_A_ROW + 4
    [last] = [one for one in found if isinstance(one, Reject) and "is not listed" in one.reason]
    assert last is found[MAX_IN_A_ROW - 1]
    [*_, tail] = entries((RSS % (broken * 3_000))[:-20])
    assert isinstance(tail, Reject)
    assert tail.is_tail
