"""Alert the operator to rejects: at once, later ones of an hour together after it; the store knows what was alerted.

An alert and the mark that it was given are one transaction, so that each reject is alerted once, whichever process
ends in between. The mark comes first: of two processes that share the store, one has the rejects.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.errors import StoreError
from monitor.frozen import dataclass
from monitor.ingest_values import IngestReport
from monitor.logs import warn_store
from monitor.ports import SourceStates, Store
from monitor.state_values import OverdueDumps


class _NotAlertedError(Exception):
    """The alert of this hour was given before, or cannot be stored; what was marked is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectAlerts:
    """Counts rejects as reported once an alert to them is stored; a crash or a busy store only delays the alert."""

    store: Store
    source_states: SourceStates
    operator: OperatorAlerts

    def report_dump(self, report: IngestReport) -> None:
        """Alert to the rejects of a dump, and to those of its source that came before it."""

        def alert(count: int) -> Told:
            return self.operator.dump_rejected(report, earlier=max(0, count - report.rejected))

        try:
            self._report(report.source, alert)
        except StoreError as error:
            warn_store(error)

    def report_rest(self, *, occasion: str = "") -> None:
        """Alert to rejects that came after the alert of their hour, once that hour is over. Raises StoreError.

        occasion: of a name of its own there is one more alert in an hour.
        """
        for source in self.source_states.unreported_rejects(now=self.operator.clock.now()):
            self._report(source, partial(self.operator.more_rejected, source, occasion=occasion))

    def reject_overdue(self, *, held_before: datetime, now: datetime) -> OverdueDumps:
        """Reject the tails that are overdue and alert to them; return how many there were. Raises StoreError."""

        def alert(overdue: OverdueDumps) -> None:
            if self.operator.dumps_overdue(overdue) is Told.BEFORE:
                self.source_states.leave_unreported(overdue.rejects)

        return self.store.reject_overdue(held_before=held_before, now=now, then=alert)

    def _report(self, source: str, alert: Callable[[int], Told]) -> None:
        """Alert to the rejects of a source that no alert has counted; they stay so where that is not possible now."""
        with suppress(_NotAlertedError), self.store.shared_transaction():
            count = self.source_states.take_unreported(source)
            if count and alert(count) is not Told.NOW:
                raise _NotAlertedError
