"""A channel's section of the configuration → how it wants to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.notify.channels import bound_of, rate_of
from monitor.notify.due import Policy
from monitor.notify.retry import USUAL_PATIENCE, Patience

if TYPE_CHECKING:
    from monitor.app.config import Config


def policy_of(config: Config, name: str, *, patience: Patience = USUAL_PATIENCE) -> Policy:
    """The policy of a configured channel."""
    channel = config.channels[name]
    return Policy(
        timezone=config.timezone,
        max_age=channel.max_age,
        bound=bound_of(channel.url),
        rate=channel.rate or rate_of(channel.url),
        max_per_hour=channel.max_per_hour,
        digest=channel.digest,
        quiet=channel.quiet,
        holds_uncertain=channel.on_uncertain == "hold",
        patience=patience,
    )
