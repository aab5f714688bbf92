"""Report settings on which the monitors of one store do not agree for longer than a roll-out takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.clock import uptime
from monitor.cluster.config_hash import Difference, differences, lasting, since_when
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.logs import say, warn
from monitor.node_values import NodeState


@dataclass(eq=False, kw_only=True)
class ConfigAgreement:
    """Compares what the living nodes tell, over every reload; `check` runs at each tick of each of them."""

    living: Callable[[], Sequence[NodeState]]  # empty: nobody knows now
    has_chores: Callable[[], bool]  # True: this node alerts the operator
    uptime: Callable[[], float] = uptime
    _since: Mapping[Difference, float] = field(default_factory=dict)
    _logged: frozenset[Difference] = frozenset()
    _alerted: frozenset[Difference] = frozenset()

    def check(self, operator: OperatorAlerts) -> None:
        """Log each lasting difference once on each node, and alert the operator of it once."""
        nodes, now = self.living(), self.uptime()
        if not nodes:
            return
        self._since = since_when(self._since, differences(nodes), uptime=now)
        found = frozenset(lasting(self._since, uptime=now))
        for each in found - self._logged:
            warn("config_differs", key=each.key, nodes=each.text(), see="monitor status")
        for each in self._logged - found:
            say("config_agrees", key=each.key)
        self._logged, self._alerted = found, self._alerted & found
        if self.has_chores():
            for each in found - self._alerted:
                operator.settings_differ(each.key, each.text())
            self._alerted = found
