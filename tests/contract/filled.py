"""A store of four days that every way of reading has something to find in."""

from __future__ import annotations

from datetime import timedelta

from monitor.ingest_values import Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.pipeline import Routing, ingest
from monitor.testing import NOON, dump_of
from tests.contract.pairs import Pair
from tests.contract.takes import HABITS, dump, figures, record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENT = NOON + 71 * HOUR  # when no message has expired yet
ROUTING = Routing(
    matcher=Matcher([Watchlist(name="chips", keywords=("chip",)), Watchlist(name="visits", keywords=("visit",))]),
    routes={"chips": ("team", "mail"), "visits": ("team",)},
)


def take(pair: Pair, text: str, name: str, *, source: str = "motie", hours: float = 0, mode: Mode = Mode.ONCE) -> None:
    content, now = dump_of(text, name=name, source=source), NOON + hours * HOUR
    ingest(content, options=HABITS, routing=ROUTING, store=pair.store, now=now, mode=mode)


def fill(pair: Pair) -> None:
    """Four days of one source and a fifth of another: two watchlists, four rejects, a message a day and channel."""
    for day, rise in enumerate(("5.1", "5.3", "5.5", "5.7")):
        broken = f"-\nOnly a title {day} date2024-07-01"
        text = dump(figures(rise), record(f"Visit number {day}"), record(f"Talks number {day}"), broken)
        take(pair, text, f"{day}.txt", hours=24 * day)
        take(pair, text, f"{day}/copy.txt", hours=24 * day)
        pair.form("team", now=NOON + day * DAY)
        pair.form("mail", now=NOON + day * DAY)
    take(pair, dump(record("Chip visit", "To Busan.")), "own.txt", source="customs", hours=96)
