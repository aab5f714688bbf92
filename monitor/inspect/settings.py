"""List the settings in force, each with its line in the file and secrets masked, for `config show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitor.config.settings import settings
from monitor.inspect.rows import setting_row
from monitor.ports import Row

if TYPE_CHECKING:
    from monitor.config import Config


def setting_rows(config: Config) -> Iterator[Row]:
    """Yield a line of `config show` for every setting, in the order of the reference."""
    return (setting_row(config.file, setting) for setting in settings(config))
