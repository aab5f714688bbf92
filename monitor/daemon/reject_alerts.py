"""Alert the operator to rejects: at once, later ones of an hour together after it; the store knows what was alerted."""

from __future__ import annotations

from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.errors import StoreError
from monitor.frozen import dataclass
from monitor.ingest_values import IngestReport
from monitor.logs import warn_store
from monitor.ports import SourceStates


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectAlerts:
    """Counts rejects as reported once an alert to them is stored; a crash or a busy store only delays the alert."""

    source_states: SourceStates
    operator: OperatorAlerts

    def report_dump(self, report: IngestReport) -> None:
        """Alert to the rejects of a dump, and to those of its source that came before it."""
        try:
            count, last = self.source_states.unreported_rejects().get(report.source, (0, 0))
            earlier = max(0, count - report.rejected)
            if count and self.operator.dump_rejected(report, earlier=earlier) is Told.NOW:
                self.source_states.note_rejects_reported(report.source, last=last)
        except StoreError as error:
            warn_store(error)

    def report_rest(self, *, occasion: str = "") -> None:
        """Alert to rejects that came after the alert of their hour, once that hour is over. Raises StoreError.

        occasion: of a name of its own there is one more alert in an hour.
        """
        for source, (count, last) in self.source_states.unreported_rejects().items():
            if self.operator.more_rejected(source, count, occasion=occasion) is Told.NOW:
                self.source_states.note_rejects_reported(source, last=last)
