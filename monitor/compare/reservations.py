"""Which releases the records of one dump hold, when the dump is compared part by part.

A record that was seen before speaks for its release, wherever in the dump it stands: no look-alike in an earlier part
may take it. And a release that an earlier part has shown is shown: two records of one dump are always two releases.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from monitor.model import Change, SeenRecord

# How a release is held; a stronger hold replaces a weaker one.
_EARLIER = 1  # by a record that was seen as an earlier text of it
_CURRENT = 2  # by a record that was seen as its current text
_SHOWN = 3  # it was given to a record


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Releases that the records of one part cannot have."""

    reserved: frozenset[int] = frozenset()
    for_equal_text: frozenset[int] = frozenset()  # an equal text can have them, lesser evidence cannot


_BLOCK = 256  # release numbers that are kept side by side: those of one dump stand together as a rule


@dataclass(frozen=True, slots=True)
class _Block:
    """How some neighbours are held; five bytes for each."""

    holds: bytearray = field(default_factory=lambda: bytearray(_BLOCK))
    # The beginning of the record's digest: enough to tell a few records apart.
    holders: array[int] = field(default_factory=lambda: array("I", bytes(4 * _BLOCK)))


class Reservations:
    """By release number, for a dump of any size; where it holds nothing it takes no room."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}

    def __contains__(self, number: object) -> bool:
        """Whether the dump has shown this release so far."""
        return isinstance(number, int) and self._hold(number) == _SHOWN

    def reserve(self, seen_records: Mapping[bytes, SeenRecord], versions: Mapping[int, int]) -> None:
        """Records of this dump that were seen before.

        versions: the current ones of the releases that they do not show as they are now.
        """
        for digest, seen_record in seen_records.items():
            is_current = seen_record.is_current or versions.get(seen_record.number) == seen_record.version
            self._set(seen_record.number, digest, _CURRENT if is_current else _EARLIER)

    def mark_shown(self, seen: Mapping[bytes, SeenRecord], changes: Iterable[Change]) -> None:
        """Note what a stored part has shown: records just as they were seen before, and changes."""
        for digest, seen_record in seen.items():
            self._set(seen_record.number, digest, _SHOWN)
        for change in changes:
            if change.record:
                self._set(change.number, change.record.digest, _SHOWN)

    def is_repeat(self, digest: bytes, seen_record: SeenRecord | None) -> bool:
        """Whether this very record stood in an earlier part."""
        if seen_record is None or self._hold(seen_record.number) != _SHOWN:
            return False
        return self._holder(seen_record.number) == _short(digest)

    def is_free(self, number: int, digest: bytes) -> bool:
        """Whether no other record holds this release."""
        hold = self._hold(number)
        return not hold or (hold != _SHOWN and self._holder(number) == _short(digest))

    def unavailable(self, numbers: Iterable[int], digests: Collection[bytes]) -> Unavailable:
        """Which of these releases are not free for the records with these digests."""
        own = {_short(digest) for digest in digests}
        holds = [(number, hold) for number in numbers if (hold := self._hold(number))]
        others = [(number, hold) for number, hold in holds if self._holder(number) not in own]
        shown = frozenset(number for number, hold in holds if hold == _SHOWN)
        return Unavailable(
            reserved=shown | {number for number, hold in others if hold == _CURRENT},
            for_equal_text=frozenset(number for number, hold in others if hold == _EARLIER),
        )

    def _hold(self, number: int) -> int:
        """0: nobody holds it."""
        block = self._blocks.get(number // _BLOCK)
        return block.holds[number % _BLOCK] if block else 0

    def _holder(self, number: int) -> int:
        """Of a release that is held."""
        return self._blocks[number // _BLOCK].holders[number % _BLOCK]

    def _set(self, number: int, digest: bytes, hold: int) -> None:
        block = self._blocks.get(number // _BLOCK)
        if block is None:
            block = self._blocks[number // _BLOCK] = _Block()
        place, key = number % _BLOCK, _short(digest)
        before = block.holds[place]
        # Of two records with equal claims the one that comes first in the order of digests has it.
        if hold > before or (hold == before and key < block.holders[place]):
            block.holds[place], block.holders[place] = hold, key


def _short(digest: bytes) -> int:
    return int.from_bytes(digest[:4], "big")
