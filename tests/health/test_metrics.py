"""Figures → text that reads as the same figures again."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.health.counters import RESULTS, STATE_AFTER, Counters, Distribution, MetricsSnapshot
from monitor.health.metrics import Metric, metrics
from monitor.model import Kind
from monitor.state_values import Backlog
from monitor.testing import NOON
from monitor.web.daemon_app import exposition
from tests.health.exposition import parsed

FIGURES = MetricsSnapshot(
    dumps={"stored": 3},
    events={"new": 7},
    messages={("team", "sent"): 5, ('d"e\\s\nk', "dead"): 1},
    backlog=Backlog(pending=4, oldest=NOON - timedelta(seconds=90.5)),
    last_dumps={"motie": NOON - timedelta(hours=1), "관세청": NOON, "no longer configured": NOON},
    sources=("motie", "관세청", "never"),
    channels_up={"team": True, "desk": False},
    deliveries={"team": Distribution().plus(0.4).plus(20).plus(90_000)},
    store_bytes=4096,
)


def test_names_types_and_labels_are_those_of_the_contract() -> None:
    counters = Counters()
    counters.register(channels=["team"], sources=["motie"])
    found = parsed(exposition(metrics(counters.snapshot(), version="1.2.3", now=NOON)))
    assert {
        name: (family.kind, *sorted({label for key in family.samples for label, _ in key}))
        for name, family in found.items()
    } == {
        "monitor_dumps_total": ("counter", "result"),
        "monitor_events_total": ("counter", "kind"),
        "monitor_messages_total": ("counter", "channel", "state"),
        "monitor_outbox_pending": ("gauge",),
        "monitor_outbox_oldest_pending_seconds": ("gauge",),
        "monitor_last_dump_timestamp_seconds": ("gauge", "source"),
        "monitor_channel_up": ("gauge", "channel"),
        "monitor_delivery_seconds": ("histogram", "channel", "le"),
        "monitor_store_bytes": ("gauge",),
        "monitor_ready": ("gauge",),
        "monitor_config_last_reload_successful": ("gauge",),
        "monitor_clock_ahead_seconds": ("gauge",),
        "monitor_build_info": ("gauge", "version"),
    }
    assert all(family.about for family in found.values())


def test_every_label_value_is_there_from_the_start_with_zero() -> None:
    counters = Counters()
    counters.register(channels=["team", "desk"], sources=["motie"])
    found = parsed(exposition(metrics(counters.snapshot(), version="1", now=NOON)))
    assert {found["monitor_dumps_total"].value(result=result) for result in RESULTS} == {0}
    assert {found["monitor_events_total"].value(kind=kind) for kind in Kind if kind is not Kind.UNCHANGED} == {0}
    told = found["monitor_messages_total"]
    assert {told.value(channel=name, state=state) for name in ("team", "desk") for state in STATE_AFTER.values()} == {0}


def test_figures_are_read_again_as_they_were() -> None:
    found = parsed(exposition(metrics(FIGURES, version="1.2.3", now=NOON)))
    assert found["monitor_dumps_total"].value(result="stored") == 3
    assert found["monitor_events_total"].value(kind="new") == 7
    assert found["monitor_messages_total"].value(channel='d"e\\s\nk', state="dead") == 1
    assert found["monitor_outbox_pending"].value() == 4
    assert found["monitor_outbox_oldest_pending_seconds"].value() == 90.5
    assert found["monitor_last_dump_timestamp_seconds"].value() == NOON.timestamp()
    by_source = {
        source: found["monitor_last_dump_timestamp_seconds"].value(source=source) for source in FIGURES.sources
    }
    assert by_source == {"motie": NOON.timestamp() - 3600, "관세청": NOON.timestamp(), "never": 0}
    assert len(found["monitor_last_dump_timestamp_seconds"].samples) == 4
    assert [found["monitor_channel_up"].value(channel=name) for name in ("team", "desk")] == [1, 0]
    assert found["monitor_store_bytes"].value() == 4096
    assert found["monitor_ready"].value() == 1
    assert found["monitor_config_last_reload_successful"].value() == 1
    assert found["monitor_build_info"].value(version="1.2.3") == 1


def test_a_histogram_has_all_its_buckets_cumulated_with_sum_and_count() -> None:
    found = parsed(exposition(metrics(FIGURES, version="1", now=NOON)))["monitor_delivery_seconds"]
    by_bound = {dict(labels)["le"]: value for labels, value in found.samples.items()}
    assert by_bound == {
        **dict.fromkeys(("0.5", "1.0", "2.5", "5.0", "15.0"), 1),
        **dict.fromkeys(("60.0", "300.0", "900.0", "3600.0", "14400.0", "86400.0"), 2),
        "+Inf": 3,
        "count": 3,
        "sum": 90_020.4,
    }


def test_what_never_was_is_zero_and_an_age_is_never_negative() -> None:
    empty = MetricsSnapshot(dumps={}, events={}, messages={}, is_config_valid=False)
    found = parsed(exposition(metrics(empty, version="1", now=NOON)))
    gauges = ("outbox_pending", "outbox_oldest_pending_seconds", "last_dump_timestamp_seconds")
    assert [found[f"monitor_{name}"].value() for name in gauges] == [0, 0, 0]
    assert found["monitor_config_last_reload_successful"].value() == 0
    ahead = MetricsSnapshot(
        dumps={}, events={}, messages={}, backlog=Backlog(pending=1, oldest=NOON + timedelta(days=1))
    )
    found = parsed(exposition(metrics(ahead, version="1", now=NOON)))
    assert found["monitor_outbox_oldest_pending_seconds"].value() == 0


@given(
    st.dictionaries(
        st.tuples(st.text(st.characters(codec="utf-8")), st.text(alphabet='\\n"\n {}=,#가')),
        st.floats(),
        max_size=5,
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r")).map(lambda text: f"about {text}"),
)
@example({("a", "b"): 0.0}, 'a \\ "b"\n\\n')
def test_any_label_value_any_number_and_any_help_is_read_again(
    samples: dict[tuple[str, ...], float], about: str
) -> None:
    metric = Metric(name="a_total", kind="counter", about=about, labels=("x", "y"), samples=samples)
    found = parsed(exposition((metric,)))["a_total"]
    assert found.about == about
    for (x, y), number in samples.items():
        again = found.value(x=x, y=y)
        assert again == number or (math.isnan(again) and math.isnan(number))


@pytest.mark.parametrize(
    "text",
    ["a 1", "a{b=c} 1\n", 'a{b="c\\t"} 1\n', "a one\n", "a 1\nb 1\na 2\n", "a 1\na 1\n", "# TYPE a summary\n", "\n"],
)
def test_the_reader_of_these_tests_is_strict(text: str) -> None:
    with pytest.raises(AssertionError):
        parsed(text)
