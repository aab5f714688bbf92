"""Keep what the clock showed last, and move stored times along when it is set."""

from __future__ import annotations

import json
from datetime import timedelta

from monitor.store.handle import Handle
from monitor.store.rows import parse_timestamp, to_json
from monitor.times import ClockReading, timestamp

_HOUR = timedelta(hours=1)


def stored_clock(handle: Handle) -> ClockReading | None:
    """Return what the clock showed last; a store without a whole reading knows the time of its newest dump."""
    row = handle.one("meta", k="clock")
    if row and (reading := _reading_of(row["v"])):
        return reading
    newest = handle.all("newest_dump")[0]["at"]
    if newest is None:
        return None
    at = parse_timestamp(newest)
    return ClockReading(at=at, wall=at, uptime=0.0, boot="", steady_since=0.0, aged=at)


def _reading_of(text: str) -> ClockReading | None:
    try:
        facts = json.loads(text)
        return ClockReading(
            at=parse_timestamp(facts["at"]),
            wall=parse_timestamp(facts["wall"]),
            uptime=float(facts["uptime"]),
            boot=str(facts["boot"]),
            steady_since=float(facts["steady_since"]),
            aged=parse_timestamp(facts["aged"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def note_clock(handle: Handle, reading: ClockReading, *, moved: timedelta, off: timedelta) -> None:
    """Store what the clock shows; move stored times by `moved`, and expiries by `off`."""
    facts = {
        "at": timestamp(reading.at),
        "wall": timestamp(reading.wall),
        "uptime": reading.uptime,
        "boot": reading.boot,
        "steady_since": reading.steady_since,
        "aged": timestamp(reading.aged),
    }
    with handle.transaction():
        handle.all("set_meta", k="clock", v=to_json(facts))
        if moved:
            _move_waiting(handle, _modifier(moved), recent=timestamp(reading.at - moved - _HOUR))
        if moved < timedelta(0):
            _correct_future(handle, _modifier(moved), now=timestamp(reading.at))
        if off:
            handle.all("extend_expiries", by=_modifier(off))


def _move_waiting(handle: Handle, by: str, *, recent: str) -> None:
    """Move what measures a time that has yet to pass, or that has passed since. recent: an hour ago."""
    handle.all("move_messages", by=by)
    handle.all("move_recent_messages", by=by, recent=recent)
    handle.all("move_attempts", by=by)
    handle.all("move_notices", by=by)
    handle.all("move_channel_states", by=by)
    handle.all("move_mutes", by=by)
    handle.all("move_tails", by=by)
    handle.all("move_expectations", by=by)
    handle.all("move_last_dumps", by=by)


def _correct_future(handle: Handle, by: str, *, now: str) -> None:
    """Move back what cannot have happened later than now; versions are found by their events."""
    handle.all("correct_files", by=by, now=now)
    handle.all("correct_messages", by=by, now=now)
    handle.all("correct_versions", by=by, now=now)
    handle.all("correct_events", by=by, now=now)
    handle.all("correct_dumps", by=by, now=now)
    handle.all("correct_views", by=by, now=now)
    handle.all("correct_confirmations", by=by, now=now)


def _modifier(by: timedelta) -> str:
    return f"{by.total_seconds():+.3f} seconds"
