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
    counts = [_rename(maintenance, old, name) for name, source in config.sources.items() for old in source.was]
    return any(count is not None for count in counts)


def _rename(maintenance: Maintenance, old: str, new: str) -> int | None:
    count = maintenance.rename_source(old=old, new=new, fingerprinter=FINGERPRINTER, between=partial(notify, WATCHDOG))
    if count is not None:
        say("source_renamed", old=old, new=new, releases=count)
    return count
