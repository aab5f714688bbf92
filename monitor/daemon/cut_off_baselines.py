"""Report baselines that were cut off with their monitor, on a store that other monitors share."""

from __future__ import annotations

from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.ports import SourceStates


def report_cut_off_baselines(source_states: SourceStates, operator: OperatorAlerts) -> None:
    """Alert to each of them once; its monitor may still come back and go on. Raises StoreError."""
    for source, node in source_states.cut_off_baselines().items():
        releases, matched = source_states.baseline(source)
        with operator.outbox.transaction():
            told = operator.baseline_cut_off(source, releases=releases, matched=matched, node=node)
            if told is not Told.NOT_YET:
                source_states.note_baseline_reported(source)
