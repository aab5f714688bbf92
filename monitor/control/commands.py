"""What a person orders of the monitor → done, and said in one sentence.

The daemon's control socket and the commands that find no daemon work with the same desk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.config import Config, positive_duration
from monitor.errors import NotFound, UsageError
from monitor.ports import ChannelStates, Clock, Outbox, Row
from monitor.times import rfc3339

_MOST = 2**63 - 1  # what a row's number can be


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to do, as words: what the control socket carries."""

    verb: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How an order of this name is done."""

    words: int
    do: Callable[..., Row]  # takes so many words
    is_look: bool = False  # it changes nothing, so nobody is told that it was done


def execute(verbs: Mapping[str, Command], order: Request) -> Row:
    """Do one thing; the row says what was done, its `text` in a sentence. Raises UsageError, and as the verb does."""
    verb = verbs.get(order.verb)
    if verb is None:
        raise UsageError(f"there is no order {order.verb!r}; this monitor knows {', '.join(verbs)}")
    if len(order.words) != verb.words:
        raise UsageError(f"{order.verb} takes {verb.words} words and was given {len(order.words)}")
    return verb.do(*order.words)


def length_of(word: str) -> timedelta | None:
    """How long a mute is to last; None: `off`. Raises UsageError."""
    if word == "off":
        return None
    try:
        return positive_duration(word)
    except ValueError as error:
        raise UsageError(f"{word!r} {error}; `off` ends a mute") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Retries and drops messages, mutes, resumes channels; whoever owns it holds the state folder's lock."""

    channels: Sequence[str]  # as they are configured
    watchlists: Sequence[str]
    outbox: Outbox
    channel_states: ChannelStates
    clock: Clock

    def verbs(self) -> Mapping[str, Command]:
        """Every order that a desk takes."""
        return {
            "retry": Command(words=1, do=lambda number: self.retry(_message(number))),
            "drop": Command(words=1, do=lambda number: self.drop(_message(number))),
            "mute": Command(words=2, do=lambda name, length: self.mute(name, length_of(length))),
            "resume": Command(words=1, do=self.resume),
        }

    def retry(self, message: int) -> Row:
        """Make a message that is dead, held or waits due now. Raises NotFound, WrongState."""
        self.outbox.requeue(message, now=self.clock.now())
        return {"verb": "retry", "message": message, "state": "pending", "text": f"message {message} is due now"}

    def drop(self, message: int) -> Row:
        """Give up a message that is dead, held or waits. Raises NotFound, WrongState."""
        self.outbox.drop(message, now=self.clock.now())
        return {"verb": "drop", "message": message, "state": "dropped", "text": f"message {message} is dropped"}

    def mute(self, name: str, length: timedelta | None) -> Row:
        """Mute a channel or a watchlist for a while; None: no longer. Raises NotFound, UsageError."""
        now = self.clock.now()
        muted = self.channel_states.mutes(now=now)
        known = [*self.channels, *self.watchlists]
        if name not in known and name not in muted:
            raise NotFound(f"there is no channel or watchlist {name!r}; the configuration has {', '.join(known)}")
        until = now + length if length else None
        if until or name in muted:
            self.channel_states.mute(name, until=until or now)
        text = self._muted(name, until) if until else self._unmuted(name) if name in muted else f"{name} was not muted"
        return {"verb": "mute", "name": name, "muted_until": rfc3339(until), "text": text}

    def resume(self, channel: str) -> Row:
        """Try a channel again that was left alone, or accepts nothing. Raises NotFound."""
        if channel not in self.channels:
            raise NotFound(f"there is no channel {channel!r}; the configuration has {', '.join(self.channels)}")
        now = self.clock.now()
        self.channel_states.resume(channel, now=now)
        until = self.channel_states.mutes(now=now).get(channel)
        still = f"; it is muted until {rfc3339(until)}" if until else ""
        return {"verb": "resume", "name": channel, "text": f"channel {channel} is tried again{still}"}

    def _muted(self, name: str, until: datetime) -> str:
        if name in self.channels:
            return f"channel {name} is muted until {rfc3339(until)}; what comes for it waits until then"
        return f"watchlist {name} is muted until {rfc3339(until)}; what it matches is recorded and told to nobody"

    def _unmuted(self, name: str) -> str:
        if name in self.channels:
            return f"channel {name} is no longer muted; what only that held back is told now"
        return f"{name} is no longer muted"


def commands_for(config: Config, *, outbox: Outbox, channel_states: ChannelStates, clock: Clock) -> Commands:
    """The desk of a configuration."""
    return Commands(
        channels=tuple(config.channels),
        watchlists=tuple(config.watchlists),
        outbox=outbox,
        channel_states=channel_states,
        clock=clock,
    )


def _message(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 20 and 0 < int(word) <= _MOST):
        raise UsageError(f"{word[:40]!r} is no message; `monitor alerts` shows their numbers")
    return int(word)
