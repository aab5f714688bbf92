"""Notices that wait on one channel → the messages to make of them now, and when to look again.

Pure. One message per dump; what a digest, quiet hours or a mute held back goes into one message per moment it waited
for; what comes beyond the most messages an hour goes into one summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from monitor.model import ChannelState, DraftMessage, Message, PendingNotice
from monitor.notify.compose import in_parts
from monitor.notify.send_time import Due, Policy, Wait, due

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SET_BACK = timedelta(minutes=1)  # what seems to have come so much later than now came before the clock was set back
_LATE = timedelta(minutes=15)  # a window that is told so long after it is called late


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is made of one channel's waiting notices."""

    formed: tuple[DraftMessage, ...] = ()
    again: datetime | None = None  # when the next of those left over is due; None: none is left
    flood_until: datetime | None = None  # as in Standing


def plan(
    waiting: Sequence[PendingNotice],
    policy: Policy,
    channel_state: ChannelState,
    recent: Sequence[datetime],
    *,
    now: datetime,
) -> Plan:
    """Oldest first. recent: when this channel's messages of the last hour were made, ascending."""
    groups = _by_due(waiting, policy, channel_state, now=now)
    ripe = [(when, group) for when, group in groups if when.when <= now]
    later = [when.when for when, _ in groups if when.when > now]
    calm = [formed for when, group in ripe if _is_calm(when, group) for formed in _told(when, group, policy, now=now)]
    rush = [(when, group) for when, group in ripe if not _is_calm(when, group)]
    past = [at for at in recent if at <= now]  # the rest was made before the clock was set back
    told, flood_until = _within_limit(rush, policy, channel_state, [*past, *[now] * len(calm)], now=now)
    again = min([*later, *([flood_until] if flood_until else [])], default=None)
    return Plan(formed=(*calm, *told), again=again, flood_until=flood_until)


def rest_until(
    arrived: Sequence[tuple[datetime, bool]], policy: Policy, channel_state: ChannelState, *, now: datetime
) -> datetime | None:
    """When `plan` will first make something of notices that came at these moments, urgent or not; None: now, or never.

    Asks nothing of what they say, so that thousands can wait for a digest at no cost.
    """
    flood_end = channel_state.flood_until if _is_flooded(policy, channel_state, now=now) else None
    if not arrived or channel_state.flood_until != flood_end:
        return None
    found = [(due(_since(at, now), policy, channel_state, is_urgent=is_urgent), is_urgent) for at, is_urgent in arrived]
    moments = [_told_at(when, flood_end or now, now, is_urgent=is_urgent) for when, is_urgent in found]
    first = min([*moments, *([flood_end] if flood_end else [])])
    return first if first > now else None


def _told_at(when: Due, flood_end: datetime, now: datetime, *, is_urgent: bool) -> datetime:
    return when.when if when.when > now or when.wait or is_urgent else flood_end


def _is_flooded(policy: Policy, channel_state: ChannelState, *, now: datetime) -> bool:
    """Whether a flood is to be waited out; one that ends later than in an hour began before the clock was set back."""
    until = channel_state.flood_until
    return bool(policy.max_per_hour and until and now < until <= now + HOUR)


def _by_due(
    waiting: Sequence[PendingNotice], policy: Policy, channel_state: ChannelState, *, now: datetime
) -> list[tuple[Due, tuple[PendingNotice, ...]]]:
    """Notices that are told together, in order of the moment; of those that are told at once, one dump's."""
    found = [
        (due(_since(one.since, now), policy, channel_state, is_urgent=one.notice.is_urgent), one) for one in waiting
    ]

    def company(pair: tuple[Due, PendingNotice]) -> tuple[Due, bool, int]:
        when, one = pair
        return when, not one.notice.is_urgent, 0 if when.wait else one.dump

    groups = groupby(sorted(found, key=lambda pair: (*company(pair), pair[1].event)), key=company)
    return [(key[0], tuple(one for _, one in group)) for key, group in groups]


