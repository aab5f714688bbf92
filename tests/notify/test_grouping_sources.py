"""Messages of several sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.channel_health import ChannelState
from monitor.model import Notice, PendingNotice
from monitor.notify.grouping import plan_messages
from monitor.notify.send_time import Policy
from tests.notify.facts import NOON, quiet_hours
from tests.notify.situations import NEW


def test_items_of_one_source_stand_together_and_are_announced_as_their_own_events() -> None:
    waiting = [
        PendingNotice(
            event=n,
            dump=n,
            since=NOON,
            notice=Notice(channel="desk", item=replace(NEW, release=100 + n, source="ab"[n % 2])),
        )
        for n in range(1, 6)
    ]
    quiet = quiet_hours(NOON.time(), (NOON + timedelta(hours=1)).time())
    made = plan_messages(waiting, Policy(quiet=quiet), ChannelState(), (), now=NOON + timedelta(hours=1))
    [draft] = made.drafts
    assert [item.release for item in draft.message.items] == [101, 103, 105, 102, 104]
    assert draft.events == (1, 3, 5, 2, 4)
