"""The daemon as `monitor run` starts it on a shared store, but what failed is tried again within a second."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from monitor.config import load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.main import run
from monitor.logs import set_up
from monitor.notify.retry import RetryPolicy

_MOMENT = timedelta(milliseconds=200)
QUICK = RetryPolicy(
    first_backoff=_MOMENT, longest_backoff=5 * _MOMENT, cooldown=_MOMENT, first_open=_MOMENT, longest_open=5 * _MOMENT
)


def main() -> int:
    set_up("json")
    config = load(Path("config.yaml"), environ=os.environ)
    with open_runtime(config, verb="run", retry_policy=QUICK) as runtime:
        return run(runtime)


if __name__ == "__main__":
    sys.exit(main())
