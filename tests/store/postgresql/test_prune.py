"""What is old is deleted beside monitors that go on: what a person sends again in that moment is not lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from monitor.model import Outcome, Verdict
from monitor.ports import Retention
from monitor.secret import Secret
from monitor.store.open import open_shared_stores
from monitor.testing import NOON
from tests.contract.pairs import Pair, postgresql_pair
from tests.contract.takes import record, take_in
from tests.postgresql_databases import Databases
from tests.waiting import wait_until

DAY = timedelta(days=1)
LATER = NOON + 100 * DAY
REFUSED = Verdict(outcome=Outcome.REFUSED, reason="refused")


def bury_all(pair: Pair) -> None:
    pair.form()
    while delivery := pair.outbox.claim("team", now=NOON):
        pair.outbox.bury(delivery, REFUSED, now=NOON)


def is_waiting(url: str) -> bool:
    """Return whether some session waits for another one."""
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT 1"
    with psycopg.connect(url) as connection:
        return bool(connection.execute(query).fetchall())


@pytest.mark.parametrize(
    "retention",
    [Retention(messages=DAY), Retention(events=DAY), Retention(versions=DAY, messages=DAY, events=DAY)],
    ids=["messages", "events", "all"],
)
def test_a_message_that_is_sent_again_meanwhile_is_kept_whole(
    tmp_path: Path, databases: Databases, retention: Retention
) -> None:
    url = databases.url(tmp_path / "database")
    with postgresql_pair(url) as pair, open_shared_stores(Secret(url), place="other") as other:
        for number in range(3):
            take_in(pair.store, record(f"Talks, round {number}", f"They met {number} times."), name=f"{number}.txt")
            bury_all(pair)
        with ThreadPoolExecutor(1) as threads:
            with other.outbox.transaction():
                other.outbox.requeue(1, now=LATER)
                pruning = threads.submit(pair.maintenance.prune, retention, now=LATER)
                wait_until(lambda: pruning.done() or is_waiting(url))
            pruned = pruning.result()
        assert (pruned.messages, pruned.events) == (bool(retention.messages), bool(retention.events))  # the second one
        assert pair.maintenance.prune(retention, now=LATER).messages == 0  # the first one is pending now
        delivery = pair.outbox.claim("team", now=LATER)
        assert delivery is not None
        assert (delivery.id, "round 0" in str(delivery.message)) == (1, True)
