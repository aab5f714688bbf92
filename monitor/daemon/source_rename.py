"""Move stored data of a renamed source to its new name."""

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
    """Rename all sources that have stored data under a name in `was:`. Return whether there were any.

    No ingest may run meanwhile: the caller holds the lock of the state folder and has no such thread.
    """
    is_renamed = False
    rename = partial(maintenance.rename_source, fingerprinter=FINGERPRINTER, between=partial(notify, WATCHDOG))
    for old, new in [(old, name) for name, source in config.sources.items() for old in source.was]:
        count = rename(old=old, new=new)
        if count is not None:
            say("source_renamed", old=old, new=new, releases=count)
            is_renamed = True
    return is_renamed
