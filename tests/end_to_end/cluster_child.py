"""The daemon as `monitor run` starts it on a shared store, but what failed is tried again within a second.

With `two-step` it knows no owner of a channel, and claims a message in two steps, as a careless program would.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from monitor.cluster.ownership import SOLE_OWNER
from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.main import run
from monitor.logs import set_up
from monitor.model import Delivery, DraftMessage, Verdict
from monitor.notify.retry import RetryPolicy
from monitor.store.outbox import SqlOutbox

_MOMENT = timedelta(milliseconds=200)
QUICK = RetryPolicy(
    first_backoff=_MOMENT, longest_backoff=5 * _MOMENT, cooldown=_MOMENT, first_open=_MOMENT, longest_open=5 * _MOMENT
)


class TwoStep(SqlOutbox):
    """An outbox that sees what is due, and says only then that it is taken."""

    def __init__(self, outbox: SqlOutbox, url: str) -> None:
        super().__init__(outbox._handle)
        self._connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self._lock = threading.Lock()

    def queue_messages(
        self, channel: str, formed: Sequence[DraftMessage], *, flood_until: datetime | None, now: datetime
    ) -> None:
        """Queue them without a look at who else does."""
        for one in formed:
            message = self._add(one.message, key=f"{one.message.kind[0]}:{channel}:{one.events[0]}", now=now)
            if message is not None:
                where = "WHERE channel = %s AND event = ANY(%s)"
                self._do(
                    f"UPDATE message_item SET message = %s, payload_json = NULL {where}",
                    message,
                    channel,
                    list(one.events),
                )

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        """Look, and take what was seen."""
        due = "channel = %s AND state = 'pending' AND due <= %s"
        with self._lock:
            row = self._connection.execute(
                f"SELECT * FROM message WHERE {due} ORDER BY id LIMIT 1",
                (channel, now),
            ).fetchone()
        if row is None:
            return None
        row["attempts"] += 1
        self._do("UPDATE message SET state = 'leased', attempts = %s WHERE id = %s", row["attempts"], row["id"])
        return self._delivery(row, now)

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """It has arrived."""
        self._do("UPDATE message SET state = 'sent', sent_at = %s WHERE id = %s", now, delivery.id)
        return True

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> bool:
        """It has not."""
        self._do("UPDATE message SET state = 'pending', due = %s WHERE id = %s", due, delivery.id)
        return True

    def _do(self, statement: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(statement.encode(), values)


def main() -> int:
    set_up("json")
    config = load(Path("config.yaml"), environ=os.environ)
    with open_runtime(config, verb="run", retry_policy=QUICK) as runtime:
        if "two-step" not in sys.argv:
            return run(runtime)
        outbox, url = runtime.dispatcher.outbox, config.location.url
        assert isinstance(outbox, SqlOutbox)
        assert url is not None
        careless = replace(runtime.dispatcher, outbox=TwoStep(outbox, url.reveal()), ownership=SOLE_OWNER)
        return run(replace(runtime, dispatcher=careless))


if __name__ == "__main__":
    sys.exit(main())
