"""Parse one record of XML alone, and show it to expressions.

The parser of the standard library sees the record inside an element that declares the namespaces of its document, each
under its prefix as address: so a name is known again as the file writes it. The document's own entities are never
declared, whatever expat is linked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape, unescape
from itertools import islice
from xml.etree.ElementTree import Element, ParseError, XMLParser

from monitor.collect.formats.markup import VOID, is_tag
from monitor.collect.formats.xml.cutter import Document, Piece
from monitor.collect.formats.xml.heal import UNDECODED, healed, without_surrogates

MAX_DEPTH = 64  # of elements inside each other
MAX_ELEMENTS = 20_000  # of one record
_MAX_PREFIXES = 100  # of a document; those beyond are declared where a record needs them

_XHTML = "http://www.w3.org/1999/xhtml"
_XML = "{http://www.w3.org/XML/1998/namespace}"
XML_BASE = f"{_XML}base"
_DECLARED = re.compile(r"""\sxmlns(?::([\w.-]+))?\s*=\s*["']([^"'<]*)["']""")
_PREFIX = re.compile(r"[<\s]/?([A-Za-z_][\w.-]*):(?=\w)", re.ASCII)
_IS_PREFIX = re.compile(r"(?!xml)[A-Za-z_][\w.-]*", re.ASCII)
_NO_PREFIX = "."  # the address of names that are shown without their prefix


class Broken(Exception):
    """A record cannot be parsed; the message says why."""


class Names:
    """The names of elements and attributes as a document writes them, by what the parser makes of them."""

    def __init__(self, prefixes: Mapping[str, str], canonical: Mapping[str, str]) -> None:
        """canonical: address of a namespace → the prefix by which it is known, "" for none, whatever the file's is."""
        self._canonical = dict(canonical)
        some = islice(filter(_IS_PREFIX.fullmatch, prefixes), _MAX_PREFIXES)
        self._prefixes = {name: self._address(name, prefixes[name]) for name in some}
        self._known = dict[str, str]()
        self.head = self._head(self._prefixes)

    def name(self, tag: str) -> str:
        """Return the name of a parsed element or attribute as the document writes it."""
        known = self._known.get(tag)
        if known is None:
            address, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
            prefix = "xml" if tag.startswith(_XML) else self._canonical.get(address, address)
            known = local if prefix in ("", _NO_PREFIX) else f"{prefix}:{local}"
            if len(self._known) < MAX_ELEMENTS:
                self._known[tag] = known
        return known

    def head_for(self, text: str) -> str:
        """Return a start tag that also declares prefixes which a record uses and nobody declared."""
        used = {name for name in _PREFIX.findall(text) if _IS_PREFIX.fullmatch(name)}
        missing = used - self._prefixes.keys() - {name for name, _ in _DECLARED.findall(text)}
        return self._head({**self._prefixes, **{name: name for name in missing}})

    def declare(self, text: str) -> None:
        """Note the namespaces that a record declares itself."""
        for prefix, address in _DECLARED.findall(text):
            if len(self._canonical) < MAX_ELEMENTS:
                self._canonical.setdefault(unescape(address), prefix)

    def _address(self, prefix: str, address: str) -> str:
        return self._canonical.get(address, prefix) or _NO_PREFIX

    @staticmethod
    def _head(prefixes: Mapping[str, str]) -> str:
        return "<r" + "".join(f' xmlns:{name}="{escape(address)}"' for name, address in prefixes.items()) + ">"


class PieceParser:
    """Parses records; the names of a document are read once for all of them."""

    def __init__(self, canonical_of: Callable[[Document], Mapping[str, str]] = lambda document: {}) -> None:
        """canonical_of: returns the prefixes of known namespaces, as for Names."""
        self._canonical_of = canonical_of
        self._document: Document | None = None
        self._names = Names({}, {})

    def parse(self, piece: Piece) -> ElementNode:
        """Return a record as it is parsed; what programs often leave in it is repaired. Raise Broken."""
        if piece.document is not self._document:
            self._document = piece.document
            self._names = Names(piece.document.prefixes, self._canonical_of(piece.document))
        names, text = self._names, piece.text
        if "xmlns" in text:
            names.declare(text)
        try:
            record = _parsed(names.head, text)
        except (ParseError, UnicodeEncodeError):
            record = _parsed_again(names, healed(without_surrogates(text)))
        if text.count("<") > MAX_DEPTH:
            _check_bounds(record)
        return ElementNode(record, names)


