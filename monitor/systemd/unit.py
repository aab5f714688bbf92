"""Where the program and its configuration lie → a systemd unit, and the place of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from monitor.errors import MonitorError, NotFound

NAME = "monitor.service"
_SYSTEM = Path("/etc/systemd/system")
_TEMPLATES = {"system": "monitor.service", "user": "monitor-user.service"}
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))  # what ProtectHome= hides


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The monitor as one of the system's services, or of a user's."""

    kind: str  # system | user
    folder: Path  # of the unit
    program: Path
    config: Path

    @property
    def path(self) -> Path:
        """Where the unit's file belongs."""
        return self.folder / NAME

    def unit(self) -> str:
        """The text of the unit."""
        text = files("monitor").joinpath("systemd", _TEMPLATES[self.kind]).read_text("utf-8")
        return text.replace("@MONITOR@", _word(self.program)).replace("@CONFIG@", _word(self.config))

    def install(self) -> Iterator[str]:
        """Write the unit; the lines say what was done and what is left to do. Raises MonitorError without the right."""
        self._need_right()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.unit(), "utf-8")
        yield f"wrote {self.path}"
        yield from self.notes()
        yield f"next: {self._control} daemon-reload && {self._control} enable --now monitor"

    def uninstall(self) -> Iterator[str]:
        """Remove the unit; state and configuration stay. Raises NotFound."""
        self._need_right()
        try:
            self.path.unlink()
        except FileNotFoundError:
            raise NotFound("there is no such unit; nothing to remove", where=str(self.path)) from None
        for wants in self.folder.glob("*.wants"):  # what `systemctl enable` made
            (wants / NAME).unlink(missing_ok=True)
        yield f"removed {self.path}; configuration and state stay where they are"
        yield f"next: {self._control} stop monitor; {self._control} daemon-reload"

    def notes(self) -> Iterator[str]:
        """What a person should know before it is started."""
        if self.kind == "user":
            yield "note: it ends when you log out, unless you say: loginctl enable-linger"
            return
        yield "note: it can write to /var/lib/monitor alone: the configuration needs state: /var/lib/monitor"
        for path in (self.program, self.config):
            if any(home in path.parents for home in _HOMES):
                yield f"note: {path} lies in a home folder, which the service cannot see; move it, to /opt or /etc say"

    @property
    def _control(self) -> str:
        return "systemctl --user" if self.kind == "user" else "systemctl"

    def _need_right(self) -> None:
        if self.kind == "system" and os.geteuid() != 0:
            raise MonitorError("the system's services are root's: use sudo, or --user for a service of your own")


def service(*, kind: str, config: Path, environ: Mapping[str, str] = os.environ) -> Service:
    """The service of this installation. Raises NotFound where no program of the name stands."""
    folder = _SYSTEM if kind == "system" else _user_folder(environ)
    return Service(kind=kind, folder=folder, program=_program(), config=config.absolute())


def _user_folder(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".config") / "systemd" / "user"


def _program() -> Path:
    """The `monitor` beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("monitor")
    found = str(beside) if beside.is_file() else shutil.which("monitor")
    if found is None:
        raise NotFound("there is no program named monitor beside this Python or on the path; install it first")
    return Path(found).absolute()


def _word(path: Path) -> str:
    """A path as one word of a systemd command line."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(char in text for char in " \t\"';\\") else text
