"""Write and remove the systemd unit of this installation."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from monitor.errors import MonitorError, NotFound
from monitor.systemd.systemctl import Systemctl

NAME = "monitor.service"
_SYSTEM_FOLDER = Path("/etc/systemd/system")
_TEMPLATES = {"system": "monitor.service", "user": "monitor-user.service"}
_HIDDEN_FOLDERS = (Path("/home"), Path("/root"), Path("/run/user"))  # what ProtectHome= hides


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The monitor as a service of the system or of one user."""

    kind: str  # system | user
    folder: Path  # of the unit
    program: Path
    config: Path

    @property
    def path(self) -> Path:
        """The path of the unit file."""
        return self.folder / NAME

    def unit(self) -> str:
        """Return the text of the unit."""
        text = files("monitor").joinpath("systemd", _TEMPLATES[self.kind]).read_text("utf-8")
        manual = self.program.parent.parent / "share" / "man" / "man1" / "monitor.1"  # where the wheel puts it
        values = {
            "MONITOR": _quoted(self.program),
            "CONFIG": _quoted(self.config).replace("$", "$$"),
            "MANUAL": _address(manual),
        }
        return re.sub("@([A-Z]+)@", lambda found: values[found[1]], text)

    def install(self) -> Iterator[str]:
        """Write the unit; yield what was done and what is left to do. Raises MonitorError without root rights."""
        self._require_root()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.unit(), "utf-8")
        yield f"wrote {self.path}"
        yield from self.notes()
        yield f"next: {self._systemctl} daemon-reload && {self._systemctl} enable --now monitor"

    def uninstall(self) -> Iterator[str]:
        """Stop, disable and remove the unit; yield each step. State and configuration stay.

        Raises NotFound without a unit, and MonitorError before anything is removed if it cannot be stopped.
        """
        self._require_root()
        if not self.path.is_file():
            raise NotFound("there is no such unit, so there is nothing to remove", where=str(self.path))
        is_loaded = self._is_loaded()
        if is_loaded:  # before it is removed: without its file, systemd can no longer disable a unit
            yield f"ran {self._systemctl.run('disable', '--now', 'monitor')}"
        for wants in self.folder.glob("*.wants"):  # the same by hand, where no systemd answers
            (wants / NAME).unlink(missing_ok=True)
        self.path.unlink()
        yield f"removed {self.path}; configuration and state stay where they are"
        if is_loaded:
            yield f"ran {self._systemctl.run('daemon-reload')}"
        else:
            yield f"next, where systemd runs: {self._systemctl} stop monitor; {self._systemctl} daemon-reload"
        if (edits := self.path.with_name(f"{NAME}.d")).is_dir():
            yield f"left {edits}, which {self._systemctl} edit made"

    def notes(self) -> Iterator[str]:
        """Yield what a person should know before the service starts."""
        secrets = "~/.config/monitor/environment" if self.kind == "user" else "/etc/monitor/environment"
        yield f"note: it reads the variables of the configuration from {secrets}, a line NAME='value' each"
        if self.kind == "user":
            yield "note: it ends when you log out, unless you run: loginctl enable-linger"
            return
        yield "note: it can write to /var/lib/monitor only: the configuration needs state: /var/lib/monitor"
        for path in (self.program, self.config):
            if any(home in path.parents for home in _HIDDEN_FOLDERS):
                yield f"note: {path} is in a home folder, which the service cannot see; move it to /opt or /etc"

    @property
    def _systemctl(self) -> Systemctl:
        return Systemctl(is_user=self.kind == "user")

    def _is_loaded(self) -> bool:
        """Return whether systemd runs this very unit, not one of the same name elsewhere."""
        loaded = self._systemctl.unit_file(NAME)
        return loaded is not None and loaded.resolve() == self.path.resolve()

    def _require_root(self) -> None:
        if self.kind == "system" and os.geteuid() != 0:
            raise MonitorError("only root can change system services: use sudo, or --user for a service of your own")


def service(*, kind: str, config: Path, environ: Mapping[str, str] = os.environ) -> Service:
    """Return the service of this installation. Raises NotFound without a program `monitor`."""
    folder = _SYSTEM_FOLDER
    if kind == "user":
        base = environ.get("XDG_CONFIG_HOME", "")
        folder = (Path(base) if base.startswith("/") else Path.home() / ".config") / "systemd" / "user"
    beside = Path(sys.executable).with_name("monitor")
    program = str(beside) if beside.is_file() else shutil.which("monitor")
    if program is None:
        raise NotFound("there is no program named monitor beside this Python or on the PATH; install it first")
    return Service(kind=kind, folder=folder, program=Path(program).absolute(), config=config.absolute())


def _address(path: Path) -> str:
    """Return a path as an address that systemd takes: it reads % itself."""
    return path.as_uri().replace("%", "%%")


def _quoted(path: Path) -> str:
    """Return a path as the first word of a systemd command line; a later one needs each $ twice."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if any(char in text for char in " \t\"';\\") else text
