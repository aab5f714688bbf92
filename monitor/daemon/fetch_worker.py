"""Fetch the file of a source when it is due, and tell the operators once of what lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace

from monitor.collect.fetching.fetcher import Fetcher, FetchResult, has_to_be_told, is_due
from monitor.daemon.operator_alerts import OperatorAlerts, Told
from monitor.errors import StoreError
from monitor.logs import say, warn, warn_store
from monitor.ports import Clock

MAX_CHECK = 15.0  # seconds between two looks at what is due


@dataclass(eq=False)
class FetchWorker:
    """Fetches the file of one source, each time on a thread of its own: nothing else bounds a name's look-up."""

    fetcher: Fetcher
    _: KW_ONLY
    operator: OperatorAlerts
    clock: Clock
    is_ingested: Callable[[bytes], bool]  # a file, by its path

    def __post_init__(self) -> None:
        self._state = self.fetcher.read_state()
        self._thread: threading.Thread | None = None

    @property
    def interval(self) -> float:
        """Return the seconds between two calls of `start_if_due`."""
        return min(self.fetcher.options.every.total_seconds(), MAX_CHECK)

    def start_if_due(self) -> None:
        """Start to fetch, unless it is too early or the last fetch has not ended; takes no time."""
        is_busy = self._thread is not None and self._thread.is_alive()
        if not is_busy and is_due(self._state, self.fetcher.options, now=self.clock.now()):
            # Not to be tried at each look where the folder takes no file to remember the attempt in.
            self._state = self.fetcher.attempted(self._state, now=self.clock.now())
            self._thread = threading.Thread(target=self.fetch, name=f"fetch-{self.fetcher.source}", daemon=True)
            self._thread.start()

    def fetch(self) -> bool:
        """Fetch once. Return whether that worked; a failure is logged, and told once."""
        source = self.fetcher.source
        try:
            result = self.fetcher.fetch(now=self.clock.now())
            self._state = result.state
            self._log(result)
            self._tell(result)
            self.fetcher.rotate(self.is_ingested)
        except OSError as error:
            warn("fetch_failed", source=source, reason=error.strerror or type(error).__name__)
            return False
        except StoreError as error:
            warn_store(error)
            return False
        return result.failure is None

    def _log(self, result: FetchResult) -> None:
        source, state = self.fetcher.source, result.state
        if result.name:
            say("file_fetched", source=source, name=result.name)
        if result.failure:
            warn("fetch_failed", source=source, reason=state.reason, failures=state.failures)

    def _tell(self, result: FetchResult) -> None:
        """Tell the operators that a source cannot be fetched, or can again; remember that they know."""
        source, state = self.fetcher.source, result.state
        if result.is_recovered:
            self.operator.fetch_recovered(source)
        elif result.failure and has_to_be_told(state, is_lasting=result.failure.is_lasting):
            told = self.operator.fetch_failed(source, since=state.failing_since, reason=state.reason)
            if told is not Told.NOT_YET:
                self._state = replace(state, is_told=True)
                self.fetcher.write_state(self._state)
