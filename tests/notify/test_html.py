"""The page of a mail: its elements are ours alone, it fetches nothing, and it stays of a size that is shown whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Item, Kind, Message, RelatedRelease
from monitor.notify import html
from monitor.notify.html import ROOM, page
from monitor.notify.render import subject
from tests.notify.facts import item, keep, message, note, snippet, swap
from tests.notify.situations import SITUATIONS, digest, parts_of, several

VOID = {"meta", "br"}
ATTRIBUTES = {
    "lang", "charset", "name", "content", "class", "style", "role", "width", "cellpadding", "cellspacing", "border",
    "align", "dir",
}  # fmt: skip


class Reading(HTMLParser):
    """Elements, attributes and words of a page, and whether what was opened was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def hostile(scraped: str) -> Item:
    words = (scraped,)
    return item(
        kind=Kind.CHANGED, title=scraped, category=scraped, words=words, watchlists=words, reason=scraped,
        source=scraped,
        snippets=(snippet(scraped, f"HIT {scraped}", scraped), snippet(scraped, scraped, scraped, scraped)),
        lead=f"LEAD {scraped}", dump=scraped,
        edits=(keep(scraped or " "), swap(scraped, f"x{scraped}"), swap(f"5{scraped}", "", "title")),
        numbers=((scraped, scraped),), related=(4,), twins=(RelatedRelease(number=4, title=scraped),),
    )  # fmt: skip


def message_of(scraped: str) -> Message:
    return Message(channel=scraped, kind="digest", source=scraped, items=(hostile(scraped), item()), label=scraped)


HARMLESS = Reading(page(message_of("x")))


def shape_of(reading: Reading) -> tuple[list[str], list[tuple[str, str]]]:
    """What a page is made of, but for the marks that follow the scraped script and the bold of figures."""
    return [tag for tag in reading.tags if tag != "strong"], [
        a for a in reading.attributes if a[0] not in ("lang", "dir")
    ]


@pytest.mark.parametrize(
    "scraped",
    [
        "</b><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "</td></tr></table></body></html>",
        "<!-- ",
        "]]><style>*{display:none}</style>",
        "&lt;script&gt; &#60;b&#62; &amp;",
        "\u202e<b>\x00\u2028",
        "<\x00script>",
    ],
)
def test_scraped_markup_is_words_on_the_page(scraped: str) -> None:
    reading = Reading(page(message_of(scraped)))
    assert shape_of(reading) == shape_of(HARMLESS)


def test_no_invisible_character_and_no_escape_sequence_reaches_the_page() -> None:
    text = page(message_of("a\x1b[31mb\x00c\u202ed\u200be\ud800f\r\n@g"))
    assert not re.search("[^\n\x20-\x7e\xa0-\uffff]|[\u202a-\u202e\u2066-\u2069\ud800]|\u200b(?!g)", text)
    assert "a[31mbcde\ufffdf @\u200bg" in Reading(text).text


def test_no_template_prints_anything_unescaped() -> None:
    templates = Path(html.__file__).with_name("templates")
    written = "".join(path.read_text("utf-8") for path in templates.iterdir())
    assert not re.search(r"\bsafe\b|\bautoescape\b|Markup", written)


@given(st.text(st.sampled_from("<>&\"'/=! \n\u202e\x00;#-xs5한"), min_size=1, max_size=40).filter(str.strip))
def test_no_scraped_text_adds_an_element_or_an_attribute(scraped: str) -> None:
    first, clean = Reading(page(message(hostile(f"x{scraped}")))), Reading(page(message(hostile("x"))))
    assert shape_of(first) == shape_of(clean)


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_page_is_whole_fetches_nothing_and_runs_nothing(name: str) -> None:
    text = page(SITUATIONS[name])
    reading = Reading(text)
    assert not set(reading.tags) & {"script", "img", "link", "iframe", "svg", "object", "form", "base", "video"}
    targets = [value for attribute, value in reading.attributes if attribute == "href"]  # tests/notify/test_links.py
    others = [(attribute, value) for attribute, value in reading.attributes if attribute != "href"]
    assert len(targets) == reading.tags.count("a")
    assert {attribute for attribute, _ in others} <= ATTRIBUTES
    assert not [value for _, value in others if re.search("url|//|import|expression", value)]
    assert "url(" not in text.partition("</style>")[0]
    assert reading.tags.count("h1") == 1


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_page_says_what_its_subject_says(name: str) -> None:
    told = SITUATIONS[name]
    reading = Reading(page(told))
    assert reading.text.startswith(" ".join(subject(told).split()))
    for one in told.items:
        assert f"monitor show {one.release}" in reading.text


