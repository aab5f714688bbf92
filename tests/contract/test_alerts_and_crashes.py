"""Alerts to the operator: one for each thing, at whatever call of the store a process ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.daemon.dispatcher import Dispatcher
from monitor.daemon.ingester import Ingester
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.ingest_values import Mode
from monitor.match.matcher import Matcher, Watchlist
from monitor.model import Message
from monitor.pipeline import Routing
from monitor.testing import FrozenClock
from tests.contract.pairs import Pair
from tests.contract.takes import HALF, dump, record

HOUR = timedelta(hours=1)
TALKS = record("FTA talks held")
BROKEN = "-\ndate2024-07-01"
CHANGING = (
    "commit",
    "enqueue",
    "expire",
    "reject_overdue",
    "take_unreported",
    "leave_unreported",
    "end_baseline",
)


class EndedError(BaseException):
    """The end of a process, which nothing in it catches."""


@dataclass
class Life:
    """How many calls that change something a process has left; it ends before one, and after one."""

    left: int = 1_000

    def step(self) -> None:
        if self.left == 0:
            raise EndedError
        self.left -= 1


class Mortal:
    """Passes every call on while the process lives."""

    def __init__(self, inner: object, life: Life) -> None:
        self._inner, self._life = cast("Any", inner), life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._mortal(found) if name in CHANGING else found

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self._life.step()
            result = call(*values, **named)
            self._life.step()
            return result

        return called


@dataclass(kw_only=True)
class Work:
    """The folders of one monitor over all its lives, and its store."""

    pair: Pair
    folder: Path
    clock: FrozenClock = field(default_factory=FrozenClock)

    def drop(self, source: str, text: str) -> None:
        (self.folder / source).mkdir()
        (self.folder / source / "a.txt").write_text(text, "utf-8")

    def process(self, source: str, life: Life | None = None, *, is_baseline: bool = False) -> Ingester:
        """Begin a life of the process."""
        until = life or Life()
        outbox: Any = Mortal(self.pair.outbox, until)
        store: Any = Mortal(self.pair.store, until)
        source_states: Any = Mortal(self.pair.source_states, until)
        watched = Source(
            folder=Folder(source=source, path=os.fsencode(self.folder / source), files=("*.txt",)),
            options=SourceOptions(timezone=ZoneInfo("UTC")),
            wants_baseline=is_baseline,
        )
        return Ingester(
            [watched],
            routing=Routing(matcher=Matcher([Watchlist(name="fta", keywords=("FTA",))]), routes={"fta": ["team"]}),
            store=store,
            channel_states=self.pair.channel_states,
            source_states=source_states,
            operator=OperatorAlerts(channels=["desk"], outbox=outbox, clock=self.clock),
            counters=Counters(),
        )

    def dispatcher(self, life: Life | None = None) -> Dispatcher:
        """Begin a life of the process, of which only the delivery matters."""
        outbox: Any = Mortal(self.pair.outbox, life or Life())
        return Dispatcher(
            receivers=[],
            outbox=outbox,
            channel_states=self.pair.channel_states,
            operator=OperatorAlerts(channels=["desk"], outbox=outbox, clock=self.clock),
            counters=Counters(),
            clock=self.clock,
            since=self.clock.now(),
        )

    def alerts(self, about: str) -> list[str]:
        """Return the headlines of the alerts that name something."""
        texts = [message.text for message in self.pair.archive.messages() if about in message.text]
        return [text.partition("\n")[0] for text in texts]

    def ends(self, run: Callable[[Life], object], left: int) -> bool:
        """Return whether the process ends in the middle, after so many steps."""
        try:
            run(Life(left))
        except EndedError:
            return True
        return False


@pytest.fixture
def work(pair: Pair, tmp_path: Path) -> Work:
    return Work(pair=pair, folder=tmp_path)


def ingest_all(ingester: Ingester) -> None:
    [source] = ingester.sources
    for path in ingester.scan(source).pending:
        ingester.ingest(path, source, mode=Mode.WATCH)


def test_rejects_are_alerted_once_whenever_the_process_ends(work: Work) -> None:
    steps = 0
    for steps in range(100):
        name = f"source{steps}_"
        work.drop(name, dump(TALKS, BROKEN, BROKEN))
        is_end = work.ends(lambda life: ingest_all(work.process(name, life)), steps)  # noqa: B023 - called at once
        work.process(name).reject_alerts.report_rest()  # the tick of another monitor
        ingest_all(work.process(name))
        work.clock.advance(HOUR)
        work.process(name).reject_alerts.report_rest()
        assert work.alerts(name) == ["2 parts of a dump could not be read"]
        if not is_end:
            break
    assert 4 < steps < 99


def test_overdue_tails_are_alerted_once_whenever_the_process_ends(work: Work) -> None:
    def reject(life: Life | None = None) -> None:
        now = work.clock.now()
        work.process(name, life).reject_alerts.reject_overdue(held_before=now, now=now)

    steps = 0
    for steps in range(100):
        name = f"source{steps}_"
        work.drop(name, dump(TALKS, HALF))
        ingest_all(work.process(name))
        before = len(work.pair.archive.messages())
        is_end = work.ends(reject, steps)
        reject()
        for _ in range(2):
            work.process(name).reject_alerts.report_rest()
            work.clock.advance(HOUR)
        assert [message.text.partition("\n")[0] for message in work.pair.archive.messages()[before:]] == [
            "1 unfinished dump stayed unfinished"
        ]
        if not is_end:
            break
    assert 3 < steps < 99


def test_tails_that_are_overdue_in_an_hour_that_had_its_alert_are_alerted_after_it(work: Work) -> None:
    for name in ("first_", "second_"):
        work.drop(name, dump(TALKS, HALF))
        process, now = work.process(name), work.clock.now()
        ingest_all(process)
        process.reject_alerts.reject_overdue(held_before=now, now=now)
    for _ in range(2):
        work.clock.advance(HOUR)
        work.process("first_").reject_alerts.report_rest()
    assert work.alerts("first_") == []
    assert work.alerts("second_") == ["1 more part of dumps could not be read"]
    assert len(work.pair.archive.messages()) == 2


def test_a_baseline_is_alerted_once_whenever_the_process_ends(work: Work) -> None:
    steps = 0
    for steps in range(100):
        name = f"source{steps}_"
        work.drop(name, TALKS)
        is_end = work.ends(lambda life: ingest_all(work.process(name, life, is_baseline=True)), steps)  # noqa: B023 - called at once
        is_alerted = bool(work.alerts(name))
        assert is_alerted != work.pair.source_states.begin_baseline(name)  # else another monitor would take it for open
        for _ in range(2):
            ingest_all(work.process(name, is_baseline=True))
        assert work.alerts(name) == [f"baseline of {name} taken: 1 release, 1 would match"]
        if not is_end:
            break
    assert 4 < steps < 99


def test_messages_that_expire_are_alerted_once_whenever_the_process_ends(work: Work) -> None:
    steps = 0
    for steps in range(100):
        name = f"channel{steps}_"
        message = Message(channel=name, kind="instant", source="", text="x", max_age=HOUR)
        assert work.pair.outbox.enqueue(message, key=name, now=work.clock.now())
        work.clock.advance(HOUR)
        is_end = work.ends(lambda life: work.dispatcher(life).expire(), steps)
        for _ in range(2):
            work.dispatcher().expire()
        assert work.alerts(name) == [f"1 message to channel {name} was given up"]
        if not is_end:
            break
    assert 3 < steps < 99
