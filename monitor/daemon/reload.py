"""Reload a changed configuration; one that cannot be used changes nothing and alerts the operator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from monitor.config import file_stamp, load
from monitor.config.checks import check_rules, check_services
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import ConfigError, MonitorError
from monitor.logs import say, warn

if TYPE_CHECKING:
    from monitor.config import Config, FileStamp

T = TypeVar("T")


@dataclass(eq=False)
class ConfigReloader(Generic[T]):
    """Watches the files of the configuration in force; `next` is what was built on a changed one."""

    config: Config
    build: Callable[[Config], T]
    operator: OperatorAlerts

    def __post_init__(self) -> None:
        self.loaded = self.config.stamps  # the files as they were read last
        self._seen = self.loaded
        self.next: T | None = None
        self.rejection = ""  # why the configuration that was read last cannot be used; empty: it is in force

    @property
    def reads_files(self) -> bool:
        """Return whether values come from files, which a refused channel and a resume read again."""
        return len(self.config.stamps) > 1

    def has_changed(self) -> bool:
        """Return whether a file has changed since it was read, and was the same in two checks (nobody writes it).

        A file that is gone has not changed: it may be about to be replaced.
        """
        loaded, before = self.loaded, self._seen
        self._seen = {file: file_stamp(file) for file in loaded}
        is_changed = any(stamp and stamp != loaded[file] for file, stamp in self._seen.items())
        return is_changed and self._seen == before

    def reload(self) -> bool:
        """Read the files again. False: they cannot be used, the operator is alerted, and nothing changes."""
        self.loaded = {file: file_stamp(file) for file in self.loaded}  # `has_changed` runs in another thread
        stamps: dict[Path, FileStamp] = {}
        try:
            self.next = self.build(self._load(stamps))
        except MonitorError as error:
            count = len(error.faults) if isinstance(error, ConfigError) else 1
            reason = f"{error.where or self.config.file}: {error.message}"
            warn("config_refused", faults=count, reason=reason, see="monitor check")
            self.operator.config_rejected(reason, when=_key(stamps))
            self.rejection = reason
            return False
        finally:
            self.loaded = stamps
        say("config_reloaded", file=str(self.config.file))
        if self.rejection:
            self.operator.config_accepted(str(self.config.file), when=_key(stamps))
        return True

    def _load(self, stamps: dict[Path, FileStamp]) -> Config:
        config = load(self.config.file, environ=os.environ, checks=(check_rules, check_services), stamps=stamps)
        if config.location != self.config.location:
            key = "state" if config.state != self.config.state else "store"
            raise MonitorError(f"{key}: cannot change while the monitor runs; restart it")
        return config


def _key(stamps: Mapping[Path, FileStamp]) -> str:
    """Return what identifies one state of the files; it names none of them."""
    return str(list(stamps.values()))


def reread(config: Config) -> Config:
    """Return the configuration as its file is now, before anything is built on it; an unusable one changes nothing."""
    try:
        found = load(config.file, environ=os.environ, checks=(check_rules, check_services))
    except ConfigError as error:
        warn("config_refused", faults=len(error.faults), reason=f"{error.where}: {error.message}", see="monitor check")
        return config
    say("config_reloaded", file=str(config.file))
    return found