def test_every_mark_of_colour_brings_both_its_colours() -> None:
    text = page(SITUATIONS["changed_figures"])
    for tag in ("del", "ins", "mark", "code", "span style"):
        for style in re.findall(rf'<{tag}[^>]*style="([^"]*background[^"]*)"', text):
            assert re.search(r"(^|;)color:#", style), (tag, style)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Ground and ink of every style that sets both, the dark dress included."""
    for style in re.findall(r'style="([^"]*)"|\{([^{}]*)\}', text):
        rule = "".join(style)
        ground, ink = re.search(r"background:(#\w{6})", rule), re.search(r"(?:^|;)color:(#\w{6})", rule)
        if ground and ink:
            yield ground[1], ink[1]


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_pair_of_colours_can_be_read(name: str) -> None:
    for ground, ink in pairs(page(SITUATIONS[name])):
        dark, light = sorted((luminance(ground), luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ground, ink)


def test_the_words_of_a_change_read_in_order_and_figures_are_bold() -> None:
    text = page(message(item(kind=Kind.CHANGED, edits=(keep("rose "), swap("5.1%", "5.3%"), keep(" in June")))))
    assert "rose 5.1% 5.3% in June" in Reading(text).text
    assert re.search(r"<del [^>]*><strong>5\.1%</strong></del> <ins [^>]*><strong>5\.3%</strong></ins>", text)


def test_a_hit_inside_a_korean_compound_keeps_touching_its_neighbours() -> None:
    reading = Reading(page(message(item(snippets=(snippet("6월 ", "반도체", "가 늘었다"),)))))
    assert "6월 반도체가 늘었다" in reading.text
    assert ("lang", "ko") in reading.attributes


def test_a_long_redline_says_how_much_it_leaves_out() -> None:
    far = keep(" " + " ".join("abcdefghijklmn") + " ")
    edits = tuple(edit for _ in range(20) for edit in (swap("x", "y"), far))
    assert "… and 8 more places" in Reading(page(message(item(edits=edits)))).text


def test_a_page_stays_below_what_mail_programs_show_and_still_names_everything() -> None:
    big = message(*(item(number=n, reason="word " * 1000, kind=Kind.CHANGED) for n in range(1, 41)))
    text = page(big)
    assert len(text.encode()) <= ROOM + 8_000
    assert [f"monitor show {n}<" in text for n in range(1, 41)] == [True] * 40


def test_a_whole_text_that_has_no_room_gives_way_to_its_beginning() -> None:
    told = replace(item(lead="The talks ended."), body="They went on.\n" * 50)
    assert Reading(page(message(told))).text.count("They went on.") == 50
    long = Reading(page(message(replace(told, body="They went on.\n" * 1400)))).text
    assert "The talks ended. matched: FTA" in long
    assert "They went on." not in long


def test_what_does_not_fit_at_all_is_counted() -> None:
    text = page(message(*(item(number=n, title="가" * 300) for n in range(1, 201))))
    left = re.search(r"and (\d+) more: ", text)
    assert left
    assert text.count("monitor show ") == 200 - int(left[1]) + 1  # the foot names the command once
    assert len(text.encode()) <= ROOM + 8_000


def test_a_korean_summary_part_names_every_release() -> None:
    items = tuple(item(number=n, title="반도체 수출이 크게 늘어 역대 최대 실적을 기록했다") for n in range(1, 301))
    parts = parts_of(Message(channel="desk", kind="summary", source="motie"), items)
    pages = [page(part) for part in parts]
    assert all(len(text.encode()) <= ROOM + 8_000 for text in pages)
    assert sum(text.count("monitor show ") for text in pages) == 300


def test_a_digest_has_one_heading_for_each_of_its_sources() -> None:
    reading = Reading(page(digest(*several(6))))
    assert reading.tags.count("h2") == 3
    assert reading.tags.count("h3") == 6


def test_a_note_shows_its_first_line_as_the_heading_and_each_further_line() -> None:
    reading = Reading(page(note("channel team is failing\n503\nsince noon <b>")))
    assert reading.tags.count("br") == 1
    assert "channel team is failing503since noon <b>" in reading.text