def _since(came: datetime, now: datetime) -> datetime:
    """When it came; after a clock that ran ahead was set back, yesterday: it must not wait until the clock is there."""
    return came if came <= now + _SET_BACK else now - _DAY


def _is_calm(when: Due, group: Sequence[PendingNotice]) -> bool:
    """Whether the limit per hour leaves it alone: urgent notices, and those that waited for a moment of their own."""
    return bool(when.wait) or group[0].notice.is_urgent


def _within_limit(
    rush: Sequence[tuple[Due, tuple[PendingNotice, ...]]],
    policy: Policy,
    channel_state: ChannelState,
    recent: Sequence[datetime],
    *,
    now: datetime,
) -> tuple[list[DraftMessage], datetime | None]:
    """Messages up to the most of an hour; the rest waits until there is room for one, then it is one summary."""
    most = policy.max_per_hour
    if _is_flooded(policy, channel_state, now=now):
        return [], channel_state.flood_until
    if most and channel_state.flood_until:
        return _summary([one for _, group in rush for one in group], policy), None
    formed = [one for when, group in rush for one in _told(when, group, policy, now=now)]
    room = max(0, most - len(recent))
    if not most or len(formed) <= room:
        return formed, None
    until = [*recent, *[now] * room][-most] + HOUR
    return _cut(formed[:room], until, policy), until


def _cut(formed: Sequence[DraftMessage], until: datetime, policy: Policy) -> list[DraftMessage]:
    """The last messages before the limit: their parts count what is sent, and the very last says that more comes."""
    if not formed:
        return []
    last = formed[-1].message
    first = len(formed) - last.part  # of the group that the limit may have torn
    label = f"limit of {policy.max_per_hour} an hour, the rest at {until.astimezone(policy.timezone):%H:%M}"
    torn = [replace(one, message=replace(one.message, parts=last.part)) for one in formed[first:]]
    return [*formed[:first], *torn[:-1], replace(torn[-1], message=replace(torn[-1].message, label=label))]


def _told(when: Due, group: Sequence[PendingNotice], policy: Policy, *, now: datetime) -> list[DraftMessage]:
    kind = "digest" if when.wait else "instant"
    return _messages(group, policy, kind=kind, label=_label(when, policy, now=now))


def _summary(waiting: Sequence[PendingNotice], policy: Policy) -> list[DraftMessage]:
    if not waiting:
        return []
    label = f"more than {policy.max_per_hour} messages an hour"
    return _messages(waiting, policy, kind="summary", label=label)


def _messages(waiting: Sequence[PendingNotice], policy: Policy, *, kind: str, label: str) -> list[DraftMessage]:
    first = waiting[0].notice
    sources = {one.notice.item.source for one in waiting}
    whole = Message(
        channel=first.channel,
        kind=kind,
        source=sources.pop() if len(sources) == 1 else "",
        max_age=policy.max_age,
        is_urgent=first.is_urgent,
        label=label,
    )
    grouped = _by_source(waiting)
    parts = in_parts(whole, [one.notice.item for one in grouped], policy.bound)
    events = iter(grouped)
    return [DraftMessage(message=part, events=tuple(_next_events(events, len(part.items)))) for part in parts]


def _by_source(waiting: Sequence[PendingNotice]) -> list[PendingNotice]:
    """Notices of one source together, sources in the order in which they first appear."""
    places = {source: place for place, source in enumerate(dict.fromkeys(one.notice.item.source for one in waiting))}
    return sorted(waiting, key=lambda one: places[one.notice.item.source])


def _next_events(waiting: Iterator[PendingNotice], count: int) -> Iterator[int]:
    return (next(waiting).event for _ in range(count))


def _label(when: Due, policy: Policy, *, now: datetime) -> str:
    """What is said of a message that did not come at once: which window it is of, and whether it missed it."""
    local = f"{when.when.astimezone(policy.timezone):%a %d %b %H:%M}"
    late = ", sent late" if now - when.when > _LATE else ""
    match when.wait:
        case Wait.DIGEST:
            return f"digest of {local}{late}"
        case Wait.QUIET | Wait.MUTE:
            return f"held by {when.wait} until {local}{late}"
    return ""
