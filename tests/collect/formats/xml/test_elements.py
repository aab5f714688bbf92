"""A record of XML is parsed alone: faults that programs leave are repaired, names are those of the file."""

from __future__ import annotations

import pytest

from monitor.collect.formats.markup import text_of
from monitor.collect.formats.xml.cutter import Document, Piece, Tag
from monitor.collect.formats.xml.elements import Broken, ElementNode, PieceParser

MODULES = {"http://example.org/content": "content", "http://example.org/main": ""}


def node(text: str, root: str = "", *, canonical: dict[str, str] | None = None) -> ElementNode:
    parser = PieceParser(lambda document: canonical or {})
    return parser.parse(Piece(text, 1, 0, Document(Tag("r", 0, root))))


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("Talks &amp; &#8217;more&#x2019;", "Talks & ’more’"),
        ("<![CDATA[<p>R&D &nbsp;</p>]]>", "<p>R&D &nbsp;</p>"),
        ("a<!-- b -->c<?php d ?>e", "ace"),
        # Repaired.
        ("Roads & bridges", "Roads & bridges"),
        ("AT&T; R&D &unknown; &", "AT&T; R&D &unknown; &"),
        ("a&nbsp;b &eacute; &lt;c&gt;", "a\u00a0b é <c>"),
        ("Roads & <![CDATA[<p>R&D</p>]]> &copy;", "Roads & <p>R&D</p> ©"),
        ("a\x00b\x1fc\ufffed", "a b c d"),
        ("a&#0;b&#31;c&#xD800;d&#99999999;", "a b c d&#99999999;"),
        ("a & \udcff b", "a & \udcff b"),
        ("회담 & 개최", "회담 & 개최"),
    ],
)
def test_faults_of_programs_are_repaired(inside: str, text: str) -> None:
    assert node(f"<item><title>{inside}</title></item>").texts(("title",)) == [text]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<item><b>a</item>", "it is no valid XML: mismatched tag, line 1, column 12 of it"),
        ("<item>\n<b>a</c></item>", "it is no valid XML: mismatched tag, line 2, column 6 of it"),
        ("<item <b>a</item>", "it is no valid XML: not well-formed (invalid token), line 1, column 6 of it"),
        ("<item>" + "<a>" * 70 + "</a>" * 70 + "</item>", "its elements are nested more than 64 levels deep"),
        ("<item>" + "<a/>" * 20_001 + "</item>", "it has more than 20,000 elements"),
    ],
)
def test_other_faults_are_told(text: str, reason: str) -> None:
    with pytest.raises(Broken) as fault:
        node(text)
    assert str(fault.value) == reason


def test_a_record_cannot_end_the_element_around_it() -> None:
    with pytest.raises(Broken):
        node("<item></r><r></item>")


ITEM = (
    '<item n:id="7" k="v"><title>T</title><n:title>N</n:title><tag>a</tag><tag>b</tag>'
    "<agency><name>A</name></agency><agency><name>B</name></agency></item>"
)


@pytest.mark.parametrize(
    ("path", "attribute", "texts"),
    [
        (("title",), "", ["T"]),
        (("n:title",), "", ["N"]),
        (("tag",), "", ["a", "b"]),
        (("tag", "1"), "", ["b"]),
        (("tag", "2"), "", []),
        (("agency", "name"), "", ["A", "B"]),
        (("agency", "0", "name"), "", ["A"]),
        (("agency",), "", ["A", "B"]),
        (("none", "name"), "", []),
        (("item",), "k", ["v"]),
        (("item",), "n:id", ["7"]),
        (("item",), "", []),
        (("agency",), "k", []),
    ],
)
def test_a_path_leads_to_texts(path: tuple[str, ...], attribute: str, texts: list[str]) -> None:
    assert node(ITEM, ' xmlns:n="http://example.org/n"').texts(path, attribute) == texts


def test_names_are_those_of_the_file() -> None:
    one = node(ITEM, ' xmlns:n="http://example.org/n"')
    assert one.names == ("title", "n:title", "tag", "agency")
    assert one.attribute(one.element, "n:id") == "7"
    assert (one.text("title"), one.text("tag"), one.text("none")) == ("T", "", "")


@pytest.mark.parametrize(
    ("text", "root", "names"),
    [
        ("<i><c:x/></i>", ' xmlns:c="http://example.org/content"', ("content:x",)),
        ("<m:i><m:x/></m:i>", ' xmlns:m="http://example.org/main"', ("x",)),
        ("<i><x/></i>", ' xmlns="http://example.org/content"', ("x",)),
        ('<i><c:x xmlns:c="http://example.org/content"/></i>', "", ("content:x",)),
        ('<i><c:x xmlns:c="http://example.org/other"/></i>', "", ("c:x",)),
        ("<i><content:x/><other:x/></i>", "", ("content:x", "other:x")),
        ("<i><a:x/></i>", ' xmlns:a="\udcff" xmlns:b:c="d" xmlns:xml="e" xmlns:é="f"', ("a:x",)),
    ],
)
def test_known_namespaces_have_one_prefix(text: str, root: str, names: tuple[str, ...]) -> None:
    assert node(text, root, canonical=MODULES).names == names


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("<p>One &lt;</p><p>Two<br/>Three</p>", "One <\nTwo\nThree"),
        ('<div xmlns="http://www.w3.org/1999/xhtml">One <b>two</b>!</div>', "One two!"),
        ('<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>One</h:p>Two</h:div>', "One\nTwo"),
        ("One <b>two</b>!<script>x</script>", "One two!"),
    ],
)
def test_markup_that_is_not_escaped_stays_markup(inside: str, text: str) -> None:
    [found] = node(f"<i><body>{inside}</body></i>").texts(("body",))
    assert text_of(found) == text
