"""The one screen of `monitor status`, line by line, and where its counts come from."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from monitor.cli.status_view import BARS, PLAIN_BARS, bars_for, screen, sparkline
from monitor.control import lock
from monitor.health.daemon_state import DaemonState, write_state
from monitor.ingest_values import Mode
from monitor.inspect import status
from monitor.inspect.status import DAYS, midnights
from monitor.store.sqlite.database import open_for_writing
from monitor.store.store import SqlStore
from monitor.text import columns
from tests.contract.takes import figures, record, take_in

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
CONFIG = """
timezone: Asia/Seoul
sources: {산업부: {path: seeds/}}
channels: {team: {url: "console://"}}
watchlists: {fta: {keywords: [FTA]}}
"""
WATCH = {
    "state": "watching",
    "since": "2026-11-22T00:00:00Z",
    "reason": "",
    "ignored": 1,
    "ignored_names": ["a.csv"],
    "unsettled": 0,
    "oldest_unsettled": None,
    "missed_by_events": 0,
}
DESK = {
    "name": "desk",
    "state": "ok",
    "pending": 0,
    "failures": 0,
    "opened_until": None,
    "muted_until": None,
    "last_reason": None,
    "dead": 0,
    "held": 0,
    "waits": [],
}
MONDAY, LATER = "2026-11-22T23:30:00Z", "2026-11-22T05:00:00Z"  # 08:30 and 14:00 in Seoul
STANDING: dict[str, Any] = {
    "ok": True,
    "daemon": {"pid": 7, "host": "here", "since": "2026-11-22T00:00:00Z", "verb": "run", "paused": None},
    "sources": [
        {
            "name": "산업부",
            "path": "/srv/press",
            "is_there": True,
            "watch": WATCH,
            "dumps": 12,
            "releases": 1234,
            "rejected": 1,
            "held": 0,
            "last_dump": "2026-11-22T01:00:00Z",
            "late_dump": {
                "dump": "a_2024-07-01.txt",
                "at": "2026-11-21T03:00:00Z",
                "as_of": "2024-06-30T15:00:00Z",
                "evidence": "stamp",
                "stale": 2,
                "reason": "the dump is older",
            },
            "silent_since": None,
        }
    ],
    "releases": {
        "total": 1234,
        "events": {"changed": 30, "new": 1234, "stale": 2},
        "days": {"new": [0] * 28 + [1, 80], "changed": [0] * 29 + [10]},
        "muted_watchlists": {"fta": "2026-11-22T04:00:00Z"},
    },
    "outbox": {"pending": 21, "leased": 0, "held": 0, "sent": 120, "dead": 1, "dropped": 0},
    "channels": [
        {
            "name": "team",
            "state": "open",
            "pending": 1,
            "failures": 5,
            "opened_until": "2026-11-22T03:10:00Z",
            "muted_until": None,
            "last_reason": "503 from the service",
            "dead": 1,
            "held": 0,
            "waits": [],
        },
        {
            "name": "gone",
            "state": "unconfigured",
            "pending": 2,
            "failures": 0,
            "opened_until": None,
            "muted_until": None,
            "last_reason": None,
            "dead": 0,
            "held": 0,
            "waits": [{"due": "2026-11-22T01:00:00Z", "reason": "its channel is not configured", "count": 2}],
        },
        {**DESK, "pending": 18, "waits": [{"due": MONDAY, "reason": "digest", "count": 18}]},
    ],
    "config": {"file": "/etc/monitor/config.yaml", "warnings": 1, "refusal": "config.yaml:3:4: unknown key"},
    "store": {
        "file": "/var/lib/monitor/monitor.db",
        "exists": True,
        "size": 12_345_678,
        "last_backup": {"at": "2026-11-19T03:00:00Z", "path": "/backup/m.db"},
    },
    "page": {"state": "failed", "pid": 0, "address": "", "restarts": 2, "reason": "127.0.0.1:9878: in use"},
}
SCREEN = """\
monitor    running since 2026-11-22 09:00 (pid 7)
source     산업부  /srv/press
           watching since 2026-11-22 09:00
           last dump 2 h ago, 12 dumps, 1 reject (monitor dumps --rejects)
           passed over 1 file that no source takes by its name: a.csv
           late dump a_2024-07-01.txt 24 h ago: 2 stale, as of 2024-07-01 00:00 by its stamp; the dump is older
releases   1,234   last 30 days, Asia/Seoul, up to 80 a day
           new             1,234   ····························▁█  81
           changed            30   ·····························▁  10
           stale               2
