"""Fetches into a real folder: what is dropped, what is remembered, and when the next one is due."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.collect.fetching.fetcher import (
    TELL_AFTER,
    Fetcher,
    FetchOptions,
    FetchState,
    has_to_be_told,
    is_due,
    read_fetch_state,
    suffix_of,
)
from monitor.collect.watching.folder import Folder
from monitor.secret import Secret
from tests.servers import Answer, closed_port, http_server

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "cAnArYt0KeN"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetcher(folder: Path, url: str, *, keep: int = 10) -> Fetcher:
    options = FetchOptions(url=Secret(url), every=HOUR, allow_private=True, keep=keep, timeout=30)
    return Fetcher(source="항구", folder=folder, options=options, suffix=".xml", max_size=1000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def at(hours: float) -> datetime:
    return NOON + hours * HOUR


def test_each_new_version_is_a_file_of_its_own_and_an_old_one_is_not_dropped_again(tmp_path: Path) -> None:
    folder = tmp_path / "한글 folder"
    answers = (
        Answer(body=b"one", headers={"ETag": '"1"'}),
        Answer(status=304, body=b""),
        Answer(body=b"one", headers={"ETag": '"2"'}),
        Answer(body=b"two"),
        Answer(body=b"one"),
    )
    with http_server(*answers) as server:
        one = fetcher(folder, f"{server.url}/{TOKEN}")
        dropped = [one.fetch(now=at(hour)).name for hour in range(5)]
        asked = [request.headers.get("If-None-Match") for request in server.requests]
    assert dropped == ["항구-20261122T120000Z.xml", "", "", "항구-20261122T150000Z.xml", "항구-20261122T160000Z.xml"]
    assert asked == [None, '"1"', '"1"', '"2"', None]
    assert [(folder / name).read_text() for name in names(folder)] == ["one", "two", "one"]
    assert min(path.name for path in folder.iterdir()) == ".fetch-항구.json"
    assert TOKEN not in (folder / ".fetch-항구.json").read_text()


def test_two_versions_within_a_second_are_two_files_in_their_order(tmp_path: Path) -> None:
    with http_server(Answer(body=b"one"), Answer(body=b"two"), Answer(body=b"six")) as server:
        one = fetcher(tmp_path, server.url, keep=1)
        made = [one.fetch(now=NOON).name for _ in range(3)]
    assert names(tmp_path) == made
    assert [(tmp_path / name).read_text() for name in made] == ["one", "two", "six"]
    one.rotate(lambda _path: True)
    assert names(tmp_path) == made[-1:]


def test_who_removes_the_file_gets_it_again(tmp_path: Path) -> None:
    with http_server(Answer(body=b"one", headers={"ETag": '"1"'})) as server:
        one = fetcher(tmp_path, server.url)
        (tmp_path / one.fetch(now=at(0)).name).unlink()
        assert one.fetch(now=at(1)).name
        assert [request.headers.get("If-None-Match") for request in server.requests] == [None, None]


def test_another_address_starts_anew(tmp_path: Path) -> None:
    with http_server(Answer(body=b"one", headers={"ETag": '"1"'})) as server:
        fetcher(tmp_path, f"{server.url}/a").fetch(now=at(0))
        assert fetcher(tmp_path, f"{server.url}/b").fetch(now=at(1)).name
        assert [request.headers.get("If-None-Match") for request in server.requests] == [None, None]


def test_a_failure_leaves_the_folder_and_the_validators_as_they_were(tmp_path: Path) -> None:
    answers = (Answer(body=b"one", headers={"ETag": '"1"'}), Answer(status=503, headers={"Retry-After": "7200"}))
    with http_server(*answers, Answer(body=b"x" * 2000), Answer(status=304, body=b"")) as server:
        one = fetcher(tmp_path, f"{server.url}/{TOKEN}")
        before = one.fetch(now=at(0))
        first, second = one.fetch(now=at(1)), one.fetch(now=at(2))
        assert names(tmp_path) == [before.name]
        assert (first.failure and first.failure.reason) == "the server answered 503 Service Unavailable"
        assert (first.state.failures, first.state.rest, second.state.failures) == (1, 7200.0, 2)
        assert (second.state.failing_since, second.state.reason[:19]) == ("2026-11-22T13:00:00Z", "the file is larger ")
        after = one.fetch(now=at(3))
        assert server.requests[-1].headers["If-None-Match"] == '"1"'
    assert after.state == FetchState(
        url=before.state.url,
        etag='"1"',
        file=before.name,
        digest=before.state.digest,
        tried="2026-11-22T15:00:00Z",
        fetched="2026-11-22T15:00:00Z",
    )
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_folder_that_cannot_be_made_is_a_failure_of_the_system(tmp_path: Path) -> None:
    one = fetcher(tmp_path / "no" / "parent", "http://127.0.0.1/")
    with pytest.raises(OSError, match="No such file"):
        one.fetch(now=NOON)


def test_a_full_disk_is_told_by_its_name(small_disk: Path) -> None:
    with http_server(Answer(body=b"x" * 900)) as server:
        one = fetcher(small_disk, server.url)
        one.fetch(now=at(0))
        filler = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while os.write(filler, bytes(4096)):
                pass
        os.close(filler)
        server.answers = (Answer(body=b"y" * 900),)
        with pytest.raises(OSError, match="No space left"):
            one.fetch(now=at(1))
        (small_disk / "filler").unlink()
        assert one.fetch(now=at(2)).name


def test_a_recovery_is_said_only_of_what_was_told(tmp_path: Path) -> None:
    one = fetcher(tmp_path, f"http://127.0.0.1:{closed_port()}/")
    state = one.fetch(now=at(0)).state
    with http_server(Answer(body=b"one")) as server:
        again = fetcher(tmp_path, server.url)
        assert not again.fetch(now=at(1)).is_recovered
    one.fetch(now=at(2))
    one.write_state(replace(read_fetch_state(tmp_path, "항구"), is_told=True))
    with http_server(Answer(body=b"two")) as server:
        assert fetcher(tmp_path, server.url).fetch(now=at(3)).is_recovered
        assert not fetcher(tmp_path, server.url).fetch(now=at(4)).is_recovered
    assert state.reason.startswith("connection refused by 127.0.0.1:")


def test_only_own_files_that_were_ingested_are_rotated(tmp_path: Path) -> None:
    one = fetcher(tmp_path, "http://127.0.0.1/", keep=2)
    own = [one.name_at(at(hour)) for hour in range(5)]
    others = ["항구-x.xml", "항구-20261122T120000Z.txt", "강-20261122T120000Z.xml"]
    for name in own + others:
        (tmp_path / name).write_text("")
    one.rotate(lambda path: not path.decode().endswith(own[1]))
    assert names(tmp_path) == sorted([own[1], *own[3:], *others])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"tried": 5}', '{"tried": "soon", "failures": true, "rest": "x"}', '{"other": 1}']
)
def test_a_damaged_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / ".fetch-항구.json").write_text(content)
    assert read_fetch_state(tmp_path, "항구") == FetchState()


@pytest.mark.parametrize(
    ("failures", "rest", "early", "late"),
    [
        (0, 0, 0.99, 1.11),
        (1, 0, 1.99, 2.21),
        (3, 0, 7.99, 8.81),
        (30, 0, 23.9, 26.5),
        (1, 18_000, 4.99, 5.51),
        (1, 10**7, 23.9, 26.5),
        (0, 0, -0.1, -0.1),
    ],
)
def test_it_is_fetched_later_after_failures_and_never_more_than_a_tenth_late(
    failures: int, rest: float, early: float, late: float
) -> None:
    options = FetchOptions(url=Secret("http://a.example/"), every=HOUR)
    state = FetchState(url="", tried="2026-11-22T12:00:00Z", failures=failures, rest=float(rest))
    known = replace(state, url=sha256(options.url.reveal().encode()).hexdigest()[:16])
    assert is_due(FetchState(), options, now=NOON)
    assert is_due(state, options, now=NOON)  # another address
    assert is_due(known, options, now=at(early)) is (early < 0)  # the clock was set back: nothing is known of then
    assert is_due(known, options, now=at(late))


@pytest.mark.parametrize(
    ("failures", "is_told", "is_lasting", "told"),
    [
        (0, False, False, False),
        (1, False, False, False),
        (1, False, True, True),
        (TELL_AFTER, False, False, True),
        (TELL_AFTER, True, True, False),
    ],
)
def test_operators_hear_of_it_once(failures: int, *, is_told: bool, is_lasting: bool, told: bool) -> None:
    assert has_to_be_told(FetchState(failures=failures, is_told=is_told), is_lasting=is_lasting) is told


@pytest.mark.parametrize(
    ("url", "suffix"),
    [
        ("https://a.example/feed.xml", ".xml"),
        ("https://a.example/news.JSON?x=1.txt", ".json"),
        ("https://a.example/all.xml.gz", ".xml.gz"),
        ("https://a.example/feed", ".rss"),
        ("https://a.example/", ".rss"),
        ("https://a.example/run.php", ".rss"),
    ],
)
def test_a_file_is_named_as_its_address_ends_where_the_source_takes_that(url: str, suffix: str) -> None:
    folder = Folder(source="a", path=b"/", files=("*.rss", "*.xml", "*.json", "*.xml.gz"))
    assert suffix_of(Secret(url), files=folder.files, matches=folder.matches) == suffix


def test_without_a_pattern_that_says_more_it_is_a_text() -> None:
    folder = Folder(source="a", path=b"/", files=("*",))
    assert suffix_of(Secret("https://a.example/feed"), files=folder.files, matches=folder.matches) == ".txt"
