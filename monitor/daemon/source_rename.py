"""Sources that were renamed → what is stored under their earlier names is their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.logs import say
from monitor.ports import Maintenance
from monitor.systemd.sd_notify import WATCHDOG, notify

if TYPE_CHECKING:
    from monitor.config import Config


def rename_sources(config: Config, maintenance: Maintenance) -> bool:
    """Whether anything had to be renamed; once it is, the earlier names in `was:` mean nothing any more.

    Nobody may take anything in meanwhile: the caller holds the folder's lock and has no such thread.
    """
    counts = [_renamed(maintenance, old, name) for name, source in config.sources.items() for old in source.was]
    return any(count is not None for count in counts)


def _renamed(maintenance: Maintenance, old: str, new: str) -> int | None:
    count = maintenance.rename_source(old=old, new=new, fingerprinter=FINGERPRINTER, between=partial(notify, WATCHDOG))
    if count is not None:
        say("source_renamed", old=old, new=new, releases=count)
    return count
