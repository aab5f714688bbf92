"""Name the metrics that Prometheus reads, and take their values from the counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.health.counters import Distribution, MetricsSnapshot

_METRICS: dict[str, tuple[str, tuple[str, ...], str]] = {  # kind, names of the labels, description
    "monitor_dumps_total": ("counter", ("result",), "Files ingested since the process began, by result."),
    "monitor_events_total": ("counter", ("kind",), "Events since the process began, by kind."),
    "monitor_messages_total": (
        "counter",
        ("channel", "state"),
        "Messages since the process began, by channel and the state an attempt or their age left them in.",
    ),
    "monitor_outbox_pending": ("gauge", (), "Messages and alerts that wait to be sent."),
    "monitor_outbox_oldest_pending_seconds": (
        "gauge",
        (),
        "Age of the oldest message that waits to be sent; 0: no message waits.",
    ),
    "monitor_last_dump_timestamp_seconds": (
        "gauge",
        ("source",),
        "When the newest file of a source was ingested, and without a label of any source; 0: never.",
    ),
    "monitor_channel_up": (
        "gauge",
        ("channel",),
        "Whether a channel works: 0 after 5 failures in a row or a refusal, until it accepts a message.",
    ),
    "monitor_delivery_seconds": (
        "histogram",
        ("channel",),
        "Time from when a message was due, for an instant alert its ingest, until the channel accepted it.",
    ),
    "monitor_store_bytes": ("gauge", (), "Size of the store with its write-ahead log."),
    "monitor_ready": ("gauge", (), "Whether the daemon is ready, as /readyz says."),
    "monitor_config_last_reload_successful": (
        "gauge",
        (),
        "Whether the configuration that was read last can be used.",
    ),
    "monitor_clock_ahead_seconds": (
        "gauge",
        (),
        "By how much the wall clock is ahead of the time that the monitor goes by; 0: they agree.",
    ),
    "monitor_build_info": ("gauge", ("version",), "The version that runs, as a label; the value is always 1."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric name with its samples."""

    name: str
    kind: str  # counter | gauge | histogram
    about: str
    labels: tuple[str, ...] = ()  # names
    samples: Mapping[tuple[str, ...], float | Distribution]  # by the labels' values; (): without labels


def metrics(
    snapshot: MetricsSnapshot,
    *,
    version: str,
    now: datetime,
    clock_ahead: timedelta = timedelta(0),
    is_ready: bool = True,
) -> tuple[Metric, ...]:
    """Return all metrics; their names and labels are a contract."""
    oldest, last = snapshot.backlog.oldest, max(snapshot.last_dumps.values(), default=None)
    last_dumps: dict[tuple[str, ...], float | Distribution] = {
        (source,): _seconds(snapshot.last_dumps.get(source)) for source in snapshot.sources
    }
    samples: dict[str, Mapping[tuple[str, ...], float | Distribution]] = {
        "monitor_dumps_total": {(result,): count for result, count in snapshot.dumps.items()},
        "monitor_events_total": {(kind,): count for kind, count in snapshot.events.items()},
        "monitor_messages_total": {(channel, state): n for (channel, state), n in snapshot.messages.items()},
        "monitor_outbox_pending": {(): snapshot.backlog.pending},
        "monitor_outbox_oldest_pending_seconds": {(): max((now - oldest).total_seconds(), 0.0) if oldest else 0.0},
        "monitor_last_dump_timestamp_seconds": {(): _seconds(last), **last_dumps},
        "monitor_channel_up": {(channel,): is_up for channel, is_up in snapshot.channels_up.items()},
        "monitor_delivery_seconds": {(channel,): each for channel, each in snapshot.deliveries.items()},
        "monitor_store_bytes": {(): snapshot.store_bytes},
        "monitor_ready": {(): is_ready},
        "monitor_config_last_reload_successful": {(): snapshot.is_config_valid},
        "monitor_clock_ahead_seconds": {(): clock_ahead.total_seconds()},
        "monitor_build_info": {(version,): 1},
    }
    return tuple(
        Metric(name=name, kind=kind, about=about, labels=labels, samples=samples[name])
        for name, (kind, labels, about) in _METRICS.items()
    )


def _seconds(at: datetime | None) -> int:
    return int(at.timestamp()) if at else 0
