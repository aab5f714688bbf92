"""Keep the state of each channel, and the mutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.channel_health import ChannelState, after_resume
from monitor.store.handle import Handle
from monitor.store.rows import parse_optional_timestamp, parse_timestamp, record_of
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp


@reports_damage
class SqlChannelStates:
    """Implements `monitor.ports.ChannelStates`."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def get(self, channel: str) -> ChannelState:
        row = self._handle.all("channel_state", channel=channel)[0]
        failures, reason = row["consecutive_failures"] or 0, row["reason"] or ""
        since, is_refused = parse_optional_timestamp(row["failing_since"]), bool(row["refused"])
        return record_of(ChannelState, row, failures=failures, since=since, is_refused=is_refused, reason=reason)

    def save(self, channel: str, channel_state: ChannelState) -> None:
        with self._handle.transaction():
            self._handle.all(
                "save_channel_state",
                channel=channel,
                failures=channel_state.failures,
                since=channel_state.since and timestamp(channel_state.since),
                opened_until=channel_state.opened_until and timestamp(channel_state.opened_until),
                refused=channel_state.is_refused,
                reason=channel_state.reason,
                resumed=channel_state.resumed and timestamp(channel_state.resumed),
            )

    def note_fingerprint(self, channel: str, fingerprint: str, *, now: datetime) -> None:
        row = self._handle.one("fingerprint", channel=channel)
        if row and row["fingerprint"] == fingerprint:
            return
        with self._handle.transaction():  # both or neither: once it is noted, nothing would resume the channel
            self._handle.all("set_fingerprint", channel=channel, fingerprint=fingerprint)
            if row and row["fingerprint"] is not None:
                self.resume(channel, now=now)

    def resume(self, channel: str, *, now: datetime) -> None:
        with self._handle.transaction():
            self.save(channel, after_resume(self.get(channel), now=now))
            self._handle.all("retry_now", channel=channel, now=timestamp(now))

    def mutes(self, *, now: datetime) -> Mapping[str, datetime]:
        return {row["name"]: parse_timestamp(row["until"]) for row in self._handle.all("mutes", now=timestamp(now))}

    def mute(self, name: str, *, until: datetime) -> None:
        with self._handle.transaction():
            self._handle.all("mute", name=name, until=timestamp(until))
            self._handle.all("extend_expiry", name=name, until=timestamp(until))
