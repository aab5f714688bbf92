"""Define everything that can go wrong, as one tree.

MonitorError                 says what happened, to which thing, and what to do next; carries the exit code
├── ConfigError              the configuration is invalid (78); carries every fault, each with its place
├── LockHeld                 another monitor uses this state folder (11)
├── StoreError               the state store cannot be used (1)
│   ├── StoreUnavailable     it cannot be used now: a full disk, another writer; it is tried again
│   │   └── StoreDown        it does not answer; it was logged, and calls fail at once until it is tried again
│   ├── StoreDamaged         its file is damaged; only a backup helps
│   ├── StoreReplaced        its files were removed or replaced while the monitor has them open
│   ├── SchemaTooNew         it was written by a newer monitor
│   ├── StoreLost            the folder once held a store whose tables are gone
│   ├── AddressInvalid       the address of a shared store cannot be used as it is written (78)
│   ├── StoreMoved           it was copied elsewhere, and goes on there
│   └── Stale                the releases that a batch was compared with have changed; compare again
├── ChannelUnusable          a channel's url names no usable service (78; in monitor.notify.schemes)
├── Skipped                  a path that is no dump file (in monitor.collect.file_reader)
├── NotReadable              a dump file cannot be read as text (becomes a Reject, never a crash)
├── FileChanged              a dump file changed while it was read; read it again
├── Interrupted              an ingest was asked to stop between two parts; the next one starts at the top
├── NotFound                 there is no such release, channel or dump (1)
├── Buried                   the other nodes have taken this one for dead; it joins anew
├── WrongState               the thing exists, but its state does not allow what is asked (1)
├── NoDaemon, NoAnswer       no daemon serves on the control socket, or not in time (in monitor.control.server)
└── UsageError               the request makes no sense as given (2)
"""

from __future__ import annotations

from monitor.frozen import dataclass


class MonitorError(Exception):
    """The root of every error this package raises on purpose; `where` names the thing it is about."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.excerpt = ""  # the faulty text with a caret under the place; printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One error or warning about the configuration, at one place of one file."""

    file: str
    line: int  # 1-based; 0: the fault is about the file as a whole
    column: int  # 1-based, in characters
    path: str  # dotted key path such as "channels.team.url"; "" at the root
    message: str
    excerpt: str = ""  # the source line itself, secrets never interpolated
    severity: str = "error"  # error | warning

    @property
    def where(self) -> str:
        """Return `file:line:column`, or the file alone when no line applies."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class ConfigError(MonitorError):
    """The configuration has errors: all of them, in file order."""

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


class StoreUnavailable(StoreError):
    """The store cannot be used now, and may be usable soon without anybody's doing: wait and try again."""


class StoreDown(StoreUnavailable):
    """The store does not answer; that was logged once, and its return will be. Nothing is tried for a while."""

    def __init__(self, message: str, *, where: str | None = None, retry_after: float, since: float) -> None:
        """retry_after: seconds until a call may reach the store again. since: equal for all errors of one outage."""
        super().__init__(message, where=where)
        self.retry_after = retry_after
        self.since = since


class StoreDamaged(StoreError):
    """The database file is damaged: what is stored may be wrong or missing."""


class StoreReplaced(StoreError):
    """The files in the state folder are no longer those that the monitor has open; what it writes would be lost."""


class TablesMissing(StoreError):
    """The database has no tables of the monitor, or not all of them; only `monitor db migrate` makes them."""


class DriverMissing(StoreError):
    """The configuration names a shared store, and the driver of its database is not installed."""

    exit_code = 78


class AddressInvalid(StoreError):
    """The address of a shared store cannot be used as it is written: the configuration must be corrected."""

    exit_code = 78


class SchemaTooNew(StoreError):
    """The store was written by a newer version of the monitor: upgrade."""


class StoreLost(StoreError):
    """The folder held a store whose tables are gone; a new store would alert on everything again."""


class StoreMoved(StoreError):
    """The store was copied elsewhere: a monitor on each of the two would alert twice."""


class Stale(StoreError):
    """The releases this batch was compared with have changed since; classify again and retry."""


class NotReadable(MonitorError):
    """The bytes are not a text this monitor can decode."""


class FileChanged(MonitorError):
    """The file changed while it was read; what was read is not one state of it."""


class Interrupted(MonitorError):
    """The ingest was asked to stop; stored parts stay, and the next ingest starts at the top of the file."""


class NotFound(MonitorError):
    """The named thing does not exist in the store or the configuration."""


class Buried(MonitorError):
    """The other nodes of the store have taken this boot for dead: what it owned may have another owner."""


class WrongState(MonitorError):
    """The named thing exists, but its state does not allow this."""


class UsageError(MonitorError):
    """The command line asks for something impossible."""

    exit_code = 2
