"""The daemon as `monitor run` starts it, but with little patience: what failed is tried again within milliseconds.

It checks folders and configuration ten times a second, polls folders five times a second, and waits half a second for
threads and for a locked store.

With `mark-first` it marks each message as sent before it sends it, as a careless program would.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.daemon import Timings
from monitor.daemon.main import run
from monitor.logs import set_up
from monitor.model import Delivery, Outcome, Verdict
from monitor.notify.retry import RetryPolicy
from monitor.store.outbox import SqlOutbox

MOMENT = timedelta(milliseconds=20)
QUICK = RetryPolicy(
    first_backoff=MOMENT, longest_backoff=MOMENT, cooldown=MOMENT, first_open=MOMENT, longest_open=2 * MOMENT
)
TIMINGS = Timings(tick=1.0, check=0.1, poll=0.2, grace=0.5, pause=0.5)
SENT = Verdict(outcome=Outcome.OK, reason="surely it will arrive")


class MarkFirst(SqlOutbox):
    """An outbox that believes every send succeeds."""

    def claim(
        self, channel: str, *, now: datetime, is_urgent_only: bool = False, tokens: float | None = None
    ) -> Delivery | None:
        """Claimed is sent."""
        delivery = super().claim(channel, now=now, is_urgent_only=is_urgent_only, tokens=tokens)
        if delivery:
            super().done(delivery, SENT, now=now)
        return delivery

    def done(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """It was said already."""
        return True

    def retry(self, delivery: Delivery, verdict: Verdict, *, due: datetime, now: datetime) -> bool:
        """Too late."""
        return True


def main() -> int:
    set_up("json")
    config = load(Path("config.yaml"), environ=os.environ)
    with open_runtime(config, verb="run", retry_policy=QUICK, busy=0.5) as runtime:
        if "mark-first" not in sys.argv:
            return run(runtime, TIMINGS)
        careless = MarkFirst(runtime.dispatcher.outbox._handle)  # type: ignore[attr-defined]
        return run(replace(runtime, dispatcher=replace(runtime.dispatcher, outbox=careless)), TIMINGS)


if __name__ == "__main__":
    sys.exit(main())
