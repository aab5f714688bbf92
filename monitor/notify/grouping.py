"""Group the pending notices of one channel into messages to send now, and say when to check again.

Pure. Notices of one dump become one message. Notices delayed by a digest, quiet hours or a mute become one message for
each time they waited for. Messages beyond the hourly limit become one summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby, islice
from typing import NamedTuple

from monitor.channel_health import ChannelState
from monitor.frozen import dataclass
from monitor.model import DraftMessage, Message, Occasion, PendingNotice
from monitor.notify.compose import in_parts
from monitor.notify.send_time import Delay, Policy, SendTime, send_time

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SET_BACK = timedelta(minutes=1)  # a notice that seems to come so much later than now came before a clock was set back
_LATE = timedelta(minutes=15)  # a window that is sent so long after it is called late


class _Group(NamedTuple):
    """Notices that are sent together."""

    time: SendTime
    notices: tuple[PendingNotice, ...]
    first: datetime  # the time for which the earliest waited; before `time` where digests were missed


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlan:
    """The messages to make now of one channel's pending notices."""

    drafts: tuple[DraftMessage, ...] = ()
    next_due: datetime | None = None  # when the next of the other notices is due; None: no notice is left
    flood_until: datetime | None = None  # as in ChannelState


def plan_messages(
    pending: Sequence[PendingNotice],
    policy: Policy,
    channel_state: ChannelState,
    recent: Sequence[datetime],
    *,
    now: datetime,
) -> MessagePlan:
    """Plan the messages, oldest first. recent: when this channel's messages of the last hour were made, ascending."""
    groups = _by_send_time(pending, policy, channel_state, now=now)
    ready = _catch_up([group for group in groups if group.time.at <= now])
    later = [group.time.at for group in groups if group.time.at > now]
    exempt = [draft for group in ready if _is_exempt(group) for draft in _drafts(group, policy, now=now)]
    limited = [group for group in ready if not _is_exempt(group)]
    past = [at for at in recent if at <= now]  # the others were made before the clock was set back
    drafts, flood_until = _within_limit(limited, policy, channel_state, [*past, *[now] * len(exempt)], now=now)
    next_due = min([*later, *([flood_until] if flood_until else [])], default=None)
    return MessagePlan(drafts=(*exempt, *drafts), next_due=next_due, flood_until=flood_until)


def idle_until(
    arrived: Sequence[tuple[datetime, bool]], policy: Policy, channel_state: ChannelState, *, now: datetime
) -> datetime | None:
    """Return when `plan_messages` will first make a message; None: now, or never.

    Needs only when notices came, and whether they are urgent: thousands can wait for a digest at no cost.
    """
    flood_end = channel_state.flood_until if _is_flooded(policy, channel_state, now=now) else None
    if not arrived or channel_state.flood_until != flood_end:
        return None
    ends = [flood_end] if flood_end else []
    for came, is_urgent in set(arrived):  # the notices of a dump came at the same time
        time = send_time(_since(came, now), policy, channel_state, is_urgent=is_urgent)
        ends.append(time.at if time.at > now or time.delay or is_urgent else flood_end or now)
    return min(ends) if min(ends) > now else None


def _is_flooded(policy: Policy, channel_state: ChannelState, *, now: datetime) -> bool:
    """Return whether a flood lasts; one that ends later than in an hour began before the clock was set back."""
    until = channel_state.flood_until
    return bool(policy.max_per_hour and until and now < until <= now + HOUR)


def _by_send_time(
    pending: Sequence[PendingNotice], policy: Policy, channel_state: ChannelState, *, now: datetime
) -> list[_Group]:
    """Group notices that are sent together, ordered by time; those sent at once are grouped by dump."""
    keyed: list[tuple[SendTime, bool, int, PendingNotice]] = []
    time_of = cache(lambda came, is_urgent: send_time(_since(came, now), policy, channel_state, is_urgent=is_urgent))
    for one in pending:
        time = time_of(one.since, one.notice.is_urgent)
        keyed.append((time, not one.notice.is_urgent, 0 if time.delay else one.dump, one))
    keyed.sort(key=lambda row: (*row[:3], row[3].event))
    groups = groupby(keyed, key=lambda row: row[:3])
    return [_Group(time, tuple(row[3] for row in group), time.at) for (time, _, _), group in groups]


