"""Messages on a terminal, in a pipe, and on a stream that is gone."""

from __future__ import annotations

import contextlib
import io
import os
import socket

from monitor.model import Kind, Outcome
from monitor.notify.console import ConsoleChannel
from monitor.notify.plain_text import plain
from monitor.notify.render import subject
from tests.notify.facts import item, keep, message, note, swap

TOLD = message(
    item(kind=Kind.CHANGED, title="- not a redline", edits=(keep("rose "), swap("5.1", "5.3"), keep(" percent")))
)


def test_a_message_is_printed_plain_with_its_subject_and_a_blank_line() -> None:
    stream = io.StringIO()
    verdict = ConsoleChannel("console", stream).send(TOLD, delivery="1")
    assert verdict.outcome is Outcome.OK
    assert stream.getvalue() == f"{subject(TOLD)}\n{plain(TOLD)}\n\n"
    assert "\x1b" not in stream.getvalue()


def test_with_color_headlines_are_bold_and_redlines_red_and_green() -> None:
    stream = io.StringIO()
    ConsoleChannel("console", stream, color=True).send(TOLD, delivery="1")
    lines = stream.getvalue().split("\n")
    assert lines[0] == f"\x1b[1m{subject(TOLD)}\x1b[0m"
    assert lines[1].startswith("\x1b[1mCHANGED  2024-07-01")
    assert "  rose \x1b[31m[-5.1-]\x1b[0m\x1b[32m{+5.3+}\x1b[0m percent" in lines


def test_a_note_of_one_line_is_printed_once_and_of_more_lines_whole() -> None:
    stream = io.StringIO()
    channel = ConsoleChannel("console", stream)
    channel.send(note("channel team works again"), delivery="1")
    channel.send(note("channel team is failing\n503 since noon"), delivery="2")
    assert (
        stream.getvalue()
        == "[monitor] channel team works again\n\n[monitor] channel team is failing\n503 since noon\n\n"
    )


def test_with_color_the_heading_of_a_source_is_bold() -> None:
    stream = io.StringIO()
    ConsoleChannel("console", stream, color=True).send(message(item(source="motie"), item(source="kita")), delivery="1")
    assert "\n\x1b[1m── kita: 1 new\x1b[0m\n" in stream.getvalue()


def test_scraped_text_cannot_choose_a_colour() -> None:
    stream = io.StringIO()
    ConsoleChannel("console", stream, color=True).send(
        message(item(title="\x1b[31m    - red", lead="[-red-] {+green+}")), delivery="1"
    )
    assert "\n  [31m - red\n  [ -red- ] { +green+ }\n" in stream.getvalue()


def test_a_message_is_flushed(tmp_path: object) -> None:
    reader, writer = os.pipe()
    with open(reader) as out, open(writer, "w") as stream:  # noqa: PTH123  a pipe has no path
        ConsoleChannel("console", stream).send(note("hello"), delivery="1")
        assert out.readline() == "[monitor] hello\n"


def test_what_the_stream_cannot_encode_does_not_stop_the_message() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert ConsoleChannel("console", stream).send(note("5.1 → 5.3"), delivery="1").outcome is Outcome.OK
    assert stream.buffer.getvalue().startswith(b"[monitor] 5.1 ? 5.3\n")


def test_a_closed_stream_is_a_far_side_that_is_away() -> None:
    stream = io.StringIO()
    stream.close()
    verdict = ConsoleChannel("console", stream).send(TOLD, delivery="7")
    assert verdict.outcome is Outcome.TRANSIENT
    assert "message 7" in verdict.reason


def test_a_broken_pipe_is_a_far_side_that_is_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:  # noqa: PTH123  a pipe has no path
        assert ConsoleChannel("console", stream).send(TOLD, delivery="1").outcome is Outcome.TRANSIENT


def test_a_pipe_that_nobody_reads_is_a_service_that_is_down() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb", 0) as out, open(writer, "w") as stream:  # noqa: PTH123  a pipe has no path
        channel = ConsoleChannel("console", stream, timeout=0.05)
        os.set_blocking(writer, False)
        filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                filled += os.write(writer, bytes(65_536))
        os.set_blocking(writer, True)
        verdict = channel.send(note("hello"), delivery="7")
        assert verdict.outcome is Outcome.TRANSIENT
        assert "nobody reads the console" in verdict.reason
        while filled > 0:
            filled -= len(out.read(65_536))
        assert channel.send(note("hello"), delivery="7").outcome is Outcome.OK
        assert out.read(65_536) == b"[monitor] hello\n\n"


def test_each_write_ends_with_a_line_so_that_a_log_beside_it_breaks_none() -> None:
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # keeps the writes apart
    long = message(*(item(title=f"The release with number {number} of a long message") for number in range(9)))
    with reader, writer, open(writer.fileno(), "w", encoding="utf-8", closefd=False) as stream:
        assert ConsoleChannel("console", stream).send(long, delivery="1").outcome is Outcome.OK
        reader.setblocking(False)
        writes = []
        with contextlib.suppress(BlockingIOError):
            while True:
                writes.append(reader.recv(4096))
    assert len(writes) > 1
    assert b"".join(writes).decode() == f"{subject(long)}\n{plain(long)}\n\n"
    assert [write[-1:] for write in writes] == [b"\n"] * len(writes)
