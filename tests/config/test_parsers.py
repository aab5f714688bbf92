"""The text of one setting is parsed, or refused with a message that does not repeat it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import parsers
from monitor.model import Kind, Rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1.5h", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(days=7)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert parsers.duration(text) == expected


def test_the_longest_duration_can_be_added_to_any_time_of_ours() -> None:
    assert (datetime(2026, 11, 22, tzinfo=UTC) + parsers.duration("365000d")).year == 3026
    with pytest.raises(ValueError, match="too long"):
        parsers.duration("365001d")


@pytest.mark.parametrize(
    ("text", "per_second"), [("1/s", 1), ("0.5/s", 0.5), ("10/min", 10 / 60), ("10/m", 10 / 60), ("90/h", 90 / 3600)]
)
def test_a_rate_is_so_many_in_a_time_evenly_spread(text: str, per_second: float) -> None:
    assert parsers.rate(text) == Rate(per_second=per_second, burst=1)


def test_a_limit_may_be_none() -> None:
    assert (parsers.limit("0"), parsers.limit("60")) == (0, 60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1B", 1), ("500kB", 500_000), ("500KB", 500_000), ("1.5MB", 1_500_000), ("2GB", 2 * 10**9), ("1TB", 10**12)],
)
def test_a_size_is_a_number_and_a_decimal_unit(text: str, expected: int) -> None:
    assert parsers.size(text) == expected


@pytest.mark.parametrize(
    ("parse", "rows"),
    [
        (
            parsers.duration,
            ["", "90", "s", "2 d", "-1s", "1.s", ".5s", "1y", "1D", "٣s", "1e3s", "PT1H", "9" * 99 + "s"],
        ),
        (parsers.positive_duration, ["0s", "0.0ms"]),
        (parsers.rate, ["", "1", "/s", "0/s", "-1/s", "1/d", "1 /s", "x/s"]),
        (parsers.limit, ["", "-1", "1.5", "x", "999999"]),
        (parsers.size, ["", "1", "MB", "1 MB", "-1MB", "1MiB", "1mb", "0GB", "0.1B"]),
        (parsers.flag, ["", "1", "0", "y", "t", "maybe"]),
        (parsers.zone, ["", "Asia", "Nowhere/None", "/etc/passwd", "../x", "a\0b", "posixrules/x"]),
        (parsers.codec, ["", "klingon", "hex", "rot13", "base64", "undefined", "a\0b"]),
        (parsers.glob, ["", "a/b"]),
        (parsers.word, ["", " ", "\n", "\u3000"]),
        (parsers.event, ["", "cosmetic", "stale", "unchanged", "rejected", "NEW"]),
        (parsers.url, ["", "console", "://x", "1a://x", "a://b c", "a://\x07", "mailto:x@y"]),
        (parsers.name, ["", "-a", ".a", "_a", "a b", "a/b", "a\n", "é", "x" * 65, "ㄱ"]),
    ],
)
def test_every_parser_refuses_without_repeating_what_it_was_given(
    parse: Callable[[str], object], rows: list[str]
) -> None:
    for text in rows:
        with pytest.raises(ValueError, match=r"^(is|has) ") as caught:
            parse(text)
        assert len(text) < 3 or f"'{text}'" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("Yes", True), ("ON", True), ("no", False), ("Off", False)]
)
def test_a_flag_is_what_people_write(text: str, expected: bool) -> None:
    assert parsers.flag(text) is expected


@pytest.mark.parametrize("text", ["auto", "utf-8", "cp949", "EUC-KR", "utf-16", "utf-32", "latin-1"])
def test_a_codec_python_knows_is_one(text: str) -> None:
    assert parsers.codec(text) == text


@pytest.mark.parametrize("text", ["a", "1", "산업부", "team-1.x_y", "a한글", "x" * 64, "Ünü"[1:]])
def test_a_name_is_letters_digits_and_a_few_signs(text: str) -> None:
    assert parsers.name(text) == text


@pytest.mark.parametrize("text", ["", "~", "~/x", "a\0b", "a\ud800"])
def test_a_path_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|begins) "):
        parsers.folder_path(text, Path("/base"))


def test_a_relative_path_starts_at_the_base() -> None:
    assert parsers.folder_path("in/", Path("/base")) == Path("/base/in")
    assert parsers.folder_path("/abs", Path("/base")) == Path("/abs")


def test_events_that_alert_are_taken_as_kinds() -> None:
    assert [parsers.event(kind.value) for kind in parsers.WHEN] == list(parsers.WHEN)
    assert parsers.event("new") is Kind.NEW


@pytest.mark.parametrize(
    ("text", "expected"),
    [("urll", "; did you mean 'url'?"), ("URL", "; did you mean 'url'?"), ("zzz", ""), ("", "")],
)
def test_a_suggestion_is_made_only_where_something_comes_close(text: str, expected: str) -> None:
    assert parsers.suggestion(text, ["url", "max_age"]) == expected


@pytest.mark.parametrize("text", ["off", "127.0.0.1:9877", "0.0.0.0:0", "[::1]:9877", "[::]:65535"])
def test_an_address_to_listen_on_is_of_this_machine_with_a_port(text: str) -> None:
    assert parsers.listen(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "on",
        "9877",
        ":9877",
        "localhost:9877",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:9877",
        "[127.0.0.1]:80",
        "[::1]",
        "127.0.0.1:٩",
        "http://127.0.0.1:9877",
        "127.0.0.1:9877/",
    ],
)
def test_any_other_address_is_refused_with_those_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 127\.0\.0\.1:9877"):
        parsers.listen(text)


@pytest.mark.parametrize("text", ['"json://x"', "'json://x'", "json://x ", "“json://x”", "<json://x>", "json://x\r\n"])
def test_an_address_that_came_with_quotes_or_spaces_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match="remove the quotes or spaces around it"):
        parsers.url(text)
