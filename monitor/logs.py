"""Log one line per event to stderr: short on a terminal, JSON for machines, with a priority for the journal.

No thread waits for a reader. A line is written at once where the stream takes it, so a killed process has written all
its lines. While the stream takes nothing, lines wait in memory; those that no longer fit are counted.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple, TextIO

from monitor.errors import StoreDamaged, StoreDown, StoreError, StoreReplaced
from monitor.text import escape
from monitor.times import local_timestamp

_LOGGER = logging.getLogger("monitor")
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
FORMATS = ("text", "json", "journal")
_MOST_WAITING = 1_000_000  # bytes of lines that wait for a reader
_CHUNK = min(select.PIPE_BUF, 4096)  # bytes that a pipe with space takes without blocking (POSIX)
_LAST_WAIT = 1.0  # seconds that the end of the process waits for a reader


def say(event: str, /, **fields: object) -> None:
    """Log one event: its name in the past tense, and its fields."""
    _LOGGER.info(event, extra={"fields": fields})


def warn(event: str, /, **fields: object) -> None:
    """Log an event that people may want to act on."""
    _LOGGER.warning(event, extra={"fields": fields})


def warn_store(error: StoreError) -> None:
    """Log why the store did nothing; its loss, damaged and replaced files were logged once, where they were met."""
    if not isinstance(error, StoreDamaged | StoreDown | StoreReplaced):
        warn("store_busy", reason=error.message)


def fail(event: str, error: BaseException, /, **fields: object) -> None:
    """Log an error in this program with its traceback."""
    _LOGGER.error(event, extra={"fields": fields}, exc_info=error)


def set_up(style: str | None, *, timezone: tzinfo | None = None, stream: TextIO | None = None) -> None:
    """Send the log to a stream (default: stderr) in one of FORMATS; None: chosen by the environment.

    timezone: of the times in text; None: the machine's.
    """
    stream = stream or sys.stderr
    if style is None:
        style = "journal" if os.environ.get("JOURNAL_STREAM") else "text" if stream.isatty() else "json"
    handler = _handler(stream)
    handler.setFormatter(_formatters()[style]())
    _LOGGER.handlers[:] = [handler]
    logging.lastResort = handler  # for warnings of libraries
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    set_timezone(timezone)


def set_timezone(timezone: tzinfo | None) -> None:
    """Write times in text in this zone from now on; JSON stays in UTC."""
    for handler in _LOGGER.handlers:
        if isinstance(handler.formatter, _Text):
            handler.formatter.timezone = timezone


def format_in_use() -> str:
    """Return the one of FORMATS that the log is written in."""
    formatter = _LOGGER.handlers[0].formatter if _LOGGER.handlers else None
    return next((name for name, kind in _formatters().items() if type(formatter) is kind), "json")


def _formatters() -> Mapping[str, type[logging.Formatter]]:
    return {"text": _Text, "json": _Json, "journal": _Journal}


def _handler(stream: TextIO) -> logging.Handler:
    try:
        writer = NonBlockingWriter(stream.fileno(), encoding=stream.encoding)
    except OSError:  # a stream in memory has no descriptor and always takes a line
        return logging.StreamHandler(stream)
    handler = logging.StreamHandler(writer)
    writer.note = lambda count: f"{handler.format(_dropped_record(count))}{handler.terminator}"
    atexit.register(writer.close)
    return handler


# The names of events are a contract for programs; on a terminal two of them have plainer words.
_PLAIN = {"message_buried": "message_given_up", "operator_told": "operator_notified"}


class _Part(NamedTuple):
    """Text that waits for the descriptor."""

    content: bytes
    lines: int  # that are lost if it is


class NonBlockingWriter:
    """A stream that writes lines to a descriptor and never blocks; any thread may write.

    A thread exists only while lines wait. The descriptor stays in blocking mode, because other processes may share it.
    """

    def __init__(self, descriptor: int, *, encoding: str = "utf-8", most_waiting: int = _MOST_WAITING) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self._waiting = deque[_Part]()
        self._size = 0  # bytes that wait
        self._dropped = 0  # lines, not noted yet
        self._thread: threading.Thread | None = None  # None: no line has waited yet
        self.note: Callable[[int], str] = "{} lines dropped\n".format  # for so many dropped lines

    def write(self, line: str) -> None:
        """Write a line, or keep it until the descriptor takes it."""
        content = line.encode(self._encoding, "backslashreplace")
        with self._lock:
            if self._size and self._size + len(content) > self._most_waiting:
                self._dropped += 1
            else:
                self._keep(content, lines=1)
            self._write()
            if self._waiting and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._write_later, name="log", daemon=True)
                with suppress(RuntimeError):  # no thread can be started; the next line tries again
                    self._thread.start()

    def flush(self) -> None:
        """Do nothing: `write` has written what it can."""

    def close(self) -> None:
        """Give a reader a last moment to take the lines that wait."""
        until = time.monotonic() + _LAST_WAIT
        while self._waiting and self._is_writable(max(until - time.monotonic(), 0)):
            with self._lock:
                self._write()

    def _write_later(self) -> None:
        while self._waiting:
            self._is_writable(None)
            with self._lock:
                self._write()

    def _write(self) -> None:
        """Write in order what the descriptor takes now, and after it how many lines were dropped."""
        while self._waiting and self._is_writable(0):
            part = self._waiting.popleft()
            try:
                written = os.write(self._descriptor, part.content[:_CHUNK])
            except OSError:  # the reader has gone, or the disk is full
                self._dropped += part.lines + sum(one.lines for one in self._waiting)
                self._waiting.clear()
                self._size = 0
                return
            self._size -= written
            if rest := part.content[written:]:
                self._waiting.appendleft(_Part(rest, part.lines))
            elif self._dropped and not self._waiting:
                count, self._dropped = self._dropped, 0
                self._keep(self.note(count).encode(self._encoding, "backslashreplace"), lines=count)

    def _keep(self, content: bytes, *, lines: int) -> None:
        self._waiting.append(_Part(content, lines))
        self._size += len(content)

    def _is_writable(self, timeout: float | None) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(None if timeout is None else timeout * 1000))


def _dropped_record(count: int) -> logging.LogRecord:
    attributes = {"name": _LOGGER.name, "levelno": logging.WARNING, "levelname": "WARNING", "msg": "log_lines_dropped"}
    return logging.makeLogRecord({**attributes, "fields": {"lines": count}})


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value not in (None, "", 0)}


def _line(record: logging.LogRecord, write: Callable[[object], str] = str) -> str:
    # escape: file names and titles come from outside and may contain terminal codes.
    fields = (f"{name}={escape(write(value))}" for name, value in _fields(record).items())
    return " ".join([record.getMessage(), *fields])


class _Text(logging.Formatter):
    """A line such as `2026-11-22 12:00:01 dump_stored name=a.txt new=3`; warnings are marked, all times are local."""

    timezone: tzinfo | None = None  # None: the machine's

    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        at = datetime.fromtimestamp(record.created, UTC).astimezone(self.timezone)
        # The traceback may quote file names and titles as well.
        trace = map(escape, self.formatException(record.exc_info).split("\n")) if record.exc_info else ()
        event, _, fields = _line(record, self._local).partition(" ")
        line = " ".join(filter(None, [_PLAIN.get(event, event), fields]))
        return "\n".join([f"{at:%Y-%m-%d %H:%M:%S} {mark}{line}", *trace])

    def _local(self, value: object) -> str:
        """Return a value as text; one that is a time as a whole, and no file name that holds one, becomes local."""
        return local_timestamp(str(value), self.timezone)


class _Json(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Journal(logging.Formatter):
    """A line without its time, which the journal adds; `<6>` is the priority."""

    def format(self, record: logging.LogRecord) -> str:
        trace = f" {escape(self.formatException(record.exc_info))}" if record.exc_info else ""
        return f"<{_PRIORITY.get(record.levelno, 6)}>{_line(record)}{trace}"
