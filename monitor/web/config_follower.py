"""Load a changed configuration into a site; one that cannot be used leaves the old one in force and is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.config import Config, FileStamp, file_stamp
from monitor.errors import ConfigError, Diagnostic, MonitorError
from monitor.logs import say, set_timezone, warn
from monitor.web.site import Site

INTERVAL = 1.0  # seconds between two checks of the files
Load = Callable[[dict[Path, FileStamp]], Config]  # fills in the stamps of the files that it reads


class ConfigFollower:
    """Watches the files of a site's configuration by their stamps."""

    def __init__(self, site: Site, load: Load) -> None:
        self._site = site
        self._load = load
        self._read: Mapping[Path, FileStamp] = site.config.stamps  # as they were read last
        self._seen = self._read

    def run(self, stop: threading.Event) -> None:
        """Check once a second until the event is set."""
        while not stop.wait(INTERVAL):
            self.check()

    def check(self) -> None:
        """Reload when a file has changed and was the same in two checks: then nobody writes it."""
        before, self._seen = self._seen, {file: file_stamp(file) for file in self._read}
        is_changed = any(stamp and stamp != self._read[file] for file, stamp in self._seen.items())
        if is_changed and self._seen == before:
            self._reload()

    def _reload(self) -> None:
        stamps: dict[Path, FileStamp] = {}
        try:
            config = self._load(stamps)
            if config.location != self._site.config.location:
                raise _moved(config)
        except MonitorError as error:
            found = error.faults if isinstance(error, ConfigError) else (_fault(error, self._site.config),)
            self._site.faults = tuple(one for one in found if one.severity == "error")
            warn("page_config_refused", faults=len(self._site.faults), reason=error.message)
        else:
            self._site.config, self._site.faults = config, ()
            set_timezone(config.timezone)
            say("page_config_reloaded", file=str(config.file))
        self._read = {**self._read, **stamps}


def _moved(config: Config) -> ConfigError:
    key = "store" if config.store else "state"
    line, column = config.origin(key)
    message = "cannot change while the monitor runs; restart it"
    return ConfigError((Diagnostic(file=str(config.file), line=line, column=column, path=key, message=message),))


def _fault(error: MonitorError, config: Config) -> Diagnostic:
    return Diagnostic(file=str(config.file), line=0, column=0, path="", message=error.message)
