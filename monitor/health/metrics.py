"""Write counters as the text that Prometheus reads (text format 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from monitor.health.counters import MetricsSnapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric name with its samples."""

    name: str
    kind: str  # counter | gauge
    about: str
    labels: tuple[str, ...] = ()  # names
    samples: Mapping[tuple[str, ...], float]  # by the labels' values


def exposition(metrics: Sequence[Metric]) -> str:
    """Return the whole page; label values and numbers may be anything."""
    return "".join(f"{line}\n" for metric in metrics for line in _lines(metric))


def metrics(snapshot: MetricsSnapshot, *, version: str, now: datetime) -> tuple[Metric, ...]:
    """Return all metrics; their names and labels are a contract."""
    oldest, last = snapshot.backlog.oldest, max(snapshot.last_dumps.values(), default=None)
    counter, gauge = partial(Metric, kind="counter"), partial(Metric, kind="gauge")
    return (
        counter(
            name="monitor_dumps_total",
            about="Files ingested since the process began, by result.",
            labels=("result",),
            samples={(result,): count for result, count in snapshot.dumps.items()},
        ),
        counter(
            name="monitor_events_total",
            about="Events since the process began, by kind.",
            labels=("kind",),
            samples={(kind,): count for kind, count in snapshot.events.items()},
        ),
        counter(
            name="monitor_messages_total",
            about="Messages since the process began, by channel and the state an attempt or their age left them in.",
            labels=("channel", "state"),
            samples={(channel, state): count for (channel, state), count in snapshot.messages.items()},
        ),
        gauge(
            name="monitor_outbox_pending",
            about="Messages and alerts that wait to be sent.",
            samples={(): snapshot.backlog.pending},
        ),
        gauge(
            name="monitor_outbox_oldest_pending_seconds",
            about="Age of the oldest message that waits to be sent; 0: no message waits.",
            samples={(): max((now - oldest).total_seconds(), 0.0) if oldest else 0.0},
        ),
        gauge(
            name="monitor_last_dump_timestamp_seconds",
            about="When the newest file of any source was ingested; 0: never.",
            samples={(): int(last.timestamp()) if last else 0},
        ),
        gauge(
            name="monitor_config_last_reload_successful",
            about="Whether the configuration that was read last can be used.",
            samples={(): snapshot.is_config_valid},
        ),
        gauge(
            name="monitor_build_info",
            about="The version that runs, as a label; the value is always 1.",
            labels=("version",),
            samples={(version,): 1},
        ),
    )


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.about.translate(_HELP)}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for values, number in metric.samples.items():
        pairs = ",".join(
            f'{label}="{value.translate(_LABEL)}"' for label, value in zip(metric.labels, values, strict=True)
        )
        yield f"{metric.name}{{{pairs}}} {_number(number)}" if pairs else f"{metric.name} {_number(number)}"


def _number(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return str(int(number)) if number == int(number) else repr(float(number))
