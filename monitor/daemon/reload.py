"""Reload a changed configuration; one that cannot be used changes nothing and alerts the operator."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
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
    """Watches the file of the configuration in force; `next` is what was built on a changed one."""

    config: Config
    build: Callable[[Config], T]
    operator: OperatorAlerts

    def __post_init__(self) -> None:
        self.loaded: FileStamp = self.config.stamp  # the file as it was read last
        self._seen = self.loaded
        self.next: T | None = None
        self.rejection = ""  # why the configuration that was read last cannot be used; empty: it is in force

    def has_changed(self) -> bool:
        """Return whether the file has changed since it was read, and was the same in two checks (nobody writes it)."""
        before, self._seen = self._seen, file_stamp(self.config.file)
        return self._seen is not None and self._seen != self.loaded and self._seen == before

    def reload(self) -> bool:
        """Read the file again. False: it cannot be used, the operator is alerted, and nothing changes."""
        self.loaded = file_stamp(self.config.file)
        try:
            self.next = self.build(self._load())
        except MonitorError as error:
            count = len(error.faults) if isinstance(error, ConfigError) else 1
            reason = f"{error.where or self.config.file}: {error.message}"
            warn("config_refused", faults=count, reason=reason, see="monitor check")
            self.operator.config_rejected(reason, when=str(self.loaded))
            self.rejection = reason
            return False
        say("config_reloaded", file=str(self.config.file))
        if self.rejection:
            self.operator.config_accepted(str(self.config.file), when=str(self.loaded))
        return True

    def _load(self) -> Config:
        config = load(self.config.file, environ=os.environ, checks=(check_rules, check_services))
        if config.state != self.config.state:
            raise MonitorError("state: cannot change while the monitor runs; restart it")
        return config
