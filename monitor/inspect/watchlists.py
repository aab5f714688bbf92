"""List the watchlists: the rule as it is written, whom it notifies, and what it matched last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import NotFound

if TYPE_CHECKING:
    from monitor.config import Config


def unknown_watchlist(config: Config, name: str) -> NotFound:
    """Return the error that names the watchlists which exist."""
    return NotFound(f"there is no watchlist {name!r}; the configuration has {', '.join(config.watchlists) or 'none'}")
