"""Write a row as the line that a command prints with `--json`; `rows` makes the rows of what is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.errors import MonitorError
    from monitor.ports import Row

# DEL and C1 controls pass json.dumps unescaped, bidirectional controls reorder what a person reads.
_HARMLESS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def json_line(row: Row) -> str:
    """Return a row as a line of `--json`: Korean stays readable, control characters are escaped."""
    return json.dumps({"schema_version": 1, **row}, ensure_ascii=False, default=str).translate(_HARMLESS)


def error_row(error: MonitorError) -> Row:
    """Return the `error` of the last line that a command with `--json` prints on stderr."""
    return {"code": error.exit_code, "message": error.message, "where": error.where}
