"""Write the log to real pipes, with and without a reader."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor import logs
from monitor.logs import FORMATS, NonBlockingWriter, _Text, set_timezone, set_up


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def lines_of(descriptor: int, until: str) -> list[str]:
    """Read lines up to one that begins with `until`; the test's own deadline ends a wait for nothing."""
    text = b""
    while f"\n{until}".encode() not in text or not text.endswith(b"\n"):
        text += os.read(descriptor, 1 << 16)
    return text.decode().splitlines()


def test_a_line_is_in_the_pipe_when_the_call_returns() -> None:
    with pipe() as (reader, writer):
        log = NonBlockingWriter(writer)
        for number in range(3):
            log.write(f"line {number}\n")
            assert os.read(reader, 100) == f"line {number}\n".encode()


def test_no_write_waits_for_a_reader_and_all_lines_come_in_order() -> None:
    with pipe() as (reader, writer):
        log = NonBlockingWriter(writer)
        written = [f"line {number} {'x' * (number % 9000)}" for number in range(0, 20_000, 7)]
        for line in written[:150]:  # more than a pipe holds
            log.write(f"{line}\n")
        log.write("end\n")
        assert lines_of(reader, "end") == [*written[:150], "end"]


def test_lines_that_do_not_fit_are_counted_and_the_count_is_written() -> None:
    with pipe() as (reader, writer):
        log = NonBlockingWriter(writer, most_waiting=10_000)
        log.write("x" * 1_000_000 + "\n")  # one line is always kept
        for number in range(5):
            log.write(f"line {number}\n")
        assert lines_of(reader, "5 lines")[1:] == ["5 lines dropped"]
        log.write("line 5\n")
        assert os.read(reader, 100) == b"line 5\n"


def test_a_reader_that_has_gone_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        log = NonBlockingWriter(writer)
        log.write("line 1\n")
        log.write("line 2\n")
    finally:
        os.close(writer)


def test_a_full_disk_costs_lines_which_are_counted(tmp_path: Path) -> None:
    full, descriptor = os.open("/dev/full", os.O_WRONLY), os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    log = NonBlockingWriter(full)
    log.write("line 1\n")
    log.write("line 2\n")
    os.dup2(descriptor, full)  # the disk has space again
    log.write("line 3\n")
    os.close(full)
    os.close(descriptor)
    assert (tmp_path / "log").read_text("utf-8") == "line 3\n2 lines dropped\n"


def test_the_end_of_the_process_gives_a_slow_reader_the_rest() -> None:
    with pipe() as (reader, writer):
        log = NonBlockingWriter(writer)
        log.write("x" * 70_000 + "\n")  # a little more than a pipe holds
        assert len(os.read(reader, 1 << 16)) > 0
        log.close()
        assert lines_of(reader, "")[-1].endswith("x")


def test_the_format_in_use_is_the_one_that_was_set_up() -> None:
    program = """if True:
        from monitor import logs
        for style in logs.FORMATS:
            logs.set_up(style)
            print(logs.format_in_use())
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().split() == list(FORMATS)


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("text", "2026-11-23 00:04:05 WARNING: retried name=20261122T150405Z due=2026-11-23T00:10:00+09:00 tries=2"),
        ("journal", "<4>retried name=20261122T150405Z due=2026-11-22T15:10:00Z tries=2"),
        ("json", '{"at": "2026-11-22T15:04:05.000000Z", "level": "warning", "event": "retried", '),
    ],
)
def test_people_read_the_log_in_their_zone_and_machines_in_utc(style: str, line: str) -> None:
    fields = {"name": "20261122T150405Z", "due": "2026-11-22T15:10:00Z", "tries": 2}
    record = logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": "retried"})
    record.created, record.fields = 1795359845.0, fields
    before, stream = list(logging.getLogger("monitor").handlers), io.StringIO()
    try:
        set_up(style, timezone=ZoneInfo("Asia/Seoul"), stream=stream)
        logging.getLogger("monitor").handle(record)
    finally:
        logging.getLogger("monitor").handlers[:] = before
    assert stream.getvalue().startswith(line)


def test_a_reload_moves_the_log_to_the_zone_of_the_new_configuration() -> None:
    formatter = _Text()
    record = logging.makeLogRecord({"levelno": logging.INFO, "msg": "a", "created": 0.0})
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.getLogger("monitor").addHandler(handler)
    try:
        for name, time in (("UTC", "1970-01-01 00:00:00"), ("Asia/Seoul", "1970-01-01 09:00:00")):
            set_timezone(ZoneInfo(name))
            assert formatter.format(record) == f"{time} a"
    finally:
        logging.getLogger("monitor").removeHandler(handler)


@pytest.mark.parametrize(("style", "name"), [("text", "message_given_up"), ("json", "message_buried")])
def test_people_read_plain_words_and_programs_the_names_of_the_contract(style: str, name: str) -> None:
    record = logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": "message_buried"})
    assert name in logs._formatters()[style]().format(record)
