"""Alert the operator when a source sends no dump for longer than `expect_every`.

There is one alert per silence and one when it ends, over restarts too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.logs import say, warn
from monitor.notify.time_windows import Expectation, is_overdue
from monitor.ports import Clock, SourceStates
from monitor.times import timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceMonitor:
    """Compares each source's last dump with what is expected; `check` runs at each tick."""

    expected: Mapping[str, Expectation]  # by source: the longest time between two dumps
    timezone: ZoneInfo  # of the days in `expected`
    source_states: SourceStates
    operator: OperatorAlerts
    clock: Clock
    last_dumps: Callable[[], Mapping[str, datetime]]  # by source: when its newest file was ingested, by whomever
    is_busy: Callable[[], bool]  # True: files wait to be ingested, so the last dump is not known yet
    judges: Callable[[str], bool] = lambda _source: True  # False: another process judges this source

    def check(self) -> None:
        """Alert to silences that have begun or ended. Raises StoreError."""
        expected = {source: each for source, each in self.expected.items() if self.judges(source)}
        if not expected:
            return
        silences, last_dumps = self.source_states.silences(), self.last_dumps()
        for source, expectation in expected.items():
            last = last_dumps.get(source)
            if source not in silences and not self.is_busy():
                self._check_for_silence(source, expectation, last)
            elif source in silences and last and timestamp(last) > timestamp(silences[source]):
                # Compared as timestamps: a stored one is cut to milliseconds.
                say("source_heard", source=source)
                if self.operator.source_resumed(source, since=silences[source]) is not Told.NOT_YET:
                    self.source_states.end_silence(source)

    def _check_for_silence(self, source: str, expectation: Expectation, last: datetime | None) -> None:
        now = self.clock.now()
        since = last or self.source_states.expected_since(source, now=now)
        if is_overdue(expectation, since=since, until=now, timezone=self.timezone):
            warn("source_silent", source=source, since=f"{since:%Y-%m-%dT%H:%M:%SZ}", see="monitor status")
            # The alert comes first: after a crash in between it is queued again, and the outbox drops the second.
            told = self.operator.source_silent(source, since=since, has_dumps=last is not None)
            if told is not Told.NOT_YET:
                self.source_states.begin_silence(source, since)
