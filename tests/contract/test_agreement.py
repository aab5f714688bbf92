"""Whatever dumps come in whatever order: every store says the same, also one that is opened anew for each dump."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.ingest_values import IngestReport, Mode
from monitor.testing import NOON
from tests.contract.pairs import PAIRS, Pair, Place
from tests.contract.takes import HALF, SOURCE, dump, figures, keys_of, record, records, take_in
from tests.examples import examples

LONG = "The ministry will open a centre in Busan that helps small firms with customs papers, forms and advice"
RECORDS = [
    record("Talks held"),
    record("Talks held", category="FTA"),
    record("Talks held", "They met in Seoul!"),
    record("Talks held", "A photo.", day="2024-07-04"),
    record("Centre opens", LONG),  # cut
    record("Centre opens", LONG + " on rules."),
    record("Centre opens in Busan", LONG + " on rules."),
    *(figures(rise) for rise in ("5.1", "5.3", "5.5")),
    "-\nOnly a title date2024-07-01",
]
NAMES = ["a.txt", "b.txt", "20240701.txt", "20240703.txt"]
DUMPS = st.tuples(
    st.lists(st.sampled_from(RECORDS), min_size=1, max_size=4).map(lambda chosen: dump(*chosen)),
    st.sampled_from(["", "\n" + HALF, "\n-"]),
).map("".join)
Step = tuple[str, str, Mode, bool]
STEPS = st.lists(st.tuples(DUMPS, st.sampled_from(NAMES), st.sampled_from(Mode), st.booleans()), max_size=6)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_all_stores_say_the_same_after_the_same_dumps(place: Callable[[Path], Place], steps: list[Step]) -> None:
    told = []
    for open_pair in PAIRS.values():
        with tempfile.TemporaryDirectory() as name, open_pair(place(Path(name, "kept"))) as pair:
            told += [_story(partial(_kept, pair), steps), _story(partial(open_pair, place(Path(name, "anew"))), steps)]
    assert all(story == told[0] for story in told)


def _kept(pair: Pair) -> AbstractContextManager[Pair]:
    return nullcontext(pair)


def _story(opened: Callable[[], AbstractContextManager[Pair]], steps: list[Step]) -> list[object]:
    """Everything a store said on the way and can say at the end."""
    said: list[object] = []
    for hour, step in enumerate(steps):
        with opened() as pair:
            said += _said(pair, step, NOON + timedelta(hours=hour))
    with opened() as pair:
        said += [pair.store.ledger("motie"), pair.events(), pair.rejects(), pair.outbox.pending_notices("team")]
        said += [pair.form(now=NOON + timedelta(days=1)), pair.outbox.pending_notices("team"), pair.messages()]
        while delivery := pair.outbox.claim("team", now=NOON + timedelta(days=1)):
            said.append(delivery)
    return said


def _said(pair: Pair, step: Step, now: datetime) -> Iterator[object]:
    text, name, mode, is_overdue = step
    yield _plain(take_in(pair.store, text, name=name, mode=mode, now=now))
    if is_overdue:
        yield pair.store.reject_overdue(held_before=now - timedelta(hours=1), now=now)
    known = pair.store.snapshot(keys_of(text))
    yield dict(known.heads), dict(known.by_key), known.next_number
    yield pair.store.seen_records(SOURCE, {shown.digest for shown in records(text)})


def _plain(report: IngestReport) -> IngestReport:
    """Kinds that did not come are left out."""
    return replace(report, counts={kind: count for kind, count in report.counts.items() if count})