def _catch_up(groups: Sequence[_Group]) -> list[_Group]:
    """Merge the digests that are due into one: those that were missed come with the last."""
    digests = [group for group in groups if group.time.delay is Delay.DIGEST]
    if len(digests) < 2:
        return list(groups)
    notices = sorted((one for group in digests for one in group.notices), key=lambda one: one.event)
    merged = _Group(digests[-1].time, tuple(notices), digests[0].first)
    return [merged if group is digests[-1] else group for group in groups if group not in digests[:-1]]


def _since(came: datetime, now: datetime) -> datetime:
    """Return when it came, or yesterday where a clock that ran ahead was set back: it must not wait for that time."""
    return came if came <= now + _SET_BACK else now - _DAY


def _is_exempt(group: _Group) -> bool:
    """Return whether the hourly limit does not apply: to urgent notices, and to those that were delayed."""
    return bool(group.time.delay) or group.notices[0].notice.is_urgent


def _within_limit(
    groups: Sequence[_Group], policy: Policy, channel_state: ChannelState, recent: Sequence[datetime], *, now: datetime
) -> tuple[list[DraftMessage], datetime | None]:
    """Make messages up to the hourly limit; the rest waits until there is room for one, and becomes one summary."""
    limit = policy.max_per_hour
    if _is_flooded(policy, channel_state, now=now):
        return [], channel_state.flood_until
    if limit and channel_state.flood_until:
        flood = Occasion(cause="flood", limit=limit)
        return _split([one for group in groups for one in group.notices], policy, kind="summary", occasion=flood), None
    drafts = [draft for group in groups for draft in _drafts(group, policy, now=now)]
    room = max(0, limit - len(recent))
    if not limit or len(drafts) <= room:
        return drafts, None
    until = [*recent, *[now] * room][-limit] + HOUR
    return _label_last(drafts[:room], until, policy), until


def _label_last(drafts: Sequence[DraftMessage], until: datetime, policy: Policy) -> list[DraftMessage]:
    """Say in the last message before the limit that more comes, and count only the parts that are sent."""
    if not drafts:
        return []
    last = drafts[-1].message
    first = len(drafts) - last.part  # of the group that the limit may have cut
    limit = Occasion(cause="limit", limit=policy.max_per_hour, at=_wall_time(until, policy))
    cut = [replace(one, message=replace(one.message, parts=last.part)) for one in drafts[first:]]
    return [*drafts[:first], *cut[:-1], replace(cut[-1], message=replace(cut[-1].message, occasion=limit))]


def _drafts(group: _Group, policy: Policy, *, now: datetime) -> list[DraftMessage]:
    """Make the messages of a group; the occasion of a delayed one names its window, and whether it missed it."""
    time, notices, first = group
    if time.delay is Delay.NONE:
        return _split(notices, policy, kind="instant", occasion=None)
    occasion = Occasion(
        cause=time.delay.value,
        at=_wall_time(time.at, policy),
        since=_wall_time(first, policy) if first != time.at else "",
        is_late=now - time.at > _LATE,
    )
    return _split(notices, policy, kind="digest", occasion=occasion)


def _wall_time(at: datetime, policy: Policy) -> str:
    return f"{at.astimezone(policy.timezone):%Y-%m-%dT%H:%M}"


def _split(
    pending: Sequence[PendingNotice], policy: Policy, *, kind: str, occasion: Occasion | None
) -> list[DraftMessage]:
    """Make one message in parts; notices of one source stand together, in the order in which sources appear."""
    if not pending:
        return []
    sources = list(dict.fromkeys(one.notice.item.source for one in pending))
    whole = Message(
        channel=pending[0].notice.channel,
        kind=kind,
        source=sources[0] if len(sources) == 1 else "",
        max_age=policy.max_age,
        is_urgent=pending[0].notice.is_urgent,
        occasion=occasion,
    )
    by_source = sorted(pending, key=lambda one: sources.index(one.notice.item.source))
    events = (one.event for one in by_source)
    parts = in_parts(whole, [one.notice.item for one in by_source], policy.part_limit)
    return [DraftMessage(message=part, events=tuple(islice(events, len(part.items)))) for part in parts]
