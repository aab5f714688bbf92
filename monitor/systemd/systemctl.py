"""Ask the service manager where it read our unit from, and have it stop and forget that unit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import MonitorError

_PATIENCE = 10  # seconds a question may take; a command may take as long as the service takes to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Systemctl:
    """`systemctl` for the system's service manager or for a user's own."""

    is_user: bool

    def __str__(self) -> str:
        return " ".join(self._words)

    def unit_file(self, unit: str) -> Path | None:
        """Return the file that the manager read a unit from; None: no manager answers, or it knows no such unit."""
        try:
            done = self._run("show", "--property=FragmentPath", "--value", unit, timeout=_PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            return None
        path = done.stdout.strip()
        return Path(path) if done.returncode == 0 and path else None

    def run(self, *words: str) -> str:
        """Run a command and return it as one would type it. Raises MonitorError with what systemctl said."""
        shown = " ".join([*self._words, *words])
        done = self._run(*words, timeout=None)
        if done.returncode:
            raise MonitorError(f"{shown} failed: {done.stderr.strip() or f'exit code {done.returncode}'}")
        return shown

    @property
    def _words(self) -> tuple[str, ...]:
        return ("systemctl", "--user") if self.is_user else ("systemctl",)

    def _run(self, *words: str, timeout: float | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - no word comes from outside
            [*self._words, *words], capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
