"""Read where a store is to be copied to: a folder, or the address of a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.config.interpolate import filled_text
from monitor.config.models import Config
from monitor.config.store_address import store_url
from monitor.errors import UsageError
from monitor.store_location import StoreLocation


def copy_target(text: str, config: Config, *, environ: Mapping[str, str]) -> StoreLocation:
    """Return the location of a state folder, or of a database that the node of this configuration fills.

    The configuration says whether that is the address of a pooler. Raises UsageError, which shows no value.
    text: as a person gives it, with `${…}` as in a configuration: what a command is given, everybody on the machine may
    read.
    """
    try:
        filled = filled_text(text, environ=environ, folder=config.file.parent)
    except LookupError as error:
        raise UsageError(str(error.args[0]), where="TO") from error
    if "://" not in filled:
        if not filled.strip():
            raise UsageError("is empty: name a folder, or the address of a database", where="TO")
        return StoreLocation(folder=Path(filled).absolute())
    try:
        return StoreLocation(folder=config.state, url=store_url(filled), is_pooled=config.pooler)
    except ValueError as error:
        raise UsageError(str(error), where="TO") from error
