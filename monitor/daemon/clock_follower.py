"""Watch the wall clock: report each jump once, and set the clock of the process when a jump has lasted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from monitor.clock import TOLERANCE
from monitor.control.clock import note_clock
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.health.counters import Counters
from monitor.logs import say, warn
from monitor.ports import Clock, Maintenance

NOTED_EVERY = 600.0  # seconds; a restart of the machine goes on from the last note, or from a newer dump


@dataclass(eq=False, kw_only=True)
class ClockFollower:
    """Compares two clocks at each tick. `reported` and `noted` outlive a reload."""

    clock: Clock
    maintenance: Maintenance
    counters: Counters
    reported: timedelta = field(default=timedelta(0))  # the offset of the wall clock, as last logged
    noted: float = field(default=0.0)  # the uptime of the last note in the store

    def check(self, operator: OperatorAlerts) -> None:
        """Report a jump of the wall clock, and follow one that has lasted. Raises StoreError: nothing is followed."""
        offset, uptime = self.clock.offset(), self.clock.reading().uptime
        if abs(offset - self.reported) > TOLERANCE:
            self._report(offset - self.reported, offset, operator)
            self.reported = offset
        if self.clock.jump() or uptime - self.noted >= NOTED_EVERY:
            moved = note_clock(self.clock, self.maintenance)
            self.noted, self.reported = uptime, self.reported - moved
            if moved:
                self.counters.move_last_dumps(moved)
                say("clock_followed", seconds=round(moved.total_seconds()))

    def _report(self, jump: timedelta, offset: timedelta, operator: OperatorAlerts) -> None:
        """Log a jump, and alert to it; the return of a clock that was not followed is only logged."""
        wall = self.clock.reading().wall
        warn("clock_jumped", seconds=round(jump.total_seconds()), clock=f"{wall:%Y-%m-%dT%H:%M:%SZ}")
        if offset:
            operator.clock_jumped(jump, wall=wall)
