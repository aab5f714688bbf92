"""Reserve releases for the records of one dump, when the dump is compared part by part.

A record that was seen before reserves its release, wherever in the dump it is: no similar record of an earlier part
may take it. A release that an earlier part has shown is taken: two records of one dump are always two releases.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field

from monitor.frozen import dataclass
from monitor.model import Change, SeenRecord

# How strongly a release is reserved; the stronger reservation wins.
_EARLIER = 1  # for a record that was seen as an earlier text of it
_CURRENT = 2  # for a record that was seen as its current text
_SHOWN = 3  # a record has shown it
_LAST = 0xFFFFFFFF  # the greatest short digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Releases that cannot be assigned to the records of one part."""

    reserved: frozenset[int] = frozenset()
    for_equal_text: frozenset[int] = frozenset()  # only the strong evidence of an equal text may assign them
    shown: frozenset[int] = field(
        default=frozenset(), compare=False
    )  # of `reserved`, those that an earlier part has shown


_BLOCK = 256  # release numbers that are kept side by side: those of one dump are near each other as a rule


class Reservations:
    """The reserved releases of a dump of any size, by number: eight bytes each, in blocks made when they are needed."""

    def __init__(self) -> None:
        self._blocks: dict[int, array[int]] = {}

    def __contains__(self, number: object) -> bool:
        """Return whether the dump has shown this release so far."""
        return isinstance(number, int) and self._reserved(number)[0] == _SHOWN

    def reserve(self, seen_records: Mapping[bytes, SeenRecord], versions: Mapping[int, int]) -> None:
        """Reserve the releases of records that were seen before.

        versions: the current versions of the releases that these records show as they were earlier.
        """
        for digest, seen_record in seen_records.items():
            is_current = seen_record.is_current or versions.get(seen_record.number) == seen_record.version
            self._reserve(seen_record.number, digest, _CURRENT if is_current else _EARLIER)

    def mark_shown(self, seen: Mapping[bytes, SeenRecord], changes: Iterable[Change]) -> None:
        """Note what a stored part has shown: unchanged records by digest, and changes."""
        for digest, seen_record in seen.items():
            self._reserve(seen_record.number, digest, _SHOWN)
        for change in changes:
            if change.record:
                self._reserve(change.number, change.record.digest, _SHOWN)

    def is_repeat(self, digest: bytes, seen_record: SeenRecord | None) -> bool:
        """Return whether an earlier part has this very record."""
        return seen_record is not None and self._reserved(seen_record.number) == (_SHOWN, _short(digest))

    def is_free(self, number: int, digest: bytes) -> bool:
        """Return whether no other record has reserved this release."""
        strength, owner = self._reserved(number)
        return not strength or (strength != _SHOWN and owner == _short(digest))

    def unavailable(self, numbers: Iterable[int], digests: Collection[bytes]) -> Unavailable:
        """Return which of these releases are not free for the records with these digests."""
        own = {_short(digest) for digest in digests}
        reserved, for_equal_text, shown = set[int](), set[int](), set[int]()
        for number in numbers:
            strength, owner = self._reserved(number)
            if strength == _SHOWN:
                shown.add(number)
            if strength == _SHOWN or (strength == _CURRENT and owner not in own):
                reserved.add(number)
            elif strength == _EARLIER and owner not in own:
                for_equal_text.add(number)
        return Unavailable(
            reserved=frozenset(reserved), for_equal_text=frozenset(for_equal_text), shown=frozenset(shown)
        )

    def _reserved(self, number: int) -> tuple[int, int]:
        """Return how strongly a release is reserved (0: not at all) and the short digest of its record."""
        block = self._blocks.get(number // _BLOCK)
        strength, rest = divmod(block[number % _BLOCK] if block else 0, 1 << 32)
        return strength, _LAST - rest

    def _reserve(self, number: int, digest: bytes, strength: int) -> None:
        if number // _BLOCK not in self._blocks:
            self._blocks[number // _BLOCK] = array("Q", bytes(8 * _BLOCK))
        block, place = self._blocks[number // _BLOCK], number % _BLOCK
        # The greatest value wins: the strongest reservation, and of equally strong ones the first in digest order.
        block[place] = max(block[place], (strength << 32) + _LAST - _short(digest))


def _short(digest: bytes) -> int:
    """Return the beginning of a digest, which is enough to tell a few records apart."""
    return int.from_bytes(digest[:4], "big")