outbox     21 pending (18 for later), 120 sent, 1 dead (monitor alerts --state dead)  (2 for unconfigured channels)
channel    team  open until 2026-11-22 12:10, 1 dead, 1 pending  503 from the service
channel    gone  unconfigured, 2 pending
channel    desk  ok, 18 for the digest of Mon 08:30
muted      watchlist fta until 2026-11-22 13:00
config     /etc/monitor/config.yaml  1 warning: see monitor check
           changed and refused, the one before is in force: config.yaml:3:4: unknown key
store      /var/lib/monitor/monitor.db  12.3 MB, last backup 3 d ago: /backup/m.db
page       failed: 127.0.0.1:9878: in use
"""
EMPTY = """\
monitor    not running
source     산업부  {folder}/seeds  the folder is missing
           no dump yet, 0 dumps
releases   0
outbox     no messages yet
channel    team  ok, 0 pending
config     {folder}/config.yaml
store      {folder}/state/monitor.db  not created yet
"""


def plain(channel_state: dict[str, Any], *, bars: str = BARS, width: int | None = None) -> str:
    lines = screen(channel_state, now=NOW, zone=SEOUL, bars=bars, width=width)
    return "".join(click.unstyle(line) + "\n" for line in lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    return tmp_path


def status_of(folder: Path) -> Any:
    _, channel_state = status.status_of(folder / "config.yaml", now=NOW)
    return channel_state


def test_all_that_can_be_seen_at_a_glance() -> None:
    assert plain(STANDING) == SCREEN


def test_what_a_store_that_cannot_be_read_holds_is_not_said() -> None:
    store = {**STANDING["store"], "url": "postgresql://db/monitor", "fault": "the server is down"}
    shown = plain({**STANDING, "store": store})
    for unknown in ("dumps,", "releases ", "outbox", "channel ", "no backup"):
        assert unknown not in shown.replace("so dumps, releases", "")
    assert "postgresql://db/monitor  cannot be read, so dumps, releases and messages are not known: the ser" in shown


def test_how_long_ago_is_told_by_the_clock_of_the_store() -> None:
    day = timedelta(days=1)
    ahead = {**STANDING, "daemon": {**STANDING["daemon"], "clock_ahead": day.total_seconds()}}
    shown = "\n".join(click.unstyle(line) for line in screen(ahead, now=NOW + day, zone=SEOUL))
    assert "last dump 2 h ago" in shown


def test_before_the_first_run_there_is_little_to_see(folder: Path) -> None:
    assert plain(status_of(folder)) == EMPTY.format(folder=folder)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "fetched 2 h ago"),
        ({"fetched": None}, "not fetched yet"),
        (
            {"failing_since": "2026-11-22T02:00:00Z", "failures": 3, "reason": "Connection refused"},
            "fetched 2 h ago  failing since 2026-11-22 11:00, 3 times: Connection refused",
        ),
    ],
)
def test_how_a_file_is_fetched_is_a_line_of_its_source(changes: dict[str, Any], line: str) -> None:
    fetch = {"fetched": "2026-11-22T01:00:00Z", "failing_since": None, "failures": 0, "reason": ""} | changes
    shown = plain({**STANDING, "sources": [{**STANDING["sources"][0], "fetch": fetch}]})
    assert shown.splitlines()[3].strip() == line


def test_what_is_wrong_is_red_and_what_is_well_green() -> None:
    painted = list(screen(STANDING, now=NOW, zone=SEOUL))
    red = [click.unstyle(line).strip() for line in painted if "\x1b[31m" in line]
    assert [line.split()[0] for line in red] == ["outbox", "channel", "channel", "changed"]
    assert "\x1b[32mrunning since" in painted[0]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "desk  ok, 0 pending"),
        (
            {"pending": 18, "waits": [{"due": MONDAY, "reason": "digest", "count": 18}]},
            "desk  ok, 18 for the digest of Mon 08:30",
        ),
        (
            {"pending": 9, "waits": [{"due": LATER, "reason": "quiet hours", "count": 7}]},
            "desk  ok, 7 for the end of quiet hours at 14:00, 2 pending",
        ),
        (
            {"pending": 5, "waits": [{"due": LATER, "reason": "more than 60 messages an hour", "count": 5}]},
            "desk  ok, 5 for the summary of 14:00 (more than 60 messages an hour)",
        ),
        (
            {
                "state": "muted",
                "muted_until": LATER,
                "pending": 3,
                "waits": [{"due": LATER, "reason": "mute", "count": 3}],
            },
            "desk  muted until 2026-11-22 14:00, 3 for the end of a mute at 14:00",
        ),
        (
            {"state": "open", "opened_until": LATER, "muted_until": LATER, "last_reason": "503"},
            "desk  open until 2026-11-22 14:00, 0 pending, muted until 2026-11-22 14:00  503",
        ),
        ({"dead": 2, "held": 1, "pending": 1}, "desk  ok, 2 dead, 1 held, 0 pending"),
    ],
)
def test_a_channel_says_what_waits_on_it_and_for_what(changes: dict[str, Any], line: str) -> None:
    shown = plain({**STANDING, "channels": [{**DESK, **changes}]})
    assert [one.removeprefix("channel").strip() for one in shown.splitlines() if one.startswith("channel")] == [line]


def test_a_channel_that_lost_messages_is_not_green() -> None:
    def painted(**changes: int) -> str:
        lines = screen({**STANDING, "channels": [{**DESK, **changes}]}, now=NOW, zone=SEOUL)
        return next(line for line in lines if "desk" in line)

    assert "\x1b[32mok" in painted()
    assert ("\x1b[32m" in painted(dead=3), "\x1b[31m3 dead" in painted(dead=3)) == (False, True)
    assert "\x1b[32m" not in painted(held=1)


def test_an_older_daemon_does_not_say_what_is_lost_and_what_waits() -> None:
    old = {key: value for key, value in DESK.items() if key not in ("dead", "held", "waits")} | {"pending": 4}
    assert "desk  ok, 4 pending\n" in plain({**STANDING, "channels": [old]})


NARROW = """\
monitor    running since 2026-11-22 09:00 (pid 7)
source     산업부  /srv/press
           watching since 2026-11-22 09:00
           last dump 2 h ago, 12 dumps, 1 reject (monitor
           dumps --rejects)
           passed over 1 file that no source takes by its
           name: a.csv
           late dump a_2024-07-01.txt 24 h ago: 2 stale, as
           of 2024-07-01 00:00 by its stamp; the dump is
           older
