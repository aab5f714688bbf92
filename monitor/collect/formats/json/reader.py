"""Read the records of JSON files by the mapping of their source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitor.collect.charset import byte_counter, printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, few_in_a_row, unreadable, without_repeats
from monitor.collect.formats.fields import Node
from monitor.collect.formats.json.values import Fault, values
from monitor.collect.formats.mapped import RecordMapper
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject

PARSER_VERSION = 1  # increased when the same bytes may give other records

_TAKEN = (str, bool)  # of numbers the decoder keeps the text


class JsonReading:
    """A dump of JSON values."""

    def __init__(self, dump: Dump, options: SourceOptions) -> None:
        self._dump, self._options = dump, options
        self.kept: tuple[Entry, ...] | None = None
        if dump.fault:
            self.kept = (unreadable(dump),)
        elif dump.is_held:
            self.kept = without_repeats(self._entries())

    def entries(self) -> Iterator[Entry]:
        """Yield the records and rejects in their order."""
        return self._entries() if self.kept is None else iter(self.kept)

    def _entries(self) -> Iterator[Entry]:
        mapper = RecordMapper(self._dump, self._options, version=PARSER_VERSION)
        path, max_record = self._options.format.records, self._options.max_record
        return entries_of(self._dump, mapper, path=path, max_record=max_record, node_of=ObjectNode)


def reading(dump: Dump, options: SourceOptions) -> JsonReading:
    """Return a dump of JSON as it is read."""
    return JsonReading(dump, options)


def entries_of(
    dump: Dump,
    mapper: RecordMapper,
    *,
    path: tuple[str, ...],
    max_record: int,
    node_of: Callable[[dict[str, object]], Node],
) -> Iterator[Entry]:
    """Yield the records and rejects of a dump of JSON; path: of the keys that lead to the records."""
    count = byte_counter(dump.encoding)
    found = values(dump.text_chunks(), path=path, byte_count=count, start=dump.bom, max_record=max_record)
    return few_in_a_row(
        Reject(
            reason=one.reason,
            line=one.line,
            offset=one.offset,
            text=printable(one.text[:EXCERPT_LENGTH]),
            is_tail=one.is_tail,
        )
        if isinstance(one, Fault)
        else mapper.entry(node_of(one.value), line=one.line, offset=one.offset, excerpt=one.excerpt)
        for one in found
    )


class ObjectNode:
    """A JSON object as expressions see it."""

    __slots__ = ("_value",)

    def __init__(self, value: dict[str, object]) -> None:
        self._value = value

    @property
    def names(self) -> tuple[str, ...]:
        """Return its keys."""
        return tuple(self._value)

    def text(self, name: str) -> str:
        """Return the text of a field where it is a single one, else ""."""
        value = self._value.get(name)
        return value if type(value) is str else ""

    def inner_names(self, name: str) -> tuple[str, ...]:
        """Return the keys of an object at a key, or of the first in a list there; none where it is a text."""
        value = self._value.get(name)
        first = value[0] if isinstance(value, list) and value else value
        return tuple(first) if isinstance(first, dict) else ()

    def texts(self, path: tuple[str, ...], attribute: str = "") -> list[str]:
        """Return the texts at a path; JSON has no attributes, so none has any text."""
        value: object = self._value
        for place, name in enumerate(path):
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, list):
                if name.isdecimal():
                    value = value[int(name)] if len(name) < 9 and int(name) < len(value) else None
                else:
                    return [text for item in value for text in _texts_in(item, path[place:])]
            else:
                return []
        return [] if attribute else _texts_of(value)


def _texts_in(value: object, path: tuple[str, ...]) -> list[str]:
    return ObjectNode(value).texts(path) if isinstance(value, dict) else []


def _texts_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return (
        [text for item in value if isinstance(item, _TAKEN) for text in _texts_of(item)]
        if isinstance(value, list)
        else []
    )
