"""Load a configuration file into one frozen `Config`, or report every error in it with its place.

    text ─ yaml_recovery, yaml_tree → nodes ─ interpolate → nodes ─ cross_checks, models → Config and Diagnostics → text

What is wrong is reported and taken out (`stand_ins`), so that the checks see all the rest in the same pass.

This package imports yaml and pydantic, so commands that need no configuration must not import it.
"""

from monitor.config.copy_target import copy_target
from monitor.config.diagnostics import Diagnostics, caret_excerpt, render_diagnostics
from monitor.config.load import (
    Check,
    file_stamp,
    find,
    load,
    load_what_is_valid,
    load_without_secrets,
    location_of,
    page_environment,
    state_of,
)
from monitor.config.models import Config, FileStamp
from monitor.config.parsers import positive_duration
from monitor.config.web import WebOptions, web_options_of, with_listen
from monitor.config.withhold import REDUCED

__all__ = [
    "REDUCED",
    "Check",
    "Config",
    "Diagnostics",
    "FileStamp",
    "WebOptions",
    "caret_excerpt",
    "copy_target",
    "file_stamp",
    "find",
    "load",
    "load_what_is_valid",
    "load_without_secrets",
    "location_of",
    "page_environment",
    "positive_duration",
    "render_diagnostics",
    "state_of",
    "web_options_of",
    "with_listen",
]
