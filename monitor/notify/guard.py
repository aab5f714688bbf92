"""Make every send one attempt that ends: what is raised around it, and what never ends, becomes its verdict.

This is the border per message: nothing that happens during a send can end the thread that delivers, or the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from monitor.model import Message, Outcome, Verdict
from monitor.ports import Channel

SEND_TIMEOUT = 60.0  # seconds for one send, whatever the channel does meanwhile

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> T | BaseException:
    """Return the result of a call, or whatever it raised: a plugin may even raise SystemExit.

    The error is returned, not logged: its text may hold the url.
    """
    try:
        return call()
    except BaseException as error:  # noqa: BLE001  the border per message; see above
        return error


def returned(result: T | BaseException) -> T:
    """Return what an `attempt` returned, or raise what it raised."""
    if isinstance(result, BaseException):
        raise result
    return result


def fits(channel: Channel, message: Message) -> bool:
    """Return whether a channel shows all of a message; a channel that cannot say so is to fail at its send."""
    result = attempt(lambda: channel.fits(message))
    if isinstance(result, KeyboardInterrupt):
        raise result
    return result if isinstance(result, bool) else True


class GuardedChannel:
    """A channel whose sends run in threads of their own, so that one that hangs delays its message only.

    A channel turns the faults of its service into verdicts. So what it raises is a fault of that one message.
    """

    def __init__(self, channel: Channel, *, timeout: float = SEND_TIMEOUT) -> None:
        self.name = channel.name
        self._channel = channel
        self._timeout = timeout
        self._unfinished: threading.Thread | None = None  # a send that hung; no other one starts beside it

    def send(self, message: Message, *, delivery: str) -> Verdict:
        """Send within the timeout; never raises."""
        if self._unfinished and self._unfinished.is_alive():
            return Verdict(outcome=Outcome.TRANSIENT, reason="not sent: an earlier send has not ended yet")
        results: list[object] = []
        thread = threading.Thread(
            target=lambda: results.append(attempt(lambda: self._channel.send(message, delivery=delivery))),
            name=f"send-{self.name}",
            daemon=True,
        )
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            return Verdict(outcome=Outcome.TRANSIENT, reason="not sent: the system had no thread left for it")
        thread.join(self._timeout)
        if results:
            return _verdict_of(results[0])
        self._unfinished = thread
        reason = f"the send did not end within {self._timeout:g} s; it may have been accepted"
        return Verdict(outcome=Outcome.UNCERTAIN, reason=reason)


def _verdict_of(result: object) -> Verdict:
    if isinstance(result, Verdict):
        return result
    fault = f"raised {type(result).__name__}" if isinstance(result, BaseException) else "returned no verdict"
    reason = f"this message could not be sent: the channel {fault}"
    return Verdict(outcome=Outcome.TRANSIENT, reason=reason, is_message_fault=True)
