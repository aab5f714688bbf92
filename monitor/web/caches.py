"""Keep what was rendered or counted, as long as it still holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

from monitor.inspect.hits import HitFinder

_T = TypeVar("_T")


class _Kept(NamedTuple, Generic[_T]):
    value: _T
    state: object  # what it was made of


class Cache(Generic[_T]):
    """The values used last; each holds while what it was made of stays equal. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Kept[_T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, state: object) -> _T | None:
        """Return the value of this key; None: it was not kept, or was made of another state."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.state != state:
                return None
            self._kept.move_to_end(key)
            return kept.value

    def put(self, key: Hashable, state: object, value: _T) -> _T:
        """Keep a value, and return it; the one that was used longest ago may go."""
        with self._lock:
            self._kept[key] = _Kept(value, state)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def made(self, key: Hashable, state: object, make: Callable[[], _T]) -> _T:
        """Return the kept value, or make it."""
        kept = self.get(key, state)
        return self.put(key, state, make()) if kept is None else kept


class Caches:
    """What a site keeps from one request to the next."""

    def __init__(self) -> None:
        self.events: Cache[str] = Cache(2_000)  # markup by event; made of a configuration and a store
        self.counts: Cache[Any] = Cache(200)  # facets and bars; made of a generation of the store and a configuration
        self.finders: Cache[HitFinder] = Cache(1)  # made of a configuration
