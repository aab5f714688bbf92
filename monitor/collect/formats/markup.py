"""Convert HTML to plain text, as a reader sees its words and lines.

turbohtml cuts the markup into the tokens of the HTML5 standard (tags, words, comments); the rules here need no tree. A
tree is what made selectolax 1.0.2 (lexbor) unfit: by the standard's own rules a formatting tag that is never closed is
repeated in each later paragraph. A text of 62 kB, `<p><b 1>x</p><p><b 2>x</p>…`, took it 8.5 s and 2.6 GB; the same
shape of 3.5 MB takes turbohtml's tokenizer 0.2 s and 20 MB. The parser of the standard library is quadratic in broken
tags on patch releases that we support (CVE-2025-6069), and lxml knows no HTML5. The import costs 5 MB and 40 ms, so
only a source whose texts hold markup pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from monitor.readable import readable


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


INLINE = _names(
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup"
    " tt u var"
)
_BLOCKS = _names(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre"
    " section select summary table tbody tfoot thead tr ul"
)
_CELLS = _names("td th")
_HIDDEN = _names("iframe noembed noframes noscript script style template title")
_OTHERS = _names(
    "audio base button canvas col colgroup embed head img input label link map meta object param picture source svg"
    " textarea time video wbr"
)
VOID = _names("area base br col embed hr img input link meta param source track wbr")  # they have no end tag
_TEXT_TAGS = INLINE | _BLOCKS | _CELLS | {"br", "img"}
_KNOWN = INLINE | _BLOCKS | _CELLS | _HIDDEN | _OTHERS | {"br"}

# Each is linear: a tag ends at the next angle bracket, and no two repeats meet that fit the same character.
_TAG = r"</?({names})(?:\s*/?|\s[^<>=]*=[^<>]*)>"
_ANY_TAG = re.compile(_TAG.format(names="[a-z][a-z0-9]{0,15}"), re.ASCII | re.IGNORECASE)
_INLINE_TAG = re.compile(_TAG.format(names="|".join(sorted(INLINE))), re.ASCII | re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|([a-z][a-z\d]{1,31}));", re.ASCII | re.IGNORECASE)

# What is written as one space; a single space is left out, as most are.
_SPACES = re.compile(r"(?:[\t\n\r\f]| (?=[ \t\n\r\f]))[ \t\n\r\f]*")
_SPACES_IN_LINE = re.compile(r"(?:[\t\r\f]| (?=[ \t\r\f]))[ \t\r\f]*")
_REPEATED_SPACES = re.compile("  +")
_BLANK_LINES = re.compile(r"\n{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # an entity may spell one


class Markup(str):
    """A text that its file says is HTML."""

    __slots__ = ()


class Plain(str):
    """A text that its file says is none of HTML, whatever signs are in it."""

    __slots__ = ()


def is_tag(name: str) -> bool:
    """Return whether a name, in small letters, is that of an element in which HTML shows text."""
    return name in _TEXT_TAGS


def looks_like_markup(text: str) -> bool:
    """Return whether a known tag or a known entity is in a text: `<b>` and `&amp;` are, `a < b` and `AT&T` are not."""
    if "<" in text and next(_known_tags(text), None) is not None:
        return True
    return "&" in text and any(not each[1] or f"{each[1]};" in html5 for each in _ENTITY.finditer(text))


def text_of(markup: str) -> str:
    """Return the text that markup shows, its lines trimmed, at most one empty line in a row. Linear in its length.

    A result that still shows two known tags was escaped twice and is converted once more. Where no tag makes lines,
    those of the source are kept: a plain text with an entity or a link in it stays a text of several lines.
    """
    text = _converted(markup)
    tags = _known_tags(text) if "<" in text else iter(())
    return _converted(text) if next(tags, None) and next(tags, None) else text


def title_of(text: str) -> str:
    """Return a title in one line, with its entities resolved and without inline tags; `guide to <head>` stays."""
    if "&" in text:
        text = readable(text)
    if "<" in text:
        text = _INLINE_TAG.sub("", text)
    return " ".join(_CONTROL.sub(" ", text).split())


def _known_tags(text: str) -> Iterator[re.Match[str]]:
    return (each for each in _ANY_TAG.finditer(text) if each[1].lower() in _KNOWN)


def _converted(markup: str) -> str:
    if "<![CDATA[" in markup:  # a comment for HTML; what people wrote into it is their text
        markup = markup.replace("<![CDATA[", "").replace("]]>", "")
    lines = _shown(markup, spaces=_SPACES)
    return (lines if lines.has_breaks or "\n" not in markup else _shown(markup, spaces=_SPACES_IN_LINE)).text()


def _shown(markup: str, *, spaces: re.Pattern[str]) -> _Lines:
    from turbohtml import TokenType, tokenize  # 5 MB that only texts with markup need

    lines, hidden = _Lines(spaces), ""
    for token in tokenize(markup, capture_attributes=False):
        tag = token.tag
        if hidden:
            hidden = "" if tag == hidden and token.type is TokenType.END_TAG else hidden
        elif tag is None:
            if token.type is TokenType.TEXT:
                lines.add_words(token.data or "")
        elif token.type is TokenType.END_TAG:
            lines.end(tag)
        elif tag in _HIDDEN:
            hidden = tag
        else:
            lines.start(tag)
    return lines


class _Lines:
    """Collects the lines that tags and words make. What separates two words is written when the second comes."""

    def __init__(self, spaces: re.Pattern[str]) -> None:
        """spaces: what counts as one space outside of `pre`."""
        self._spaces = self._spaces_outside = spaces
        self.has_breaks = False  # a tag has made one
        self._parts = list[str]()
        self._gap = ""  # line ends before the next words; at most two, so that many tags cost little
        self._bullet = ""
        self._is_first_cell = True  # of its row
        self._is_cell_open = False  # it has no words yet: a block in it begins no line

    def add_words(self, words: str) -> None:
        """Add text; a space alone counts only inside a line."""
        if "  " in words or not words.isprintable():  # most are one line
            words = self._spaces.sub(" ", words)
        if self._gap or not self._parts:
            words = words.lstrip(" ")
            if not words or words.isspace():
                return
        self._parts += (self._gap, self._bullet, words)
        self._gap = self._bullet = ""
        self._is_cell_open = False

    def start(self, tag: str) -> None:
        """Open an element."""
        if tag == "br":
            self._break(most=2)
        elif tag in _CELLS:
            self._cell()
        elif tag in _BLOCKS:
            self._turn(tag, bullet="- ", spaces=_SPACES_IN_LINE)
            self._break(most=1)

    def end(self, tag: str) -> None:
        """Close an element."""
        if tag in _BLOCKS or tag == "br":
            self._turn(tag, bullet="", spaces=self._spaces_outside)
            self._break(most=1)

    def text(self) -> str:
        """Return the lines, trimmed, with at most one empty line in a row."""
        text = _CONTROL.sub(" ", "".join(self._parts))
        if "  " in text:
            text = _REPEATED_SPACES.sub(" ", text)
        lines = [line.strip() for line in text.split("\n")]
        return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()

    def _break(self, *, most: int) -> None:
        self.has_breaks = True
        if self._parts and len(self._gap) < most and not self._is_cell_open:
            self._gap += "\n"

    def _turn(self, tag: str, *, bullet: str, spaces: re.Pattern[str]) -> None:
        if tag == "li":
            self._bullet = bullet
        elif tag == "pre":
            self._spaces = spaces
        elif tag in ("tr", "table"):
            self._is_first_cell, self._is_cell_open = True, False

    def _cell(self) -> None:
        """Begin a cell; behind another one of its row it goes on in the line that this one ended."""
        self.has_breaks = True
        if not self._is_first_cell:
            self._parts.append(" | ")
            self._gap = ""
            self._is_cell_open = True
        self._is_first_cell = False
