"""Know the kinds of feeds: how each names its entries, and what each field of a release is read from by default.

`permalink` stands for the link to the entry itself, which each kind writes in several ways (feed.nodes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.collect.formats.fields import Expression, parse
from monitor.collect.formats.xml.cutter import Document, NotExpected

_ATOM = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
_RSS = (
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd",
    "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)
# Whatever prefix a feed has for them, expressions know them by these.
_MODULES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedKind:
    """One kind of feed."""

    entry: str  # name of its entries, without a prefix
    default: Mapping[str, Expression]  # field → what it is read from, unless the source maps it
    updated: Expression  # when an entry was last changed, for one that has no other date
    namespaces: Mapping[str, str]  # address → prefix by which expressions know it


def _expressions(**fields: str) -> dict[str, Expression]:
    return {name: parse(text) for name, text in fields.items()}


RSS = FeedKind(
    entry="item",
    default=_expressions(
        id="guid | link",
        title="title",
        body="content:encoded | description | summary",
        date="pubDate | dc:date | dcterms:created | atom:published",
        url="permalink",
        category="category | dc:subject",
    ),
    updated=parse("atom:updated | dcterms:modified"),
    namespaces={**dict.fromkeys(_RSS, ""), **dict.fromkeys(_ATOM, "atom"), **_MODULES},
)
ATOM = FeedKind(
    entry="entry",
    default=_expressions(
        id="id",
        title="title",
        body="content | summary",
        date="published | issued | created | dc:date",
        url="permalink",
        category="category@label | category@term | dc:subject",
    ),
    updated=parse("updated | modified"),
    namespaces={**dict.fromkeys(_ATOM, ""), **_MODULES},
)
JSON_FEED = FeedKind(
    entry="items",
    default=_expressions(
        id="id",
        title="title",
        body="content_text | content_html | summary",
        date="date_published",
        url="url | external_url",
        category="tags",
    ),
    updated=parse("date_modified"),
    namespaces={},
)


def kind_of(document: Document) -> FeedKind:
    """Return the kind of feed that a document is. Raise NotExpected."""
    name = document.root.name.rpartition(":")[2]
    if name == "feed":
        return ATOM
    if name in ("rss", "RDF", "channel"):
        return RSS
    raise NotExpected(
        f"<{document.root.name}> begins no feed; for other XML write format: xml, and records: with the name of the "
        "element that each release is in"
    )


def entry_name(document: Document) -> str:
    """Return the name of a feed's entries as the document writes it. Raise NotExpected."""
    kind, prefix = kind_of(document), document.root.name.rpartition(":")[0]
    if kind is RSS:  # the prefix of RDF is not that of its items
        bound = [name for name, address in document.prefixes.items() if address in _RSS]
        prefix = bound[0] if bound and "" not in document.prefixes else ""
    return f"{prefix}:{kind.entry}" if prefix else kind.entry
