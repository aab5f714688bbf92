"""What can go wrong, as one tree.

MonitorError                 says what happened, to which thing, and what to do next; carries the exit code
├── ConfigError              the configuration cannot be used (78); carries every fault, each with its place
├── LockHeld                 another monitor works on this state folder (11)
├── StoreError               the state store cannot be used (1)
│   ├── SchemaTooNew         it was written by a newer monitor
│   ├── StoreLost            the folder once held a store whose tables are gone
│   └── Stale                what a batch was decided on has moved; decide again
├── ChannelUnusable          a channel's url gives no service (78; lives in monitor.notify.apprise_channel)
├── Skipped                  a path that is no dump file (lives in monitor.collect.file_reader)
├── NotReadable              a dump file cannot be read as text (becomes a Reject, never a crash)
├── FileChanged              a dump file changed while it was read; read it again
├── Interrupted              a take-in was told to stop between two parts; it goes on from there next time
├── NotFound                 no such release, channel, dump (1)
├── WrongState               the thing is there, and what is asked cannot be done to it as it stands (1)
├── NoDaemon                 no daemon listens on the control socket (lives in monitor.control.server)
└── UsageError               the request makes no sense as given (2)
"""

from __future__ import annotations

from dataclasses import dataclass


class MonitorError(Exception):
    """Root of every error this package raises on purpose; `where` names the thing it is about."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.excerpt = ""  # what it is about with a caret under the spot; printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing wrong with the configuration, at one place of one file."""

    file: str
    line: int  # 1-based; 0: the fault is about the file as a whole
    column: int  # 1-based, in characters
    path: str  # dotted key path such as "channels.team.url"; "" at the root
    message: str
    excerpt: str = ""  # the source line itself, secrets never interpolated
    severity: str = "error"  # error | warning

    @property
    def where(self) -> str:
        """`file:line:column`, or the file alone where no line applies."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class ConfigError(MonitorError):
    """The configuration has faults; all of them, in file order."""

    exit_code = 78

    def __init__(self, faults: tuple[Diagnostic, ...]) -> None:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{first.path + ': ' if first.path else ''}{first.message}{more}", where=first.where)
        self.faults = faults


class LockHeld(MonitorError):
    """Another process holds the state folder's lock."""

    exit_code = 11


class StoreError(MonitorError):
    """The state store cannot be opened, read or written."""


class SchemaTooNew(StoreError):
    """The store was written by a newer version; upgrade instead of guessing."""


class StoreLost(StoreError):
    """A store lived here and its tables are gone; starting afresh would alert on everything again."""


class Stale(StoreError):
    """Releases this batch was decided on have changed since; classify again and retry."""


class NotReadable(MonitorError):
    """These bytes are not a text this monitor can decode."""


class FileChanged(MonitorError):
    """The file was rewritten while it was read; what was read is not one state of it."""


class Interrupted(MonitorError):
    """Told to stop; what is stored stays, and the next take-in of the same file goes on behind it."""


class NotFound(MonitorError):
    """The named thing does not exist in the store or the configuration."""


class WrongState(MonitorError):
    """The named thing exists and stands in a state in which this cannot be done."""


class UsageError(MonitorError):
    """The command line asks for something that cannot be."""

    exit_code = 2
