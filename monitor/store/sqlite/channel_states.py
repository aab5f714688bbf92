"""The Switchboard port on SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.model import ChannelState
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.rows import read_time
from monitor.times import moment, read_moment


class SqliteChannelStates:
    """Implements `monitor.ports.Switchboard`."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def get(self, channel: str) -> ChannelState:
        row = self._handle.all("standing", channel=channel)[0]
        return ChannelState(
            failures=row["consecutive_failures"] or 0,
            since=read_time(row["failing_since"]),
            opened_until=read_time(row["opened_until"]),
            is_refused=bool(row["refused"]),
            reason=row["reason"] or "",
            tokens=row["tokens"],
            tokens_at=read_time(row["tokens_at"]),
            flood_until=read_time(row["flood_until"]),
            muted_until=read_time(row["muted_until"]),
        )

    def save(self, channel: str, channel_state: ChannelState) -> None:
        with self._handle.transaction():
            self._handle.all(
                "stand",
                channel=channel,
                failures=channel_state.failures,
                since=channel_state.since and moment(channel_state.since),
                opened_until=channel_state.opened_until and moment(channel_state.opened_until),
                refused=channel_state.is_refused,
                reason=channel_state.reason,
            )

    def note_fingerprint(self, channel: str, fingerprint: str, *, now: datetime) -> None:
        row = self._handle.one("fingerprint", channel=channel)
        if row and row["fingerprint"] == fingerprint:
            return
        with self._handle.transaction():
            self._handle.all("set_fingerprint", channel=channel, fingerprint=fingerprint)
        if row and row["fingerprint"] is not None:
            self.resume(channel, now=now)

    def resume(self, channel: str, *, now: datetime) -> None:
        self.save(channel, ChannelState())
        with self._handle.transaction():
            self._handle.all("hasten", channel=channel, now=moment(now))

    def mutes(self, *, now: datetime) -> Mapping[str, datetime]:
        return {row["name"]: read_moment(row["until"]) for row in self._handle.all("mutes", now=moment(now))}

    def mute(self, name: str, *, until: datetime) -> None:
        with self._handle.transaction():
            self._handle.all("mute", name=name, until=moment(until))
            self._handle.all("outlast", name=name, until=moment(until))
