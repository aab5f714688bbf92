"""The configuration → what the store may forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.store.prune import Retention

if TYPE_CHECKING:
    from monitor.app.config import Config


def retention_of(config: Config) -> Retention:
    """How long the configuration keeps what; empty: everything for ever."""
    kept = config.retention
    return Retention(versions=kept.versions, messages=kept.messages, events=kept.events)
