"""Show the channels and the messages to them, each with every attempt to send it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from monitor.errors import UsageError
from monitor.inspect.message_details import MessageDetails, Wanted, count_by_state, message_page, one_message
from monitor.inspect.pending import ReadOnlyStores
from monitor.inspect.status import channels_now
from monitor.inspect.waiting import waiting_facts
from monitor.model import MESSAGE_STATES
from monitor.ports import Row
from monitor.records import MessageRecord
from monitor.web.pages import render, site_of
from monitor.web.paging import SIZE, number_in, older_than

BLOCKS = 30  # of its last messages that a channel shows
ITEMS = 3  # releases of a message in a list; its own page shows all


class ChannelCard(NamedTuple):
    """A channel with its last messages."""

    row: Row  # as `channels` has it
    blocks: Sequence[str]  # the states of its last messages, oldest first
    counts: Mapping[str, int]  # of these, by state


def show(request: Request) -> Response:
    """Answer with all channels, and the messages that the address asks for."""
    number = request.query_params.get("message")
    wanted = Wanted(state=_state(request), channel=request.query_params.get("channel") or None, before=None)
    site = site_of(request)
    with site.stores() as stores:
        cards = [_card(stores, row) for row in channels_now(site.config, stores, now=site.now())]
        counts = count_by_state(stores.archive.summary(), wanted.channel)
        messages, next_ = _one(stores, number) if number else _page(request, stores, wanted)
    return render(
        request,
        "alerts.html.j2",
        cards=cards,
        counts={state: counts[state] for state in MESSAGE_STATES if counts[state] or state != "leased"},
        total=sum(counts.values()),
        waiting={
            str(card.row["name"]): list(waiting_facts(card.row, now=site.now(), zone=site.config.timezone))
            for card in cards
        },
        state=wanted.state,
        channel=wanted.channel,
        messages=messages,
        next=next_,
        is_one=number is not None,
        items_shown=ITEMS,
    )


def _state(request: Request) -> str | None:
    state = request.query_params.get("state") or None
    if state not in (None, *MESSAGE_STATES):
        raise UsageError(f"{state!r} is not a state of a message; choose from {', '.join(MESSAGE_STATES)}")
    return state


def _one(stores: ReadOnlyStores, number: str) -> tuple[Sequence[MessageDetails], None]:
    return one_message(stores, number_in(number, "message")), None


def _page(request: Request, stores: ReadOnlyStores, wanted: Wanted) -> tuple[Sequence[MessageDetails], int | None]:
    """Return the messages of one page, and the number where the next one goes on; None: there is none."""
    wanted = Wanted(state=wanted.state, channel=wanted.channel, before=older_than(request))
    found = message_page(site_of(request).config, stores, wanted, limit=SIZE + 1)
    stored = [each for each in found if each.message.id is not None]
    if len(stored) <= SIZE:
        return found, None
    return found[:-1], stored[-2].message.id


def _card(stores: ReadOnlyStores, row: Row) -> ChannelCard:
    last: Sequence[MessageRecord] = stores.archive.last_messages(str(row["name"]), BLOCKS)
    blocks = [each.state for each in sorted(last, key=lambda each: each.id or 0)]
    return ChannelCard(row, blocks, Counter(blocks))
