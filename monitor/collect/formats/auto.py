"""Read files that say themselves what they are and how they are read: our text layout, and feeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.collect.charset import printable
from monitor.collect.formats.base import EXCERPT_LENGTH, Entry, Reading, unreadable
from monitor.collect.formats.detect import HEAD, Look, look_of
from monitor.collect.formats.registry import FORMATS, reader
from monitor.collect.source import SourceOptions
from monitor.model import Dump, Reject

PARSER_VERSION = 1  # increased when the same bytes may give other records

_READ = ("text", "feed")


class _Refused:
    """A dump that does not say how it is read."""

    def __init__(self, reject: Reject) -> None:
        self.kept: tuple[Entry, ...] | None = (reject,)

    def entries(self) -> Iterator[Entry]:
        """Yield the reject."""
        return iter(self.kept or ())


def reading(dump: Dump, options: SourceOptions) -> Reading:
    """Return a dump as the format that it says it has reads it, or a reject that says what to write."""
    if dump.fault:
        return _Refused(unreadable(dump))
    head = _head(dump)
    look = look_of(head)
    if look.format in _READ and look.format in FORMATS:
        return reader(dump, replace(options, format=replace(options.format, format=look.format)))
    text = printable(head[:EXCERPT_LENGTH].strip())
    reason = _reason(look) if text else "the file holds no record"
    return _Refused(Reject(reason=reason, line=0, offset=0, text=text, is_tail=look.is_cut or not text))


def _head(dump: Dump) -> str:
    parts, length = list[str](), 0
    for chunk in dump.text_chunks():
        parts.append(chunk)
        length += len(chunk)
        if length >= HEAD:
            break
    return "".join(parts)[:HEAD]


def _reason(look: Look) -> str:
    if look.format in FORMATS:
        return f"this looks like {look.what}; write {look.lines}"
    if look.is_cut:
        return f"the file ends inside {look.what}: it is half written or was cut off"
    if look.is_page:
        return f"this is {look.what}: no release is read from it"
    return f"nothing here says how it is read: write the format of the source's files, one of {', '.join(FORMATS)}"
