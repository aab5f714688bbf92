"""A configuration file → one frozen `Config`, or every fault it has, each with its place.

    text ──tree──▶ located text ──interpolate──▶ the same, filled ──cross, models──▶ Config or faults ──faults──▶ print

Importing this package loads yaml and pydantic; commands that need no configuration must not.
"""

from monitor.config.diagnostics import Diagnostics
from monitor.config.load import Check, candidates, file_stamp, find, load, state_of
from monitor.config.models import Channel, Config, Example, FileStamp, Source, Watch, Watchlist
from monitor.config.parsers import duration, positive_duration, size
from monitor.config.report import caret_excerpt, render_diagnostics

__all__ = [
    "Channel",
    "Check",
    "Config",
    "Diagnostics",
    "Example",
    "FileStamp",
    "Source",
    "Watch",
    "Watchlist",
    "candidates",
    "caret_excerpt",
    "duration",
    "file_stamp",
    "find",
    "load",
    "positive_duration",
    "render_diagnostics",
    "size",
    "state_of",
]
