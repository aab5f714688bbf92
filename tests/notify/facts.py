"""Make the values that the tests of this folder need, in few words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from monitor.model import (
    Alert,
    Change,
    Delivery,
    Edit,
    Hit,
    Item,
    Kind,
    Message,
    Notice,
    Outcome,
    PendingNotice,
    RelatedRelease,
    Release,
    Snippet,
    Verdict,
)
from monitor.notify.time_windows import EVERY_DAY, DailyTimes, Digest, Quiet, WeekSpan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = date(2024, 7, 1)


def digest_at(*times: time, days: frozenset[int] = EVERY_DAY) -> Digest:
    return (DailyTimes(times=times, days=days),)


def quiet_hours(start: time, end: time, *, days: frozenset[int] = EVERY_DAY) -> Quiet:
    return (WeekSpan(start=start, end=end, nights=int(start >= end), days=days),)


def release(title: str = "Exports rise", body: str = "", category: str | None = "Industry") -> Release:
    return Release(title=title, body=body, date=DAY, category=category)


def hit(text: str, found: Release, *, watchlist: str = "fta", field: str = "body", nth: int = 0) -> Hit:
    """The nth place where the text stands in that field."""
    whole: str = getattr(found, field)
    start = -1
    for _ in range(nth + 1):
        start = whole.index(text, start + 1)
    return Hit(watchlist=watchlist, field=field, start=start, end=start + len(text), text=text)


def alert(
    after: Release,
    *hits: Hit,
    told: tuple[str, ...] = ("fta",),
    before: Release | None = None,
    edits: tuple[Edit, ...] = (),
    number: int = 17,
    kind: Kind = Kind.NEW,
) -> Alert:
    change = Change(
        kind=kind,
        number=number,
        version=1,
        base=0,
        after=after,
        before=before,
        reason="first seen",
        record=None,
        edits=edits,
    )
    return Alert(change=change, watchlists=told, notified=told, hits=hits)


def keep(text: str, field: str = "body") -> Edit:
    return Edit(field=field, op="keep", old=text, new=text)


def swap(old: str, new: str, field: str = "body") -> Edit:
    op = "insert" if not old else "delete" if not new else "replace"
    return Edit(field=field, op=op, old=old, new=new)


def snippet(before: str, found: str, after: str, field: str = "body") -> Snippet:
    return Snippet(field=field, before=before, hit=found, after=after)


def item(
    *,
    title: str = "Korea and the EU Hold FTA Talks",
    number: int = 17,
    kind: Kind = Kind.NEW,
    category: str | None = "FTA/Economic Cooperation",
    watchlists: tuple[str, ...] = ("fta",),
    words: tuple[str, ...] = ("FTA",),
    snippets: tuple[Snippet, ...] = (),
    edits: tuple[Edit, ...] = (),
    numbers: tuple[tuple[str, str], ...] = (),
    related: tuple[int, ...] = (),
    reason: str = "no known release has this title or text",
    day: date | None = DAY,
    source: str = "",
    twins: tuple[RelatedRelease, ...] = (),
    lead: str = "",
    dump: str = "",
    totals: tuple[tuple[str, int], ...] = (),
) -> Item:
    return Item(
        release=number,
        version=1,
        kind=kind,
        title=title,
        date=day,
        category=category,
        watchlists=watchlists,
        words=words,
        snippets=snippets,
        edits=edits,
        numbers=numbers,
        related=related,
        reason=reason,
        source=source,
        twins=twins,
        lead=lead,
        dump=dump,
        totals=totals,
    )


def message(*items: Item, part: int = 1, parts: int = 1) -> Message:
    return Message(channel="team", kind="instant", source="motie", items=items, part=part, parts=parts)


def notice(
    event: int,
    *,
    since: datetime = NOON,
    dump: int = 1,
    is_urgent: bool = False,
    source: str = "motie",
    channel: str = "team",
) -> PendingNotice:
    """A notice that waits; its release has the event's number."""
    told = item(title=f"Release {event}", number=event, source=source)
    return PendingNotice(
        event=event, dump=dump, since=since, notice=Notice(channel=channel, item=told, is_urgent=is_urgent)
    )


def note(text: str, kind: str = "system") -> Message:
    return Message(channel="team", kind=kind, source="", text=text)


def delivery(number: int = 1, *, attempt: int = 1, told: Message | None = None) -> Delivery:
    return Delivery(
        id=number,
        number=f"{number}-0123456789abcdef",
        attempt=attempt,
        expires=NOON + timedelta(hours=72),
        message=told or note(f"message {number}"),
    )


def verdict(outcome: Outcome, *, retry_after: float | None = None, reason: str = "as scripted") -> Verdict:
    return Verdict(outcome=outcome, reason=reason, retry_after=retry_after)
