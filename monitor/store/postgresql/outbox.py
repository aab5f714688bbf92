"""Keep notices and messages of a store that several monitors share: what a process may not do alone is fenced."""

from __future__ import annotations

from monitor.model import Delivery
from monitor.store.handle import Handle
from monitor.store.outbox import SqlOutbox
from monitor.store.postgresql.membership import Membership
from monitor.store.stored_values import reports_damage


@reports_damage
class PostgresqlOutbox(SqlOutbox):
    """Implements `monitor.ports.Outbox`."""

    def __init__(self, handle: Handle, membership: Membership) -> None:
        super().__init__(handle)
        self._membership = membership

    def holds(self, delivery: Delivery) -> bool:
        return self._membership.is_current(self._membership.boot)
