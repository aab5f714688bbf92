"""Log one line per event to stderr: short on a terminal, JSON for machines, with a priority for the journal."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

from monitor.text import escape

_LOGGER = logging.getLogger("monitor")
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
FORMATS = ("text", "json", "journal")


def say(event: str, /, **fields: object) -> None:
    """Log one event: its name in the past tense, and its fields."""
    _LOGGER.info(event, extra={"fields": fields})


def warn(event: str, /, **fields: object) -> None:
    """Log an event that people may want to act on."""
    _LOGGER.warning(event, extra={"fields": fields})


def fail(event: str, error: BaseException, /, **fields: object) -> None:
    """Log an error in this program with its traceback."""
    _LOGGER.error(event, extra={"fields": fields}, exc_info=error)


def set_up(style: str | None, *, stream: TextIO | None = None) -> None:
    """Send the log to a stream (default: stderr) in one of FORMATS; None: chosen by the environment."""
    stream = stream or sys.stderr
    if style is None:
        style = "journal" if os.environ.get("JOURNAL_STREAM") else "text" if stream.isatty() else "json"
    handler = logging.StreamHandler(stream)
    handler.setFormatter({"text": _Text, "json": _Json, "journal": _Journal}[style]())
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value not in (None, "", 0)}


def _line(record: logging.LogRecord) -> str:
    # escape: file names and titles come from outside and may contain terminal codes.
    return " ".join([record.getMessage(), *(f"{name}={escape(str(value))}" for name, value in _fields(record).items())])


class _Text(logging.Formatter):
    """A line such as `12:00:01 dump_stored name=a.txt new=3`; warnings are marked."""

    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        at = datetime.fromtimestamp(record.created).astimezone()
        # The traceback may quote file names and titles as well.
        trace = map(escape, self.formatException(record.exc_info).split("\n")) if record.exc_info else ()
        return "\n".join([f"{at:%H:%M:%S} {mark}{_line(record)}", *trace])


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