releases   1,234   last 16 days, Asia/Seoul, up to 80 a day
           new             1,234   ··············▁█  81
           changed            30   ···············▁  10
           stale               2
outbox     21 pending (18 for later), 120 sent, 1 dead
           (monitor alerts --state dead)  (2 for
           unconfigured channels)
channel    team  open until 2026-11-22 12:10, 1 dead, 1
           pending  503 from the service
channel    gone  unconfigured, 2 pending
channel    desk  ok, 18 for the digest of Mon 08:30
muted      watchlist fta until 2026-11-22 13:00
config     /etc/monitor/config.yaml  1 warning: see monitor
           check
           changed and refused, the one before is in force:
           config.yaml:3:4: unknown key
store      /var/lib/monitor/monitor.db  12.3 MB, last backup
           3 d ago: /backup/m.db
page       failed: 127.0.0.1:9878: in use
"""


def test_a_narrow_terminal_shows_it_all_on_more_lines() -> None:
    assert plain(STANDING, width=60) == NARROW


@pytest.mark.parametrize("width", [1, 5, 12, 20, 40, 79, 132])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    name = "산업통상자원부 보도자료 게시판"
    source = {**STANDING["sources"][0], "name": name, "path": f"/srv/{'긴폴더이름' * 20}"}
    channel = {**DESK, "last_reason": "x" * 500}
    for line in plain({**STANDING, "sources": [source], "channels": [channel]}, width=width).splitlines():
        assert columns(line) <= width


def test_text_from_outside_cannot_paint_the_screen() -> None:
    hostile = "\x1b[2J\u202e"
    late = {**STANDING["sources"][0]["late_dump"], "dump": hostile, "reason": hostile}
    sources = [{**STANDING["sources"][0], "path": hostile, "watch": {**WATCH, "reason": hostile}, "late_dump": late}]
    channels = [{**STANDING["channels"][0], "last_reason": hostile}]
    config = {**STANDING["config"], "refusal": hostile}
    text = plain({**STANDING, "sources": sources, "channels": channels, "config": config})
    assert (text.count(r"\x1b[2J\u202e"), "\x1b" in text, "\u202e" in text) == (6, False, False)


@pytest.mark.parametrize(
    ("encoding", "bars"),
    [("utf-8", BARS), ("latin-1", PLAIN_BARS), ("ascii", PLAIN_BARS), (None, PLAIN_BARS), ("no-such", PLAIN_BARS)],
)
def test_bars_are_of_characters_that_the_terminal_has(encoding: str | None, bars: str) -> None:
    assert bars_for(encoding) == bars
    assert plain(STANDING, bars=bars).count(bars[-1]) == 1


@pytest.mark.parametrize(
    ("counts", "most", "line"), [([0, 1, 1000], 1000, "·▁█"), ([1, 2, 4, 8], 8, "▁▂▄█"), ([0, 0], 0, "··")]
)
def test_one_event_shows_beside_a_thousand(counts: list[int], most: int, line: str) -> None:
    assert sparkline(counts, peak=most, bars=BARS) == line


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=-90), "just now"),
        (timedelta(seconds=90), "just now"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 d ago"),
    ],
)
def test_how_long_ago_the_last_dump_came(age: timedelta, told: str) -> None:
    source = {**STANDING["sources"][0], "last_dump": f"{NOW - age:%Y-%m-%dT%H:%M:%SZ}"}
    assert f"last dump {told}, 12 dumps" in plain({**STANDING, "sources": [source]})


def test_a_day_begins_at_the_midnight_of_the_configuration() -> None:
    moments = midnights(NOW, SEOUL)
    assert len(moments) == DAYS + 1
    assert (moments[-2].astimezone(UTC), moments[-1].astimezone(UTC)) == (
        datetime(2026, 11, 21, 15, tzinfo=UTC),
        datetime(2026, 11, 22, 15, tzinfo=UTC),
    )


def test_a_day_on_which_clocks_are_moved_is_one_day() -> None:
    moments = midnights(datetime(2026, 3, 30, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    lengths = {(after.astimezone(UTC) - before.astimezone(UTC)) for before, after in pairwise(moments)}
    assert lengths == {timedelta(hours=24), timedelta(hours=23)}


def test_events_are_counted_on_the_day_they_fall_on_there(folder: Path) -> None:
    late, early = datetime(2026, 11, 21, 14, 59, tzinfo=UTC), datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
    with closing(open_for_writing(folder / "state")) as handle:
        store = SqlStore(handle)
        take_in(store, record("Long ago"), name="0.txt", source="산업부", now=NOW - timedelta(days=40))
        take_in(store, record("Before midnight"), name="a.txt", source="산업부", now=late)
        take_in(store, figures("5.1"), name="b.txt", source="산업부", now=early)
        take_in(store, figures("5.3"), name="c.txt", source="산업부", now=NOW)
        take_in(store, "-\nHalf", name="d.txt", source="산업부", mode=Mode.ONCE, now=NOW)
    found = status_of(folder)["releases"]
    assert (found["total"], found["events"]) == (3, {"changed": 1, "new": 3, "rejected": 1})
    days = {kind: counts[-2:] for kind, counts in found["days"].items()}
    assert days == {"new": [1, 1], "changed": [0, 1], "rejected": [0, 1]}


def test_a_refused_configuration_shows_as_long_as_its_daemon_runs(folder: Path) -> None:
    state = folder / "state"
    with lock.hold(state, verb=lock.DAEMON, now=NOW):
        holder = lock.holder(state)
        assert holder is not None
        write_state(
            state, DaemonState(pid=holder.pid, at="2026-11-22T03:04:05.000000Z", refusal="config.yaml:3:4: unknown key")
        )
        assert status_of(folder)["config"]["refusal"] == "config.yaml:3:4: unknown key"
        write_state(state, DaemonState(pid=holder.pid, at="2026-11-22T03:04:05.000000Z"))
        assert status_of(folder)["config"]["refusal"] is None
        write_state(
            state, DaemonState(pid=holder.pid + 1, at="2026-11-22T03:04:05.000000Z", refusal="of another process")
        )
        assert status_of(folder)["config"]["refusal"] is None
        write_state(state, DaemonState(pid=holder.pid, at="2026-11-21T03:04:05.000000Z", refusal="of another time"))
        assert status_of(folder)["config"]["refusal"] is None
    write_state(state, DaemonState(pid=holder.pid, at="2026-11-22T03:04:05.000000Z", refusal="of a dead daemon"))
    assert status_of(folder)["config"]["refusal"] is None


def test_the_stores_size_counts_its_log(folder: Path) -> None:
    with closing(open_for_writing(folder / "state")) as handle:
        take_in(SqlStore(handle), record("Talks"), source="산업부")
        state = folder / "state"
        parts = [(state / name).stat().st_size for name in ("monitor.db", "monitor.db-wal")]
        assert min(parts) > 0
        assert status_of(folder)["store"]["size"] == sum(parts)


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ({"state": "off", "address": "", "restarts": 0, "reason": ""}, ""),
        ({"state": "starting", "address": "", "restarts": 0, "reason": ""}, "page       starting"),
        (
            {"state": "serving", "address": "http://127.0.0.1:9878/", "restarts": 1, "reason": ""},
            "page       http://127.0.0.1:9878/",
        ),
        (
            {"state": "serving", "address": "http://127.0.0.1:9878/", "restarts": 7, "reason": ""},
            "page       http://127.0.0.1:9878/  restarted 7 times",
        ),
        (None, ""),
    ],
)
def test_the_page_has_a_line_where_it_is_on(page: dict[str, Any] | None, line: str) -> None:
    shown = plain({**STANDING, "page": page}).splitlines()
    assert [one for one in shown if one.startswith("page")] == ([line] if line else [])
