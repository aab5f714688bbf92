"""Rebuild a message or a notice whose stored facts cannot be read, from the events that it is about; note the damage.

So an alert still arrives, with less in it, and one damaged row keeps no other message of its channel waiting.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from monitor.model import Item, Kind, Message
from monitor.store.handle import Handle
from monitor.store.rows import parse_day, parse_timestamp, unpack_item, unpack_message

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)  # what reading damaged facts raises
_NO_TITLE = "(the text of this release cannot be read)"
_NO_ITEMS = "a message could not be read from the state store\nWhat it said is lost; `monitor db verify` lists it."


def message_of(handle: Handle, row: Any) -> Message:
    """Return the message that a row holds."""
    try:
        return unpack_message(row["payload_json"])
    except UNREADABLE as error:
        from monitor.logs import warn

        handle.failure(error)
        items = tuple(_item(event) for event in handle.all("facts_of_events", message=row["id"], event=None))
        warn("message_unreadable", message=row["id"], channel=row["channel"], see="monitor db verify")
        text = "" if items else _NO_ITEMS
        return Message(channel=row["channel"], kind=row["kind"], source="", items=items, text=text)


def expiry_of(handle: Handle, row: Any, otherwise: datetime) -> datetime:
    """Return when the message of a row expires."""
    try:
        return parse_timestamp(row["expires_at"])
    except UNREADABLE as error:
        handle.failure(error)
        return otherwise


def item_of(handle: Handle, row: Any) -> Item:
    """Return the facts of a notice that a row holds."""
    try:
        return unpack_item(row["payload_json"])
    except UNREADABLE as error:
        handle.failure(error)
        return _item(handle.all("facts_of_events", message=None, event=row["event"])[0])


def _item(event: Any) -> Item:
    return Item(
        release=event["release"] or 0,
        version=event["version"] or 0,
        kind=Kind(event["kind"]),
        title=event["title"] or _NO_TITLE,
        date=parse_day(event["date"]),
        category=event["category"],
        watchlists=tuple(json.loads(event["alert"])),
        words=(),
        source=event["source"],
        url=event["url"],
        ref=event["ref"],
    )
