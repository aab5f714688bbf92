"""Claim and settle messages of one channel on a shared store, as one of several processes.

`python -m bench.cluster_drain FOLDER URL CHANNEL COUNT` queues so many, prints `ready`, waits for a line, and prints
how many seconds it took to claim and settle them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from monitor.model import Message, Outcome, Verdict
from monitor.node_values import NodeFacts, channel_lease
from monitor.ports import Outbox
from monitor.secret import Secret
from monitor.store.open import Access, Stores, open_stores
from monitor.store_location import StoreLocation

CHANNEL = "hook"
_OK = Verdict(outcome=Outcome.OK, reason="")
_TEXT = "A note of five hundred characters. " * 14


@contextmanager
def opened(folder: Path, url: Secret, channel: str) -> Iterator[Stores]:
    """Open a shared store as a node that delivers one channel."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_stores(StoreLocation(folder=folder, url=url), Access.WRITE) as stores:
        assert stores.nodes is not None
        node = stores.nodes.node
        facts = NodeFacts(node=node, name=folder.name, version="bench", channels=(channel,), policies={})
        stores.nodes.join(facts)
        assert stores.nodes.take(channel_lease(channel))
        yield stores


def fill(outbox: Outbox, channel: str, count: int, *, first: int = 0) -> None:
    """Queue so many messages."""
    with outbox.transaction():
        for number in range(first, first + count):
            message = Message(channel=channel, kind="system", source="", text=f"Note {number}\n{_TEXT}")
            outbox.enqueue(message, key=f"{channel}:{number}", now=datetime.now(UTC))


def drain(outbox: Outbox, channel: str, count: int) -> float:
    """Claim and settle so many messages; return the seconds."""
    start = time.perf_counter()
    for _ in range(count):
        delivery = outbox.claim(channel, now=datetime.now(UTC))
        assert delivery is not None
        outbox.done(delivery, _OK, now=datetime.now(UTC))
    return time.perf_counter() - start


def main() -> None:
    """Do what the module says."""
    folder, url, channel, count = Path(sys.argv[1]), Secret(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    with opened(folder, url, channel) as stores:
        fill(stores.outbox, channel, count)
        print("ready", flush=True)
        sys.stdin.readline()
        print(drain(stores.outbox, channel, count), flush=True)


if __name__ == "__main__":
    main()
