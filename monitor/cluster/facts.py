"""Say what a node tells the others of its configuration."""

from __future__ import annotations

from monitor import __version__
from monitor.cluster.config_hash import policy_hashes, rules_hash
from monitor.config import Config
from monitor.node_values import NodeFacts


def facts_of(config: Config) -> NodeFacts:
    """Return what a node tells of its configuration; who it is, its store knows."""
    return NodeFacts(
        node="",
        name=config.node_name,
        version=__version__,
        sources=tuple(config.sources),
        channels=tuple(config.channels),
        holding=tuple(name for name, channel in config.channels.items() if channel.on_uncertain == "hold"),
        rules=rules_hash(config),
        policies=policy_hashes(config),
    )
