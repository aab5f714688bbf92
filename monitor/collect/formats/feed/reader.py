"""Read feeds: RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, JSON Feed.

Feed libraries were measured on cut, broken and Korean files in November 2026. feedparser 6.0.14 takes about ten times
as long, passes a cut entry as a whole one, shows an error page as an empty feed without a flag, dates `2024/6/29` to
the month of the run and garbles CP949. fastfeedparser 0.6.5 is faster than this, and also passes a cut or broken entry
as a whole one; it holds the whole file, takes `media:title` for the title and loses the `&` of `Roads & bridges`.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.collect.formats.base import Entry, unreadable, without_repeats
from monitor.collect.formats.feed.kinds import JSON_FEED, FeedKind, entry_name, kind_of
from monitor.collect.formats.feed.nodes import FeedNode, JsonFeedNode
from monitor.collect.formats.json.reader import ObjectNode
from monitor.collect.formats.json.reader import entries_of as entries_of_json
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.formats.xml.cutter import Piece
from monitor.collect.formats.xml.elements import PieceParser
from monitor.collect.formats.xml.reader import base_of, entries_of, mapped, pieces_of
from monitor.collect.source import SourceOptions
from monitor.model import Dump

PARSER_VERSION = 1  # increased when the same bytes may give other records


class FeedReading:
    """A dump of one or several feeds."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options = dump, options
        self._mappers = dict[str, RecordMapper]()
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(self._entries())

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return self._entries() if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        return self._json_entries() if _begins_object(self._dump) else self._xml_entries()

    def _xml_entries(self) -> Iterator[Entry]:
        parser = PieceParser(lambda document: kind_of(document).namespaces)

        def entry_of(piece: Piece) -> Entry:
            kind, node = kind_of(piece.document), parser.parse(piece)
            page = piece.document.base or piece.document.link
            return mapped(piece, FeedNode(node, kind), self._mapper(kind), base=base_of(page, node))

        return entries_of(pieces_of(self._dump, self._options, entry_name, needs_records=False), entry_of)

    def _json_entries(self) -> Iterator[Entry]:
        return entries_of_json(
            self._dump,
            self._mapper(JSON_FEED),
            path=(JSON_FEED.entry,),
            max_record=self._options.max_record,
            node_of=lambda value: JsonFeedNode(ObjectNode(value)),
        )

    def _mapper(self, kind: FeedKind) -> RecordMapper:
        if kind.entry not in self._mappers:
            self._mappers[kind.entry] = RecordMapper(
                self._dump, self._options, version=PARSER_VERSION, default=kind.default, updated=kind.updated
            )
        return self._mappers[kind.entry]


def reading(dump: Dump, options: SourceOptions) -> FeedReading:
    """Return a dump of feeds as it is read."""
    return FeedReading(dump, options)


def _begins_object(dump: Dump) -> bool:
    """Return whether the first sign of a text is that of a JSON object."""
    beginnings = (chunk.lstrip("\ufeff \t\r\n") for chunk in dump.text_chunks())
    return next(filter(None, beginnings), "").startswith("{")
