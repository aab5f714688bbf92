"""Report baselines that were cut off with their monitor, on a store that other monitors share."""

from __future__ import annotations

from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.ports import SourceStates


def report_cut_off_baselines(source_states: SourceStates, operator: OperatorAlerts) -> None:
    """Alert to each of them once; its monitor may still come back and go on. Raises StoreError."""
    for baseline in source_states.cut_off_baselines():
        with operator.outbox.transaction():
            if operator.baseline_cut_off(baseline) is not Told.NOT_YET:
                source_states.note_baseline_reported(baseline)
