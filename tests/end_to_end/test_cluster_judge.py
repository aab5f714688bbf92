"""The judge of a run of several monitors finds each broken promise, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.end_to_end.cluster_judge import Arrival, Evidence, Unsure, verdict

NEW, OTHER, CHANGED = (1, "new"), (2, "new"), (1, "changed")
FIRST = Arrival(channel="hook", message=10, events=(NEW,))
SECOND = Arrival(channel="hook", message=11, events=(OTHER,))
DIGEST = Arrival(channel="daily", message=12, events=(NEW, OTHER))
WORD = Arrival(channel="hook", message=13, text="Dump odd.txt of source odd")
GOOD = Evidence(
    events=frozenset({NEW, OTHER}),
    channels=("hook", "daily"),
    words=frozenset({"odd.txt"}),
    operator="hook",
    faults=(100.0, 200.0),
    stored={NEW: 1, OTHER: 1},
    arrivals=(FIRST, SECOND, DIGEST, WORD),
    unsure=(),
)
UNSURE = Unsure(message=10, channel="hook", started=99.0)


def many(count: int) -> Evidence:
    """So many messages that were on their way at the first fault and came again."""
    events = tuple((number, "new") for number in range(count))
    came = tuple(Arrival(channel="hook", message=number, events=(event,)) for number, event in enumerate(events))
    return replace(
        GOOD,
        channels=("hook",),
        events=frozenset(events),
        stored=dict.fromkeys(events, 1),
        faults=(100.0, 101.0, 102.0),
        arrivals=(*came, *came, WORD),
        unsure=tuple(Unsure(message=number, channel="hook", started=99.0) for number in range(count)),
    )


@pytest.mark.parametrize(
    "evidence",
    [GOOD, replace(GOOD, arrivals=(*GOOD.arrivals, FIRST), unsure=(UNSURE,)), replace(GOOD, unsure=(UNSURE,)), many(2)],
    ids=["all once", "twice and explained", "unsure and once", "two at one fault"],
)
def test_a_run_that_keeps_its_promises_has_no_finding(evidence: Evidence) -> None:
    assert verdict(evidence) == []


@pytest.mark.parametrize(
    ("evidence", "finding"),
    [
        (replace(GOOD, arrivals=(FIRST, SECOND, WORD)), "event (1, 'new') is lost on daily"),
        (replace(GOOD, stored={NEW: 2, OTHER: 1}), "event (1, 'new') is stored 2 times"),
        (replace(GOOD, stored={NEW: 1}), "event (2, 'new') is stored 0 times"),
        (replace(GOOD, stored={**GOOD.stored, CHANGED: 1}), "event (1, 'changed') is stored 1 times"),
        (
            replace(GOOD, arrivals=(*GOOD.arrivals, replace(FIRST, message=14))),
            "event (1, 'new') came to hook in messages [10, 14]",
        ),
        (
            replace(GOOD, arrivals=(FIRST, SECOND, WORD, replace(DIGEST, events=(NEW, NEW, OTHER)))),
            "message 12 to daily says (1, 'new') 2 times",
        ),
        (replace(GOOD, arrivals=(*GOOD.arrivals, FIRST)), "message 10 to hook came 2 times, and 0 of its attempts"),
        (replace(GOOD, arrivals=(*GOOD.arrivals, FIRST, FIRST), unsure=(UNSURE,)), "message 10 to hook came 3 times"),
        (replace(GOOD, arrivals=(FIRST, SECOND, DIGEST)), "the operator was told of odd.txt in 0 messages"),
        (
            replace(GOOD, arrivals=(*GOOD.arrivals, replace(WORD, message=15))),
            "the operator was told of odd.txt in 2 messages",
        ),
        (many(3), "3 messages to hook came again that were on their way at fault 0"),
        (many(4), "4 messages came again to hook, and there were 3 faults"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_each_broken_promise_is_found(evidence: Evidence, finding: str) -> None:
    assert any(line.startswith(finding) for line in verdict(evidence)), verdict(evidence)
