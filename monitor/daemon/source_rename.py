"""Move stored data of a renamed source to its new name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from monitor.compare.fingerprint import FINGERPRINTER
from monitor.config.checks import earlier_names, is_declared_new
from monitor.errors import ConfigError, Diagnostic
from monitor.logs import say
from monitor.ports import Maintenance, SourceStates
from monitor.systemd.sd_notify import WATCHDOG, notify

if TYPE_CHECKING:
    from monitor.config import Config


def rename_sources(config: Config, maintenance: Maintenance) -> bool:
    """Rename all sources that have stored data under a name in `was:`. Return whether there were any.

    No ingest may run meanwhile: the caller holds the lock of the state folder and has no such thread.
    """
    is_renamed = False
    rename = partial(maintenance.rename_source, fingerprinter=FINGERPRINTER, between=partial(notify, WATCHDOG))
    for old, new in _renames(config):
        count = rename(old=old, new=new)
        if count is not None:
            say("source_renamed", old=old, new=new, releases=count)
            is_renamed = True
    return is_renamed


def refuse_renames_beside_others(config: Config, maintenance: Maintenance) -> None:
    """Raise WrongState where sources are to be renamed and other nodes of a shared store run."""
    for old, new in _renames(config):
        maintenance.require_renamable(old=old, new=new)


def refuse_earlier_names(config: Config, source_states: SourceStates) -> None:
    """Raise ConfigError for sources that a node of the shared store has renamed: all they have would alert again.

    `was: []` says of one that it is new, whatever had its name before; from then on its name is as any other.
    """
    renamed = source_states.renamed()
    faults = tuple(
        Diagnostic(file=str(config.file), line=line, column=column, path=path, message=message)
        for path, message in earlier_names(config, renamed)
        for line, column in [config.origin(path)]
    )
    if faults:
        raise ConfigError(faults)
    for name in renamed.keys() & config.sources.keys():
        if is_declared_new(config.sources[name]):
            source_states.forget_rename(name)


def _renames(config: Config) -> list[tuple[str, str]]:
    return [(old, name) for name, source in config.sources.items() for old in source.was]
