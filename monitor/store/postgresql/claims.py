"""Remember which deliveries this process was given, and which answers about them were lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from monitor.errors import StoreError
from monitor.model import Delivery

_Values = Mapping[str, object]


@dataclass(slots=True)
class _Claim:
    boot: str  # that claimed it; the process may have another one by now
    has_begun: bool = False  # the send has, as far as anybody knows
    is_awaited: bool = True  # its verdict is; False: a fault of this program has lost it


class Claims:
    """Safe to share between threads: a channel has one worker at a time."""

    def __init__(self) -> None:
        self._claims: dict[tuple[int, int], _Claim] = {}  # by message and attempt
        self._lost: set[str] = set()  # channels of which a claim may be stored that nobody uses
        self._last: dict[str, _Values] = {}  # the last verdict of each channel, as it was recorded

    def may_be_lost(self, channel: str) -> bool:
        """Return whether a claim may be stored of which this process knows nothing, or which it has not used."""
        return channel in self._lost

    def lose(self, channel: str) -> None:
        """Note that there may be such a claim: one is asked for, and whether it is answered is not known yet."""
        self._lost.add(channel)

    def find(self, channel: str) -> None:
        """Note that there is no such claim."""
        self._lost.discard(channel)

    def add(self, message: int, attempt: int, *, boot: str) -> None:
        """Note a claim that is given out."""
        self._claims[message, attempt] = _Claim(boot)

    def boot(self, delivery: Delivery) -> str | None:
        """Return which boot claimed a delivery; None: it was not given out here."""
        claim = self._claims.get((delivery.id, delivery.attempt))
        return claim.boot if claim else None

    def begin(self, delivery: Delivery) -> None:
        """Note that the send begins: the claim is never given out again."""
        self._claims[delivery.id, delivery.attempt].has_begun = True

    def begun(self) -> Collection[int]:
        """Return the messages whose send has begun and whose verdict is not recorded."""
        return sorted(message for (message, _), claim in list(self._claims.items()) if claim.has_begun)

    def awaited(self) -> Collection[int]:
        """Return those of them whose verdict will come."""
        claims = list(self._claims.items())
        return sorted(message for (message, _), claim in claims if claim.has_begun and claim.is_awaited)

    @contextmanager
    def settling(self, delivery: Delivery) -> Iterator[None]:
        """Let a block record a verdict; after an error of the store it is tried again, after any other it is lost."""
        claim = self._claims.get((delivery.id, delivery.attempt)) or _Claim("")
        claim.is_awaited = False
        try:
            yield
        except StoreError:
            claim.is_awaited = True
            raise

    def settle(self, delivery: Delivery, values: _Values) -> None:
        """Note that a verdict is recorded with these values."""
        self._claims.pop((delivery.id, delivery.attempt), None)
        self._last[delivery.message.channel] = values

    def last(self) -> Collection[_Values]:
        """Return the last verdict of each channel."""
        return list(self._last.values())