class ElementNode:
    """An element as expressions see it."""

    __slots__ = ("_children", "element", "names_of")

    def __init__(self, element: Element, names_of: Names) -> None:
        self.element, self.names_of = element, names_of
        self._children: dict[str, list[Element]] = {}
        for child in element:
            self._children.setdefault(names_of.name(child.tag), []).append(child)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its elements."""
        return tuple(self._children)

    def children(self, name: str) -> Sequence[Element]:
        """Return its elements with a name."""
        return self._children.get(name, ())

    def text(self, name: str) -> str:
        """Return the text of a field where it is a single one, else ""."""
        found = self.children(name)
        return self.text_in(found[0]) if len(found) == 1 else ""

    def texts(self, path: tuple[str, ...], attribute: str = "") -> list[str]:
        """Return the texts of the elements at a path, or of their attribute; its own name leads to itself."""
        found = self.children(path[0])
        if not found and attribute and path[0] == self.names_of.name(self.element.tag):
            found = (self.element,)
        for name in path[1:]:
            if name.isdecimal() and len(name) < 9:
                found = found[int(name) : int(name) + 1]
            else:
                found = [child for each in found for child in each if self.names_of.name(child.tag) == name]
        if attribute:
            return [value for each in found if (value := self.attribute(each, attribute))]
        return [self.text_in(each) for each in found]

    def attribute(self, element: Element, name: str) -> str:
        """Return an attribute of an element, "" for none."""
        value = element.get(name)
        if value is None and ":" in name:
            value = next((value for key, value in element.attrib.items() if self.names_of.name(key) == name), None)
        return _undecoded(value or "")

    def text_in(self, element: Element) -> str:
        """Return the text of an element; of one that holds others their texts, or markup where they are HTML."""
        if not len(element):
            return _undecoded(element.text or "")
        if any(child.tag.startswith(f"{{{_XHTML}}}") or is_tag(child.tag) for child in element):
            return _undecoded("".join(_markup(element, self.names_of)))
        return _undecoded(" ".join(" ".join(part.split()) for part in element.itertext() if part.strip()))


def _parsed(head: str, text: str) -> Element:
    parser = XMLParser()  # noqa: S314 - no entity is declared, and the size is bounded
    parser.feed(f"{head}{text}</r>".encode())
    root: Element = parser.close()
    return root[0]


def _parsed_again(names: Names, text: str) -> Element:
    head = names.head_for(text)
    try:
        return _parsed(head, text)
    except ParseError as error:
        line, column = error.position
        column -= len(head) if line == 1 else 0
        reason = str(error).partition(":")[0]
        raise Broken(f"it is no valid XML: {reason}, line {line}, column {column} of it") from error


def _check_bounds(record: Element) -> None:
    """Check how deep elements lie, and how many they are. Raise Broken."""
    level, count = [record], 0
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        count += len(level)
        if not level:
            break
    if level:
        raise Broken(f"its elements are nested more than {MAX_DEPTH} levels deep")
    if count > MAX_ELEMENTS:
        raise Broken(f"it has more than {MAX_ELEMENTS:,} elements")


def _markup(element: Element, names: Names) -> Iterator[str]:
    """Yield what an element holds as HTML; the depth is bounded."""
    yield escape(element.text or "", quote=False)
    for child in element:
        name = names.name(child.tag).rpartition(":")[2]
        yield f"<{name}>"
        yield from _markup(child, names)
        if name not in VOID:
            yield f"</{name}>"
        yield escape(child.tail or "", quote=False)


def _undecoded(text: str) -> str:
    """Return a text with a lone surrogate for a byte that did not decode, as other formats have it."""
    return text if text.isascii() or UNDECODED not in text else text.replace(UNDECODED, "\udcff")
