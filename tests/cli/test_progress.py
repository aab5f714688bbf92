"""A bar for a person who waits; nothing for a pipe, nothing for what is done at once."""

from __future__ import annotations

import io

import pytest

from monitor.cli.progress import with_bar


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


def worked_through(count: int, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, after: float) -> str:
    """What is printed."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    things = with_bar(range(count), total=count, label="releases", stream=stream, after=after)
    assert list(things) == list(range(count))
    return stream.getvalue()


def test_what_takes_its_time_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "releases" in worked_through(50, Terminal(), monkeypatch, after=-1)


def test_what_is_done_at_once_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worked_through(50, Terminal(), monkeypatch, after=3600) == ""


@pytest.mark.parametrize("count", [0, 1])
def test_few_things_need_no_bar(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    assert worked_through(count, Terminal(), monkeypatch, after=-1) == ""


def test_a_pipe_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worked_through(50, io.StringIO(), monkeypatch, after=-1) == ""
