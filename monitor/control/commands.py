"""Commands that change a running monitor (retry, drop, mute, resume, test); each returns a one-line result."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.config import positive_duration
from monitor.control.requests import Command
from monitor.errors import NotFound, UsageError
from monitor.notify.channel_gate import BlockReason, admission
from monitor.notify.compose import trial_message
from monitor.notify.send_time import Policy
from monitor.ports import ChannelStates, Clock, Outbox, Row
from monitor.times import rfc3339


def mute_duration(text: str) -> timedelta | None:
    """Return how long a mute lasts; None: `off`. Raises UsageError."""
    if text == "off":
        return None
    try:
        return positive_duration(text)
    except ValueError as error:
        raise UsageError(f"{text!r} {error}; `off` ends a mute") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Retries and drops messages, mutes, resumes and tests channels.

    The caller holds the lock of the state folder, or the store is shared: what these change are rows.
    """

    channels: Collection[str]  # names, as configured
    watchlists: Collection[str]
    outbox: Outbox
    channel_states: ChannelStates
    clock: Clock
    wake: Callable[[str], object] = lambda _channel: None  # wakes whoever delivers on a channel, in another process

    def by_name(self) -> Mapping[str, Command]:
        """Return every command that a request can name."""
        return {
            "retry": Command(arguments=1, run=lambda message: self.retry(_message_id(message))),
            "drop": Command(arguments=1, run=lambda message: self.drop(_message_id(message))),
            "mute": Command(arguments=2, run=lambda name, duration: self.mute(name, mute_duration(duration))),
            "resume": Command(arguments=1, run=self.resume),
            "test": Command(arguments=1, run=self.test),
        }

    def retry(self, message: int) -> Row:
        """Make a message that is dead, held or waiting due now. Raises NotFound, WrongState."""
        now = self.clock.now()
        channel = self.outbox.requeue(message, now=now)
        self.wake(channel)
        waits = self._waits(channel, now)
        text = f"message {message} {waits or 'is due now'}"
        return {"verb": "retry", "message": message, "state": "pending", "text": text}

    def drop(self, message: int) -> Row:
        """Give up a message that is dead, held or waiting. Raises NotFound, WrongState."""
        self.outbox.drop(message, now=self.clock.now())
        return {"verb": "drop", "message": message, "state": "dropped", "text": f"message {message} is dropped"}

    def mute(self, name: str, duration: timedelta | None) -> Row:
        """Mute a channel or a watchlist for a given time; None: end its mute. Raises NotFound, UsageError."""
        now = self.clock.now()
        muted = self.channel_states.mutes(now=now)
        known = [*self.channels, *self.watchlists]
        if name not in known and name not in muted:
            raise NotFound(f"there is no channel or watchlist {name!r}; the configuration has {', '.join(known)}")
        until = now + duration if duration else None
        if until or name in muted:
            self.channel_states.mute(name, until=until or now)
        is_channel = name in self.channels
        if is_channel:
            self.wake(name)
        if until and is_channel:
            text = f"channel {name} is muted until {rfc3339(until)}; its alerts wait until then"
        elif until:
            text = f"watchlist {name} is muted until {rfc3339(until)}; its matches are recorded and alert nobody"
        elif name not in muted:
            text = f"{name} was not muted"
        elif is_channel:
            text = f"channel {name} is no longer muted; alerts that only the mute held back are sent now"
        else:
            text = f"{name} is no longer muted"
        return {"verb": "mute", "name": name, "muted_until": rfc3339(until), "text": text}

    def resume(self, channel: str) -> Row:
        """Try a channel again that failed or refused. Raises NotFound."""
        self._require_channel(channel)
        now = self.clock.now()
        self.channel_states.resume(channel, now=now)
        self.wake(channel)
        until = self.channel_states.mutes(now=now).get(channel)
        muted = f"; it is muted until {rfc3339(until)}" if until else ""
        return {"verb": "resume", "name": channel, "text": f"channel {channel} is tried again{muted}"}

    def test(self, channel: str) -> Row:
        """Queue a test message, whose attempts show like those of any other. Raises NotFound."""
        self._require_channel(channel)
        now = self.clock.now()
        self.outbox.enqueue(trial_message(channel), key=f"t:{channel}:{secrets.token_hex(8)}", now=now)
        self.wake(channel)
        waits = self._waits(channel, now)
        text = f"the test message to channel {channel} {waits or 'is due now'}"
        return {"verb": "test", "name": channel, "state": "pending", "text": text}

    def _require_channel(self, channel: str) -> None:
        if channel not in self.channels:
            raise NotFound(f"there is no channel {channel!r}; the configuration has {', '.join(self.channels)}")

    def _waits(self, channel: str, now: datetime) -> str:
        """Return until when and why a message to a channel waits, and the command that ends that; "": it is sent."""
        found = admission(self.channel_states.get(channel), Policy(), now=now)
        if not found.is_blocked:
            return ""
        until = f" until {rfc3339(found.until)}" if found.until else ""
        why = found.reason.removeprefix("it ")
        cure = f"mute {channel} off" if found.reason is BlockReason.MUTED else f"channels resume {channel}"
        return f"waits{until}: channel {channel} {why}; `monitor {cure}` ends that"


def _message_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < 2**63):
        raise UsageError(f"{text[:40]!r} is not a message number; `monitor alerts` shows them")
    return int(text)
