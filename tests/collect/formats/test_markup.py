"""Tests of HTML as text."""

from __future__ import annotations

import pytest

from monitor.collect.formats.markup import looks_like_markup, text_of, title_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Talks began.</p><p>They ended.</p>", "Talks began.\nThey ended."),
        ("<p>Talks began.<p>They ended.", "Talks began.\nThey ended."),
        ("<div><div><section>Talks</section></div></div>began", "Talks\nbegan"),
        ("Talks<br>began<br/>on<br />Monday", "Talks\nbegan\non\nMonday"),
        ("Talks<br><br><br><br>began", "Talks\n\nbegan"),
        ("Talks</br>began", "Talks\nbegan"),
        ("<h2>Talks</h2>\n\n   <p>They\n  began\ton Monday</p>", "Talks\nThey began on Monday"),
        # Inline elements separate nothing.
        ("Hello <b>world</b>!", "Hello world!"),
        ("8<sup>th</sup> <em>of</em><i> July</i>", "8th of July"),
        ('<a href="https://gov.example/?a=1&amp;b=2">the plan</a>, revised', "the plan, revised"),
        ("foot<wbr>ball", "football"),
        # Lists and tables.
        ("<ul>\n<li>one</li>\n<li><p>two</p></li>\n<li> </li></ul>after", "- one\n- two\nafter"),
        ("<ol><li>one<ul><li>a<li>b</ul><li>two</ol>", "- one\n- a\n- b\n- two"),
        ("<table><tr><th>Port</th><th>Ships</th></tr> <tr><td>North</td> <td>7</td></tr></table>end",
         "Port | Ships\nNorth | 7\nend"),
        ("<table><tr><td><p>North</p></td><td></td><td><p>7</p></td></tr></table>", "North | | 7"),
        ("<table><tr><td>North</td><td></td></tr><tr><td>South</td></tr></table>", "North |\nSouth"),
        ("<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td></tr></table>d", "a\nb | c\nd"),
        ("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>", "One.\nTwo."),
        # What is not shown.
        ("a<script>if (x<y) {</script>b<style>p{}</style>c<!-- no <p> -->d", "abcd"),
        ("<html><head><title>Site</title><body>Text", "Text"),
        ('<noscript><img src="x.gif"></noscript>Text<iframe><p>no</p></iframe>', "Text"),
        ("<![CDATA[<p>Text</p>]]>", "Text"),
        # Entities.
        ("R&amp;D &lt;new&gt; &#8217;24 &eacute; &#x2014;", "R&D <new> ’24 é —"),
        ("<p>&nbsp;</p><p>Text</p><p>&nbsp;</p><p>End</p>", "Text\nEnd"),
        ("a&#1;b&#127;c&#27;d<br>", "a b c d"),
        # Escaped twice.
        ("&lt;p&gt;Roads &amp;amp; bridges&lt;/p&gt;", "Roads & bridges"),
        ("&lt;p&gt;Roads&lt;br /&gt;bridges", "Roads\nbridges"),
        ("<p>write &lt;p&gt; before it</p>", "write <p> before it"),
        ("<p>a &lt;xyz&gt; and a &lt;/xyz&gt;</p>", "a <xyz> and a </xyz>"),
        # Where no tag makes lines the source's lines are kept.
        ("One.\n\nTwo   with <b>R&amp;D</b>.\nThree.", "One.\n\nTwo with R&D.\nThree."),
        ("<pre>col 1\n  col 2</pre>and\nmore", "col 1\ncol 2\nand more"),
        ("정부는 <strong>15일</strong>&nbsp;발표했다.<br>끝.", "정부는 15일\xa0발표했다.\n끝."),
        # Broken markup.
        ("", ""),
        ("<p", ""),
        ("a < b & c", "a < b & c"),
        ("<p>a</b></i></p></p></div>b", "a\nb"),
        ("<p title='x>y' class=z>a", "a"),
    ],
)  # fmt: skip
def test_markup_becomes_the_lines_that_it_shows(markup: str, text: str) -> None:
    assert text_of(markup) == text


@pytest.mark.parametrize(
    ("text", "is_markup"),
    [
        ("Talks began.", False),
        ("a < b, c > d", False),
        ("a<b and c>d", False),
        ("AT&T; R&D; &unknown; &amp", False),
        ("<https://gov.example> <kim@gov.example> <xyz>", False),
        ("Talks <b>began</b>", True),
        ("Talks<br/>began", True),
        ("Talks</P>", True),
        ('<IMG SRC="a.png">', True),
        ("Roads &amp; bridges", True),
        ("&#8217;", True),
        ("&#X2019;", True),
    ],
)
def test_a_known_tag_or_entity_is_markup(text: str, *, is_markup: bool) -> None:
    assert looks_like_markup(text) is is_markup


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A guide to <head>", "A guide to <head>"),
        ("A guide to &lt;head&gt;", "A guide to <head>"),
        ("Talks <b>begin</b> <em class='x'>today</em>", "Talks begin today"),
        ("Talks &lt;i&gt;begin&lt;/i&gt;", "Talks begin"),
        ("Roads &amp;amp; bridges", "Roads & bridges"),
        ("  Roads\n and\tbridges ", "Roads and bridges"),
        ("H<sub>2</sub>O", "H2O"),
        ("5 < 6 > 4 & AT&T", "5 < 6 > 4 & AT&T"),
        ("a\x01b", "a b"),
    ],
)
def test_a_title_loses_inline_tags_only(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<" * 10_000_000, id="10 MB of <"),
        pytest.param("<div>" * 200_000 + "x", id="deep"),
        pytest.param("<ul><li>" * 100_000 + "x", id="deep list"),
        pytest.param("<table><tr><td>" * 60_000, id="deep table"),
        pytest.param("".join(f"<p><b {n}>x</p>" for n in range(60_000)), id="formatting that is never closed"),
        pytest.param("".join(f"<b {n}><i {n}>" for n in range(40_000)) + "x</b>" * 40_000, id="crossed formatting"),
        pytest.param("\0<p>\0" * 100_000, id="null bytes"),
        pytest.param("<a " * 300_000, id="open tags"),
        pytest.param("<a " + "=" * 1_000_000, id="an open attribute"),
        pytest.param("<!--" * 250_000, id="open comments"),
        pytest.param("<script>" * 100_000, id="open scripts"),
        pytest.param("&" * 1_000_000 + "&#60;" * 100_000, id="entities"),
        pytest.param("&lt;p&gt;" * 100_000, id="escaped twice"),
        pytest.param(" \n" * 500_000 + "<b>", id="spaces"),
    ],
)
def test_hostile_markup_takes_no_more_than_its_length(markup: str) -> None:
    looks_like_markup(markup)
    assert len(text_of(markup)) <= len(markup)
    assert len(title_of(markup[:1_000_000])) <= len(markup)
