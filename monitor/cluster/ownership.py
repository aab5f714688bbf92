"""Say what a process may do of what must happen once among all that share a store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class ChannelWorker(Protocol):
    """The worker of one channel, as its node sees it."""

    @property
    def is_busy(self) -> bool:
        """Return whether a message may be on its way; set before it asks whether its channel is owned."""

    def wake(self) -> None:
        """Check again now."""


class Ownership(Protocol):
    """Which channels, sources and chores are this process's own; it may lose each of them at any time."""

    @property
    def is_shared(self) -> bool:
        """Return whether other processes may use the store, too."""

    def owns(self, channel: str) -> bool:
        """Return whether this process delivers on a channel now."""

    def has_chores(self) -> bool:
        """Return whether this process does now what must happen once: expire, remind, prune and the like."""

    def judges(self, source: str) -> bool:
        """Return whether this process is the one, of those with this source, that judges its silence now."""

    def other_channels(self) -> frozenset[str]:
        """Return the channels that other nodes have, or had a short time ago."""

    def lent(self, channel: str) -> AbstractContextManager[bool]:
        """Own a channel that no living node has, for the length of a block; False: another process does."""

    def employ(self, workers: Mapping[str, ChannelWorker]) -> None:
        """Wake and hand over to these workers from now on, by channel."""

    def announce(self, channels: Collection[str] = ()) -> None:
        """Wake the workers of other processes on these channels, and on those that this one has written for."""


class SoleOwner:
    """Implements `Ownership` for the only process that uses its store."""

    is_shared = False

    def owns(self, channel: str) -> bool:
        return True

    def has_chores(self) -> bool:
        return True

    def judges(self, source: str) -> bool:
        return True

    def other_channels(self) -> frozenset[str]:
        return frozenset()

    @contextmanager
    def lent(self, channel: str) -> Iterator[bool]:
        yield True

    def employ(self, workers: Mapping[str, ChannelWorker]) -> None:
        return

    def announce(self, channels: Collection[str] = ()) -> None:
        return


SOLE_OWNER = SoleOwner()
