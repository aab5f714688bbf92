"""A configuration file → one frozen `Config`, or every fault it has, each with its place.

    text ──tree──▶ located text ──interpolate──▶ the same, filled ──cross, models──▶ Config or faults ──faults──▶ print

Importing this package loads yaml and pydantic; commands that need no configuration must not.
"""

from monitor.config.diagnostics import Findings
from monitor.config.load import Check, candidates, find, load, look_at, state_of
from monitor.config.models import Channel, Config, Example, Look, Source, Watch, Watchlist
from monitor.config.parsers import duration, positive_duration, size
from monitor.config.report import paint, pointed

__all__ = [
    "Channel",
    "Check",
    "Config",
    "Example",
    "Findings",
    "Look",
    "Source",
    "Watch",
    "Watchlist",
    "candidates",
    "duration",
    "find",
    "load",
    "look_at",
    "paint",
    "pointed",
    "positive_duration",
    "size",
    "state_of",
]
