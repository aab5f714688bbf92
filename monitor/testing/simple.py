"""Offer a clock that stands still, a channel that records, and values for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from monitor.model import Dump, FileSignature, Message, Outcome, Verdict
from monitor.times import ClockReading

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FrozenClock:
    """Implements `monitor.ports.Clock`; stands still until it is advanced."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at

    def now(self) -> datetime:
        return self._now

    def reading(self) -> ClockReading:
        uptime = (self._now - NOON).total_seconds()
        return ClockReading(at=self._now, wall=self._now, uptime=uptime, boot="", steady_since=uptime, aged=self._now)

    def offset(self) -> timedelta:
        return timedelta(0)

    def jump(self) -> timedelta | None:
        return None

    def follow(self, by: timedelta) -> None:
        self.advance(by)

    def moved(self) -> timedelta:
        return timedelta(0)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._now += by


class RecordingChannel:
    """Implements `monitor.ports.Channel`; gives the n-th send the n-th verdict of its script, later ones OK."""

    def __init__(self, name: str, *script: Verdict) -> None:
        self.name = name
        self.messages: list[Message] = []  # one for each attempt
        self._script = iter(script)

    def fits(self, message: Message) -> bool:
        return True

    def send(self, message: Message, *, delivery: str) -> Verdict:
        self.messages.append(message)
        return next(self._script, Verdict(outcome=Outcome.OK, reason="recorded"))


def dump_of(text: str, *, source: str = "motie", name: str = "dump.txt") -> Dump:
    """Return a dump as if a file of this text had been read from the folder `/seeds`."""
    content = text.encode("utf-8", "surrogatepass")
    digest = sha256(content).digest()
    return Dump(
        source=source,
        name=name,
        path=b"/seeds/" + name.encode(),
        signature=FileSignature(device=1, inode=int.from_bytes(digest[:4]), size=len(content), mtime_ns=0, ctime_ns=0),
        sha256=digest,
        text_chunks=lambda: iter((text,)),
        encoding="utf-8",
    )


def note(text: str, *, channel: str) -> Message:
    """Return a message of the monitor itself, which no dump causes."""
    return Message(channel=channel, kind="system", source="", text=text)
