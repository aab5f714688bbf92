"""Judge a run of several monitors on one store: what was lost, what came twice and is not explained.

Pure: it reads what was dropped, what arrived, and what the store says of its attempts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Event = tuple[int, str]  # the number in a release's title, and what happened to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message that a service has accepted."""

    channel: str
    message: int  # the same for every repetition
    events: tuple[Event, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """An attempt that the store calls unknown or uncertain."""

    message: int
    channel: str
    started: float  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run leaves behind."""

    events: frozenset[Event]  # what the dropped files told, each to be announced once on each channel
    channels: tuple[str, ...]
    words: frozenset[str]  # each stands in one message to the operator
    operator: str  # the channel of those
    faults: tuple[float, ...]  # when each began, in order
    stored: Mapping[Event, int]  # the events of the store, and how often each stands there
    arrivals: tuple[Arrival, ...]
    unsure: tuple[Unsure, ...]


def verdict(evidence: Evidence) -> list[str]:
    """Return what breaks a promise, one sentence each; none: all were kept."""
    return [*_stored(evidence), *_announced(evidence), *_words(evidence), *_repeated(evidence)]


def repetitions(evidence: Evidence) -> Mapping[tuple[str, int], int]:
    """Return how often messages came again, by channel and message."""
    came = Counter((arrival.channel, arrival.message) for arrival in evidence.arrivals)
    return {key: count - 1 for key, count in came.items() if count > 1}


def _stored(evidence: Evidence) -> Iterator[str]:
    for event in sorted(evidence.events | evidence.stored.keys()):
        if (count := evidence.stored.get(event, 0)) != (event in evidence.events):
            yield f"event {event} is stored {count} times"


def _announced(evidence: Evidence) -> Iterator[str]:
    """Yield what did not come, and what came in two messages: one message may come again, that is judged apart."""
    found: dict[tuple[str, Event], set[int]] = {}
    for arrival in evidence.arrivals:
        for event, count in Counter(arrival.events).items():
            found.setdefault((arrival.channel, event), set()).add(arrival.message)
            if count > 1:
                yield f"message {arrival.message} to {arrival.channel} says {event} {count} times"
    for channel in evidence.channels:
        for event in sorted(evidence.events):
            messages = found.get((channel, event), set())
            if len(messages) != 1:
                yield (
                    f"event {event} is lost on {channel}"
                    if not messages
                    else (f"event {event} came to {channel} in messages {sorted(messages)}")
                )


def _words(evidence: Evidence) -> Iterator[str]:
    for word in sorted(evidence.words):
        told = {one.message for one in evidence.arrivals if one.channel == evidence.operator and word in one.text}
        if len(told) != 1:
            yield f"the operator was told of {word} in {len(told)} messages"


def _repeated(evidence: Evidence) -> Iterator[str]:
    unsure = Counter((each.channel, each.message) for each in evidence.unsure)
    again = repetitions(evidence)
    for (channel, message), count in sorted(again.items()):
        if count > unsure[channel, message]:
            yield (
                f"message {message} to {channel} came {count + 1} times, and {unsure[channel, message]} of its attempts"
                " are unsure"
            )
    for channel in evidence.channels:
        total = sum(count for (name, _), count in again.items() if name == channel)
        if total > len(evidence.faults):
            yield f"{total} messages came again to {channel}, and there were {len(evidence.faults)} faults"
    yield from _crowded(evidence)


def _crowded(evidence: Evidence) -> Iterator[str]:
    """Yield faults that leave more than one repeated message a channel.

    Between two faults there may be two: an attempt that the first one broke after its begin, one that the second did.
    """
    again = repetitions(evidence)
    places = Counter(
        (each.channel, bisect_right(evidence.faults, each.started))
        for each in {(one.channel, one.message): one for one in evidence.unsure}.values()
        if (each.channel, each.message) in again
    )
    for (channel, place), count in sorted(places.items()):
        if count > 2:
            yield f"{count} messages to {channel} came again that were on their way at fault {place}"
