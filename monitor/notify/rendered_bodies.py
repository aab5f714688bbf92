"""Keep the bodies of messages that were found to fit until they are sent, so that most are rendered once."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Message

_MOST = 200  # bodies; a larger dump renders its first messages twice


class RenderedBodies:
    """The full bodies of the messages that a channel will send next, in that order.

    A message comes back from the store as an equal value, with the number of its part.
    """

    def __init__(self) -> None:
        self._bodies: dict[Message, str] = {}

    def keep(self, message: Message, body: str) -> None:
        """Keep a body until its message is taken."""
        if len(self._bodies) == _MOST:
            self._bodies.pop(next(iter(self._bodies)))
        self._bodies[_unnumbered(message)] = body

    def take(self, message: Message) -> str | None:
        """Return the body of a message, and forget it with all that were kept before it; None: it was not kept."""
        if (wanted := _unnumbered(message)) not in self._bodies:
            return None
        kept = list(self._bodies)
        for earlier in kept[: kept.index(wanted)]:
            del self._bodies[earlier]
        return self._bodies.pop(wanted)


def _unnumbered(message: Message) -> Message:
    return replace(message, part=1, parts=1)
