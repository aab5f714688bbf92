"""Collect all errors and warnings of a configuration, for `check`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.config.checks import check_channels, check_folders
from monitor.errors import ConfigError, Diagnostic
from monitor.frozen import dataclass
from monitor.inspect.lint import lint
from monitor.inspect.lint_files import check_files
from monitor.inspect.rows import diagnostic_row
from monitor.inspect.shared_store import check_shared_store
from monitor.ports import Row

if TYPE_CHECKING:
    from monitor.config import Check, Config

CHECKS: Sequence[Check] = (check_folders, lint, check_files)
WITH_CHANNELS: Sequence[Check] = (check_channels, *CHECKS, check_shared_store)  # also what only the commands know

_TEST = re.compile(r"watchlists\..+\.tests\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What is wrong with a configuration."""

    config: Config | None  # None: it has errors and cannot be used
    faults: tuple[Diagnostic, ...]
    exit_code: int  # 78: an error; 1: a failing test of a watchlist; 0: warnings only

    def rows(self) -> list[Row]:
        """Return a line of `check` for each error and warning, in the order of the file."""
        return [diagnostic_row(fault) for fault in self.faults]


def check(load: Callable[[Sequence[Check]], Config], checks: Sequence[Check] = CHECKS) -> CheckResult:
    """Load a configuration with these checks. A failing test does not stop `run`, but counts as an error here."""
    try:
        config = load(checks)
    except ConfigError as error:
        return CheckResult(config=None, faults=_with_tests(error.faults), exit_code=error.exit_code)
    faults = _with_tests(config.warnings)
    is_failing = any(fault.severity == "error" for fault in faults)
    return CheckResult(config=config, faults=faults, exit_code=1 if is_failing else 0)


def _with_tests(faults: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the same with failing tests as errors; these come first, in the order of the file."""
    raised = [replace(one, severity="error") if _TEST.fullmatch(one.path) else one for one in faults]
    return tuple(sorted(raised, key=lambda one: (one.severity != "error", one.line, one.column)))
