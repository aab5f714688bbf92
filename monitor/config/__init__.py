"""Load a configuration file into one frozen `Config`, or report every error in it with its place.

    text ─ yaml_tree → nodes ─ interpolate → nodes ─ cross_checks, models → Config or Diagnostics ─ report → text

This package imports yaml and pydantic, so commands that need no configuration must not import it.
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
