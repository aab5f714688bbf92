"""Read the records of XML files by the mapping of their source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, few_in_a_row, unreadable, without_repeats
from monitor.collect.formats.fields import Node
from monitor.collect.formats.links import url_of
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.formats.xml.cutter import Document, Fault, Piece, pieces
from monitor.collect.formats.xml.elements import XML_BASE, Broken, ElementNode, PieceParser
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject

PARSER_VERSION = 1  # increased when the same bytes may give other records


class XmlReading:
    """A dump of XML records."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options = dump, options
        self._name = ".".join(options.format.records)
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(self._entries())

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return self._entries() if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        mapper, parser = RecordMapper(self._dump, self._options, version=PARSER_VERSION), PieceParser()

        def entry_of(piece: Piece) -> Entry:
            node = parser.parse(piece)
            return mapped(piece, node, mapper, base=base_of(piece.document.base, node))

        return entries_of(pieces_of(self._dump, self._options, lambda _: self._name, needs_records=True), entry_of)


def reading(dump: Dump, options: SourceOptions) -> XmlReading:
    """Return a dump of XML as it is read."""
    return XmlReading(dump, options)


def pieces_of(
    dump: Dump, options: SourceOptions, record_of: Callable[[Document], str], *, needs_records: bool
) -> Iterator[Piece | Fault]:
    """Yield the records of a decoded dump, and its faults."""
    return pieces(
        dump.text_chunks(),
        record_of=record_of,
        byte_count=byte_counter(dump.encoding),
        start=dump.bom,
        max_record=options.max_record,
        needs_records=needs_records,
    )


def entries_of(found: Iterator[Piece | Fault], entry_of: Callable[[Piece], Entry]) -> Iterator[Entry]:
    """Yield an entry for each piece and each fault."""
    return few_in_a_row(
        _reject(one, one.reason, is_tail=one.is_tail) if isinstance(one, Fault) else _entry(one, entry_of)
        for one in found
    )


def _entry(piece: Piece, entry_of: Callable[[Piece], Entry]) -> Entry:
    try:
        return entry_of(piece)
    except Broken as error:
        return _reject(piece, f"the record is broken: {error}")


def _reject(one: Piece | Fault, reason: str, *, is_tail: bool = False) -> Reject:
    text = printable(one.text[:EXCERPT_LENGTH])
    return Reject(reason=reason, line=one.line, offset=one.offset, text=text, is_tail=is_tail)


def mapped(piece: Piece, node: Node, mapper: RecordMapper, *, base: str) -> Entry:
    """Return the entry of one record."""
    return mapper.entry(node, line=piece.line, offset=piece.offset, excerpt=lambda: piece.text, base=base)


def base_of(page: str, node: ElementNode) -> str:
    """Return the address that the links of a record start from, "" for none; page: that of its document."""
    own = node.element.get(XML_BASE)
    return (own and url_of(own, page or None)) or _clean(page)


@lru_cache(maxsize=16)
def _clean(page: str) -> str:
    return url_of(page) or ""
