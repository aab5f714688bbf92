"""What waits on each channel, as `alerts`, `channels` and `check` show it; a real store, a clock of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.channel_health import FAILURE_THRESHOLD, ChannelState
from monitor.config import Config, load
from monitor.control.client import local_commands
from monitor.daemon.bootstrap import open_runtime
from monitor.inspect.pending import alert_rows, open_read_only
from monitor.inspect.status import channel_rows, status
from monitor.store.channel_states import SqlChannelStates
from monitor.store.outbox import SqlOutbox
from monitor.store.sqlite.database import open_for_writing
from monitor.testing import FrozenClock, note
from tests.end_to_end.harness import Project, record

SUNDAY = datetime(2026, 11, 22, 3, tzinfo=UTC)  # noon in Seoul
HOUR = timedelta(hours=1)
TALKS = record("FTA talks held", "Delegations met in Seoul on Monday and agreed to meet again.")
VISIT = record("Visit ends", "The visit to the FTA desk ended with a dinner.")


class Place:
    """A project whose clock is ours, and what its store says."""

    def __init__(self, folder: Path, channels: str = "{url: 'console://'}", more: str = "") -> None:
        self.project = Project(folder / "p", config="")
        self.clock = FrozenClock(SUNDAY)
        self.configure(f"desk: {channels}", more)

    def configure(self, channels: str, more: str = "") -> None:
        self.project.write_config(
            f"timezone: Asia/Seoul\nsources: {{motie: {{path: seeds/}}}}\nchannels:\n  {channels}\n"
            f"watchlists: {{fta: {{keywords: [FTA], {more}}}}}\n"
        )

    @property
    def config(self) -> Config:
        return load(self.project.folder / "config.yaml", environ={})

    def take_in(self, name: str, text: str) -> None:
        path = self.project.drop(name, text)
        with open_runtime(self.config, verb="ingest", clock=self.clock) as runtime:
            runtime.ingest([path], source=None, is_again=False)

    def alerts(self, state: str | None = None) -> list[dict[str, Any]]:
        with open_read_only(self.config) as store:
            return [dict(row) for row in alert_rows(self.config, store, state=state)]

    def channels(self) -> list[dict[str, Any]]:
        return [dict(row) for row in channel_rows(self.config, now=self.clock.now())]

    def status(self) -> Any:
        return status(self.config, {}, now=self.clock.now())

    @contextmanager
    def channel_states(self) -> Iterator[SqlChannelStates]:
        with closing(open_for_writing(self.config.state)) as handle:
            yield SqlChannelStates(handle)


@pytest.mark.parametrize(
    ("channel", "due", "reason"),
    [
        ('{url: "console://", digest: "mon-fri 08:30"}', "2026-11-22T23:30:00Z", "digest"),
        ('{url: "console://", quiet: "11:00-14:00"}', "2026-11-22T05:00:00Z", "quiet hours"),
    ],
)
def test_what_waits_for_its_moment_is_one_line(tmp_path: Path, channel: str, due: str, reason: str) -> None:
    place = Place(tmp_path, channel)
    place.take_in("a.txt", TALKS)
    place.clock.advance(HOUR / 2)
    place.take_in("b.txt", VISIT)
    [row] = place.alerts()
    assert row == {
        "id": None,
        "channel": "desk",
        "kind": "digest",
        "state": "pending",
        "attempts": 0,
        "due": due,
        "reason": reason,
        "sent_at": None,
        "items": [
            {"release": 1, "version": 1, "title": "FTA talks held", "watchlists": ["fta"], "url": None, "ref": None},
            {"release": 2, "version": 1, "title": "Visit ends", "watchlists": ["fta"], "url": None, "ref": None},
        ],
        "uncertain": 0,
    }
    assert place.alerts("pending") == [row]
    assert place.alerts("sent") == []
    [shown] = place.channels()
    assert (shown["pending"], shown["waits"]) == (2, [{"due": due, "reason": reason, "count": 2}])


def test_what_waits_for_another_moment_is_another_line(tmp_path: Path) -> None:
    place = Place(tmp_path, '{url: "console://", digest: "12:30"}')
    place.take_in("a.txt", TALKS)
    place.clock.advance(HOUR)
    place.take_in("b.txt", VISIT)
    lines = [(row["state"], row["due"], len(row["items"])) for row in place.alerts()]
    assert lines == [("pending", "2026-11-22T04:00:00Z", 1), ("pending", "2026-11-23T03:30:00Z", 1)]
    [formed, waiting] = place.alerts()
    assert (formed["id"], waiting["id"]) == (1, None), "the first window is over: its message is made"


def test_a_mute_is_what_is_waited_for(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.channel_states() as channel_states:
        channel_states.mute("desk", until=SUNDAY + 8 * HOUR)
    place.take_in("a.txt", TALKS)
    [row] = place.alerts()
    assert (row["id"], row["due"], row["reason"]) == (None, "2026-11-22T11:00:00Z", "mute")
    [channel] = place.channels()
    assert (channel["state"], channel["pending"], channel["muted_until"]) == ("muted", 1, "2026-11-22T11:00:00Z")
    assert channel["waits"] == [{"due": "2026-11-22T11:00:00Z", "reason": "mute", "count": 1}]


def test_an_urgent_watchlist_waits_for_no_window(tmp_path: Path) -> None:
    place = Place(tmp_path, '{url: "console://", digest: "08:30"}', "urgent: true")
    place.take_in("a.txt", TALKS)
    [row] = place.alerts()
    assert (row["id"], row["kind"]) == (1, "instant")


def test_what_comes_beyond_the_most_an_hour_waits_for_its_summary(tmp_path: Path) -> None:
    place = Place(tmp_path, "{url: 'console://', max_per_hour: 1}")
    place.take_in("a.txt", TALKS)
    place.clock.advance(HOUR / 4)
    place.take_in("b.txt", VISIT)
    [_, row] = place.alerts()
    assert (row["id"], row["kind"], row["due"]) == (None, "summary", "2026-11-22T04:00:00Z")
    assert row["reason"] == "more than 1 messages an hour"


@pytest.mark.parametrize(
    ("channel_state", "due", "reason"),
    [
        (
            ChannelState(failures=5, since=SUNDAY, opened_until=SUNDAY + HOUR, reason="503 from the service"),
            "2026-11-22T04:00:00Z",
            "its channel is paused after failures: 503 from the service",
        ),
        (
            ChannelState(failures=1, since=SUNDAY, is_refused=True, reason="401 from the service"),
            "2026-11-22T03:00:00Z",
            "its channel refuses everything: 401 from the service",
        ),
    ],
)
def test_a_message_is_due_when_its_channel_is(
    tmp_path: Path, channel_state: ChannelState, due: str, reason: str
) -> None:
    place = Place(tmp_path)
    place.take_in("a.txt", TALKS)
    with place.channel_states() as channel_states:
        channel_states.save("desk", channel_state)
    [row] = place.alerts()
    assert (row["id"], row["state"], row["due"], row["reason"]) == (1, "pending", due, reason)
    with place.channel_states() as channel_states:
        channel_states.save("desk", ChannelState())
        channel_states.mute("desk", until=SUNDAY + 8 * HOUR)
    [row] = place.alerts()
    assert (row["due"], row["reason"]) == ("2026-11-22T11:00:00Z", "mute")


def test_what_waits_for_a_channel_that_is_gone_is_shown(tmp_path: Path) -> None:
    place = Place(tmp_path, '{url: "console://", digest: "08:30"}')
    place.take_in("a.txt", TALKS)
    place.configure("team: {url: 'console://'}")
    [row] = place.alerts()
    assert (row["id"], row["channel"], row["kind"]) == (None, "desk", "instant")
    assert (row["due"], row["reason"]) == ("2026-11-22T03:00:00Z", "its channel is not configured")
    assert [(row["name"], row["state"], row["pending"]) for row in place.channels()] == [
        ("team", "ok", 0),
        ("desk", "unconfigured", 1),
    ]


STANDINGS = [
    (ChannelState(), "ok", None),
    (ChannelState(failures=1, since=SUNDAY, opened_until=SUNDAY + HOUR, reason="503"), "failing", None),
    (ChannelState(failures=FAILURE_THRESHOLD - 1, opened_until=SUNDAY + HOUR, reason="503"), "failing", None),
    (
        ChannelState(failures=FAILURE_THRESHOLD, opened_until=SUNDAY + HOUR, reason="503"),
        "open",
        "2026-11-22T04:00:00Z",
    ),
    (ChannelState(failures=1, opened_until=SUNDAY + HOUR, is_refused=True, reason="401"), "refused", None),
]


@pytest.mark.parametrize(("channel_state", "state", "opened_until"), STANDINGS)
def test_a_channel_is_shown_as_it_stands(
    tmp_path: Path, channel_state: ChannelState, state: str, opened_until: str | None
) -> None:
    place = Place(tmp_path)
    with place.channel_states() as channel_states:
        channel_states.save("desk", channel_state)
    assert place.channels() == [
        {
            "name": "desk",
            "state": state,
            "pending": 0,
            "failures": channel_state.failures,
            "opened_until": opened_until,
            "muted_until": None,
            "last_reason": channel_state.reason or None,
            "dead": 0,
            "held": 0,
            "waits": [],
        }
    ]


@pytest.mark.parametrize(
    ("channel_state", "state"), [(ChannelState(), "muted"), (STANDINGS[1][0], "muted"), (STANDINGS[3][0], "open")]
)
def test_a_mute_hides_small_trouble_only(tmp_path: Path, channel_state: ChannelState, state: str) -> None:
    place = Place(tmp_path)
    with place.channel_states() as channel_states:
        channel_states.save("desk", channel_state)
        channel_states.mute("desk", until=SUNDAY + HOUR)
    [row] = place.channels()
    assert (row["state"], row["muted_until"]) == (state, "2026-11-22T04:00:00Z")
    place.clock.advance(HOUR)
    assert place.channels()[0]["muted_until"] is None


def test_the_outbox_counts_what_waits_as_pending(tmp_path: Path) -> None:
    place = Place(tmp_path, '{url: "console://", digest: "08:30"}')
    place.take_in("a.txt", f"{TALKS}\n{VISIT}")
    with closing(open_for_writing(place.config.state)) as handle:
        SqlOutbox(handle).enqueue(note("up again", channel="desk"), key="up", now=SUNDAY)
    found = place.status()
    assert found["outbox"] == {"pending": 3, "leased": 0, "held": 0, "sent": 0, "dead": 0, "dropped": 0}
    assert found["channels"][0]["pending"] == 3


def test_muted_watchlists_stand_beside_the_releases(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.channel_states() as channel_states:
        channel_states.mute("fta", until=SUNDAY + HOUR)
        channel_states.mute("desk", until=SUNDAY + HOUR)
    assert place.status()["releases"]["muted_watchlists"] == {"fta": "2026-11-22T04:00:00Z"}


def test_what_a_dead_process_left_on_its_way_can_be_dropped(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.take_in("a.txt", TALKS)
    with closing(open_for_writing(place.config.state)) as handle:
        assert SqlOutbox(handle).claim("desk", now=SUNDAY) is not None
    assert [row["state"] for row in place.alerts()] == ["leased"]
    with local_commands(place.config) as commands:
        commands.drop(1)
    [row] = place.alerts()
    assert (row["state"], row["uncertain"]) == ("dropped", 1)


def test_a_channel_counts_the_messages_that_it_lost(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with closing(open_for_writing(place.config.state)) as handle:
        outbox = SqlOutbox(handle)
        outbox.enqueue(replace(note("one", channel="desk"), max_age=HOUR), key="one", now=SUNDAY)
        outbox.expire(now=SUNDAY + 2 * HOUR)
    [channel] = place.channels()
    assert (channel["state"], channel["dead"], channel["pending"]) == ("ok", 1, 0)


def test_without_a_daemon_status_looks_itself_which_files_no_source_takes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in ("a.txt", "b.docx", "c.txt.part"):
        (place.project.seeds / name).write_text("x")
    [source] = place.status()["sources"]
    assert source["watch"]["ignored"] == 2
    assert set(source["watch"]["ignored_names"]) == {"b.docx", "c.txt.part"}
