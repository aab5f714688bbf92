"""Convert values to columns and back: timestamps, days, messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from monitor.dump_age import Evidence
from monitor.ingest_values import IdCounts, IngestReport
from monitor.model import (
    Edit,
    Item,
    Kind,
    Message,
    Occasion,
    RelatedRelease,
    Release,
    Sketch,
    Snippet,
)
from monitor.readable import readable
from monitor.store.handle import Row
from monitor.store.stored_values import checked
from monitor.times import parse_timestamp as _parse_timestamp
from monitor.times import timestamp

_Made = TypeVar("_Made")
_NO_TEXT = "\uffff"  # Unicode assigns no character to it, and nothing that is stored has it alone
_OF_MESSAGE = tuple(field.name for field in fields(Message))


parse_timestamp = checked(_parse_timestamp)
parse_kind = checked(Kind)
parse_number: Callable[[str], int] = checked(int)


@checked
def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@checked
def _parse_pairs(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, json.loads(text)))


def timestamp_of_ns(nanoseconds: int) -> str:
    """Return a file time as a timestamp; a time after the year 9999 becomes the last one of that year."""
    try:
        return timestamp(datetime.fromtimestamp(nanoseconds / 1e9, UTC))
    except (ValueError, OverflowError, OSError):
        return timestamp(datetime.max.replace(tzinfo=UTC))


def blocks(numbers: Iterable[int]) -> Mapping[int, bytes]:
    """Return releases in blocks of 256 neighbours: by the number without its last byte, these last bytes in order."""
    found: dict[int, bytearray] = {}
    for number in sorted(numbers):
        found.setdefault(number >> 8, bytearray()).append(number & 255)
    return {block: bytes(places) for block, places in found.items()}


@lru_cache(maxsize=1_000)  # a snapshot asks for the same few days again and again
@checked
def parse_day(text: str | None) -> date | None:
    """Return a stored publication day; None: the dump gave none."""
    return date.fromisoformat(text) if text else None


def day_text(day: date | None) -> str | None:
    """Return a day as it is stored; None stays None."""
    return str(day) if day else None


def parse_optional_timestamp(text: str | None) -> datetime | None:
    """Return a stored time; None stays None."""
    return parse_timestamp(text) if text else None


_READ: Mapping[str, Callable[[Any], object]] = {  # how a column of this name is read; all others are as stored
    **dict.fromkeys(("at", "as_of", "due"), parse_timestamp),
    **dict.fromkeys(("last_at", "sent_at", "ended_at", "created_at", "expires_at"), parse_optional_timestamp),
    **dict.fromkeys(("opened_until", "tokens_at", "flood_until", "muted_until", "resumed"), parse_optional_timestamp),
    **dict.fromkeys(("watchlists", "alert", "fields", "related"), _parse_list),
    **dict.fromkeys(("title", "category"), lambda text: text and readable(text)),  # as of a release
    "numbers": _parse_pairs,
    "kind": parse_kind,
    "evidence": checked(lambda text: Evidence(text) if text else None),
    "date": parse_day,
    "reverted": bool,
}


def release_of(row: Any) -> Release:
    """Return the release whose text a row holds; an earlier program stored texts as they were."""
    category = row["category"]
    return Release(
        title=readable(row["title"]),
        body=readable(row["body"]),
        date=parse_day(row["date"]),
        category=category and readable(category),
        url=row["url"],
        ref=row["ref"],
        reading=next(reversed(readings_of(row)), None),
    )


def readings_of(row: Any) -> tuple[str, ...]:
    """Return the readings that have given the text of a row, the newest last."""
    return tuple(row["reading"].split(" ")) if row["reading"] else ()


def comparable(text: str | None) -> str | None:
    """Return a text as a statement takes it; one that no store can hold becomes another that none holds."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        return _NO_TEXT
    return _NO_TEXT if text and "\0" in text else text


def to_json(value: object) -> str:
    """Return compact JSON that keeps Korean readable in the database."""
    return _encode(value)


def _facts(value: object) -> dict[str, object] | str:
    """Return a value that JSON does not know: a record as its fields, which need not be copied, others as text."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__} if is_dataclass(value) else str(value)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_facts).encode


def pack_message(message: Message) -> str:
    """Return a message's facts as JSON: its text is rendered at each send, so a fixed template reaches retries."""
    return to_json(
        {name: getattr(message, name) for name in _OF_MESSAGE} | {"max_age": message.max_age.total_seconds()}
    )


@checked
def unpack_message(text: str | bytes) -> Message:
    """Return the message that `pack_message` wrote."""
    facts = json.loads(text)
    facts["max_age"] = timedelta(seconds=facts["max_age"])
    facts["items"] = tuple(_item(item) for item in facts["items"])
    facts["occasion"] = Occasion(**facts["occasion"]) if facts.get("occasion") else None
    return Message(**facts)


def _item(facts: dict[str, Any]) -> Item:
    facts["kind"] = Kind(facts["kind"])
    facts["date"] = parse_day(facts["date"])
    facts["snippets"] = tuple(Snippet(**snippet) for snippet in facts["snippets"])
    facts["edits"] = tuple(Edit(**edit) for edit in facts["edits"])
    facts["twins"] = tuple(RelatedRelease(**twin) for twin in facts.get("twins", ()))
    facts["numbers"] = tuple((old, new) for old, new in facts["numbers"])
    facts["totals"] = tuple((name, count) for name, count in facts.get("totals", ()))
    for name in ("watchlists", "words", "related"):
        facts[name] = tuple(facts[name])
    return Item(**facts)


def pack_item(item: Item) -> str:
    """Return the facts of a notice as JSON."""
    return to_json(item)


@checked
def unpack_item(text: str | bytes) -> Item:
    """Return the facts that `pack_item` wrote."""
    return _item(json.loads(text))


def sketch_row(release: int, sketch: Sketch) -> dict[str, Any]:
    """Return the columns of a sketch; its day is that of the release."""
    return {"release": release, "title": sketch.title, "length": sketch.length, "sample": sketch.sample}


def record_of(made: Callable[..., _Made], row: Any, **others: object) -> _Made:
    """Return a record made of the columns that have the names of its fields; `others` are the rest of its fields."""
    names = (name for name in made.__annotations__ if name not in others)
    return made(**others, **{name: _READ[name](row[name]) if name in _READ else row[name] for name in names})


def report_of(row: Row | dict[str, Any]) -> IngestReport:
    """Return the report of the ingest that a dump row holds."""
    counts = {kind: row[f"n_{kind}"] for kind in Kind}
    unstored = {"missing": 0, "ids": IdCounts(), "unread_dates": 0, "unread_date": ""}
    return record_of(IngestReport, row, dump=row["id"], sha256=row["sha"], counts=counts, **unstored)
