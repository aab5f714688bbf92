"""Hash what all nodes must agree on, and find the nodes that do not; no configuration is stored, only its hashes.

Watchlists with their routes must be the same on all nodes, because the node that ingests a dump decides who is alerted.
The settings of a channel must be the same on the nodes that have it. Folders may differ, and a node may lack a channel.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256

from monitor.config import Config
from monitor.frozen import dataclass
from monitor.node_values import NodeState
from monitor.secret import Secret

LASTING = 300.0  # seconds for which settings may differ: they are rolled out to one node after another
RULES = "watchlists"  # the key under which the hash of all rules is compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A key of the configuration that nodes do not agree on."""

    key: str  # such as `watchlists` or `channels.team`
    groups: tuple[tuple[str, ...], ...]  # names of nodes; those of one group agree

    def text(self) -> str:
        """Return the nodes for people: `north, west against south`."""
        return " against ".join(", ".join(names) for names in self.groups)


def rules_hash(config: Config) -> str:
    """Return a hash of what decides who is alerted of a release. Defaults do not count: a later version has more."""
    watchlists = {
        name: watchlist.model_dump(mode="json", exclude={"tests"}, exclude_defaults=True)
        | {"notify": sorted(config.channels if watchlist.notify is None else watchlist.notify)}
        for name, watchlist in config.watchlists.items()
    }
    return _hash({"watchlists": watchlists, "aliases": dict(config.aliases)})


def policy_hashes(config: Config) -> Mapping[str, str]:
    """Return for each channel a hash of its settings and the fingerprint of its address, with a space in between."""
    return {
        name: f"{_hash(channel.model_dump(mode='json', exclude={'url'}, exclude_defaults=True) | _zone(config))}"
        f" {url_fingerprint(channel.url)}"
        for name, channel in config.channels.items()
    }


def url_fingerprint(url: Secret) -> str:
    """Return 16 bits of a hash: enough to see a change, too little to guess a secret."""
    return sha256(url.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:4]


def differences(nodes: Iterable[NodeState]) -> tuple[Difference, ...]:
    """Return what the living nodes do not agree on, by key. A node that has told no hash agrees with all."""
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for node in nodes:
        for key, value in _told(node):
            if value:
                values[key][value].add(node.facts.name)
    return tuple(
        Difference(key=key, groups=tuple(sorted(tuple(sorted(names)) for names in by_value.values())))
        for key, by_value in sorted(values.items())
        if len(by_value) > 1
    )


def since_when(
    before: Mapping[Difference, float], found: Iterable[Difference], *, uptime: float
) -> Mapping[Difference, float]:
    """Return since when each difference has been seen without a break, in uptime."""
    return {each: before.get(each, uptime) for each in found}


def lasting(since: Mapping[Difference, float], *, uptime: float) -> tuple[Difference, ...]:
    """Return the differences that last too long to be those of a roll-out."""
    return tuple(each for each, began in since.items() if uptime - began >= LASTING)


def _told(node: NodeState) -> Iterable[tuple[str, str]]:
    yield RULES, node.facts.rules
    for channel, value in node.facts.policies.items():
        policy, _, fingerprint = value.partition(" ")
        yield f"channels.{channel}", policy
        yield f"channels.{channel}.url", fingerprint


def _zone(config: Config) -> dict[str, str]:
    return {"timezone": config.timezone.key}


def _hash(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
