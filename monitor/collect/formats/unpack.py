"""Unpack gzip, bounded: as a stream, in several members, up to a size; where the end is missing, what there is.

A small file may unpack to any size, so its own size says nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_MAGIC = b"\x1f\x8b"
_GZIP = 31  # window bits: a header and a trailer of gzip are required
_CHUNK = 1 << 20  # bytes that are unpacked at once


def is_packed(head: bytes) -> bool:
    """Return whether a file with these first bytes is packed with gzip."""
    return head.startswith(_MAGIC)


class Unpacker:
    """Unpacks the chunks of one file."""

    def __init__(self) -> None:
        self.size = 0  # unpacked so far
        self.fault = ""  # why the rest cannot be unpacked
        self._stream = zlib.decompressobj(_GZIP)
        self._is_padding = False  # behind a member NUL bytes may follow, and nothing else than another member
        self._head = b""  # the first byte of a member whose second is in the next chunk

    @property
    def is_complete(self) -> bool:
        """Return whether all that was fed so far is whole members."""
        return self._is_padding and not self._head and not self.fault

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk unpacks to, piece by piece; nothing behind a fault."""
        data = self._head + chunk
        self._head = b""
        while data and not self.fault:
            if self._is_padding:
                data = data.lstrip(b"\0")
                if len(data) < len(_MAGIC) and _MAGIC.startswith(data):
                    self._head = data
                    return
                if not is_packed(data):
                    self.fault = "behind its packed content other bytes follow"
                    return
                self._stream, self._is_padding = zlib.decompressobj(_GZIP), False
            try:
                piece = self._stream.decompress(data, _CHUNK)
            except zlib.error:
                self.fault = "its packed content is damaged"
                return
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            self._is_padding = self._stream.eof
            self.size += len(piece)
            if piece:
                yield piece


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what the chunks of a packed file unpack to, as far as it can be unpacked."""
    unpacker = Unpacker()
    for chunk in chunks:
        yield from unpacker.feed(chunk)
