"""What every Store promises of the publisher's ids and links, and of how a text was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.compare.fingerprint import id_key
from monitor.ingest_values import IdCounts, IngestReport
from monitor.model import Kind, Release
from monitor.records import EventFilter
from monitor.testing import NOON
from tests.compare.record_lab import MAPPING, OTHER_MAPPING, ingest_records, shown
from tests.compare.scenario import SOURCE, TALKS, VISIT
from tests.contract.pairs import Pair
from tests.contract.takes import AUDIENCE

LINK, NEW_LINK = "http://example.org/7", "https://example.org/talks"


def drop(pair: Pair, *releases: Release, hour: int = 0) -> IngestReport:
    return ingest_records(pair.store, *releases, routing=AUDIENCE, now=NOON + timedelta(hours=hour))


def test_a_release_is_found_under_each_id_that_it_ever_had(pair: Pair) -> None:
    drop(pair, replace(TALKS))
    drop(pair, shown("A"), hour=1)
    drop(pair, shown("B"), hour=2)
    keys = [id_key(SOURCE, id_) for id_ in ("A", "B", "C")]
    assert pair.store.snapshot(keys).by_key == {keys[0]: (1,), keys[1]: (1,)}
    assert pair.store.snapshot((), [1]).heads[1].release.ref == "B"


def test_the_newest_link_is_kept_and_no_version_is_added(pair: Pair) -> None:
    drop(pair, shown("7", url=LINK))
    report = drop(pair, shown("7", url=NEW_LINK, category="Trade", reading=OTHER_MAPPING), shown("8", VISIT), hour=1)
    assert report.counts[Kind.ENRICHED] == 1
    assert [version.url for version in pair.archive.versions(1)] == [LINK, NEW_LINK]
    drop(pair, shown("7", url=LINK, category="Trade", reading="json:3333"), hour=2)
    head = pair.store.snapshot((), [1]).heads[1]
    assert (head.release.url, head.release.ref, head.version) == (LINK, "7", 2)
    assert [version.url for version in pair.archive.versions(1)] == [LINK, LINK]
    assert [(stored.release.url, stored.release.ref) for stored in pair.archive.heads()] == [(LINK, "7"), (None, "8")]
    events = pair.archive.events(EventFilter())
    assert [(event.kind, event.url, event.ref) for event in events] == [
        ("new", LINK, "7"),
        ("enriched", LINK, "7"),
        ("new", None, "8"),
    ]


def test_every_reading_that_gave_a_text_is_known_the_newest_last(pair: Pair) -> None:
    for hour, reading in enumerate([MAPPING, OTHER_MAPPING, "json:3333", OTHER_MAPPING, "feed:1"]):
        drop(pair, shown("7", reading=reading, url=f"https://example.org/{hour}"), shown(str(hour), VISIT), hour=hour)
    head = pair.store.snapshot((), [1]).heads[1]
    assert (head.readings, head.release.reading) == ((MAPPING, OTHER_MAPPING, "json:3333", "feed:1"), "feed:1")


def test_a_new_text_has_the_reading_that_gave_it(pair: Pair) -> None:
    drop(pair, shown("7"))
    report = drop(pair, shown("7", reading=OTHER_MAPPING, body="They met."), hour=1)
    assert (report.counts[Kind.REREAD], report.counts[Kind.CHANGED]) == (1, 0)
    assert pair.store.snapshot((), [1]).heads[1].readings == (OTHER_MAPPING,)
    assert pair.archive.dumps()[-1].report.counts[Kind.REREAD] == 1


def test_changed_ids_are_those_of_the_newest_dump_that_can_tell(pair: Pair) -> None:
    assert pair.archive.changed_ids() == {}
    drop(pair, shown("7?a"))
    drop(pair, shown("7?b"), hour=1)
    assert pair.archive.changed_ids() == {SOURCE: IdCounts(changed=1, of=1)}
    drop(pair, shown("7?b"), shown("8", VISIT), hour=2)  # nothing was compared
    assert pair.archive.changed_ids() == {SOURCE: IdCounts(changed=1, of=1)}
    drop(pair, shown("7?b", body=TALKS.body.replace("5.1", "5.3")), hour=3)
    assert pair.archive.changed_ids() == {}


def test_messages_name_the_link_and_the_id(pair: Pair) -> None:
    drop(pair, shown("7", url=LINK), replace(VISIT))
    items = [one.notice.item for one in pair.outbox.pending_notices("team")]
    assert [(item.url, item.ref) for item in items] == [(LINK, "7"), (None, None)]
    pair.form()
    [delivery] = [pair.outbox.claim("team", now=NOON + timedelta(hours=1))]
    assert delivery is not None
    assert [(item.url, item.ref) for item in delivery.message.items] == [(LINK, "7"), (None, None)]
