"""Show the entries of feeds to expressions: what is text and what is markup, and which link leads to the entry."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from monitor.collect.formats.feed.kinds import ATOM, FeedKind
from monitor.collect.formats.json.reader import ObjectNode
from monitor.collect.formats.markup import Markup, Plain
from monitor.collect.formats.xml.elements import ElementNode

PERMALINK = "permalink"
_TYPED = frozenset(("title", "summary", "content", "subtitle", "tagline"))
# Relations of links that lead to something else than the entry.
_NO_ENTRY = frozenset(
    ("self", "edit", "edit-media", "enclosure", "hub", "next", "previous", "first", "last", "replies")
)


class FeedNode:
    """An entry of RSS, RDF or Atom."""

    __slots__ = ("_kind", "_node")

    def __init__(self, node: ElementNode, kind: FeedKind) -> None:
        self._node, self._kind = node, kind

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its elements, and the one that stands for its link."""
        return (*self._node.names, PERMALINK)

    def text(self, name: str) -> str:
        """Return "": a field may be written in several ways."""
        return ""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> Sequence[str]:
        """Return the texts of the elements at a path, or of their attribute."""
        node, name = self._node, path[0]
        if len(path) == 1 and not attribute:
            if name == PERMALINK:
                return [link for link in (self._permalink(),) if link]
            if self._kind is ATOM and name in _TYPED:
                return [self._typed(element) for element in node.children(name)]
            if name == "guid" and not node.children(name):
                return [node.attribute(node.element, "rdf:about")]
        return node.texts(path, attribute)

    def _permalink(self) -> str:
        node = self._node
        if self._kind is ATOM:
            return self._linked(node.children("link"))
        links = (*node.texts(("feedburner:origLink",)), *node.texts(("link",)), *node.texts(("link",), "href"))
        return (
            next((link for link in links if link.strip()), "")
            or self._linked(node.children("atom:link"))
            or next(filter(None, map(node.text_in, filter(_is_permalink, node.children("guid")))), "")
        )

    def _linked(self, links: Sequence[Element]) -> str:
        """Return the address of the first alternate link, else of the first that may lead to the entry."""
        found = {each.get("rel") or "alternate": self._address(each) for each in reversed(links) if each.get("href")}
        others = (href for rel, href in reversed(found.items()) if rel not in _NO_ENTRY)
        return found.get("alternate") or next(others, "")

    def _address(self, link: Element) -> str:
        return self._node.attribute(link, "href")

    def _typed(self, element: Element) -> str:
        """Return the text of an element that tells its type; one without is judged by itself, as many forget it."""
        kind, mode = (element.get("type") or "").lower(), element.get("mode")
        text = self._node.text_in(element)
        if len(element) or kind in ("html", "xhtml", "text/html", "application/xhtml+xml"):
            return Markup(text)
        if kind in ("text", "text/plain") and mode != "escaped":
            return Plain(text)
        is_other = "/" in kind and not kind.startswith("text/") and not kind.endswith("xml")
        return "" if is_other or mode == "base64" else text


def _is_permalink(guid: Element) -> bool:
    return guid.get("isPermaLink", "true").strip().lower() != "false"


class JsonFeedNode:
    """An item of a JSON Feed."""

    __slots__ = ("_node",)

    def __init__(self, node: ObjectNode) -> None:
        self._node = node

    @property
    def names(self) -> tuple[str, ...]:
        """Return its keys."""
        return self._node.names

    def inner_names(self, name: str) -> tuple[str, ...]:
        """Return the keys of an object at a key, or of the first in a list there."""
        return self._node.inner_names(name)

    def text(self, name: str) -> str:
        """Return "": a field may be written in several ways."""
        return ""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> Sequence[str]:
        """Return the texts at a path."""
        texts = self._node.texts(path, attribute)
        if path == ("content_html",):
            return [Markup(text) for text in texts]
        return [Plain(text) for text in texts] if path in (("content_text",), ("title",), ("summary",)) else texts
