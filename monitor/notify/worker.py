"""What waits on one channel → messages, sent one after another, each with its verdict recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.errors import StoreError
from monitor.model import ChannelState, Delivery
from monitor.notify.channel_gate import Admission, BlockReason, admission, tokens
from monitor.notify.grouping import HOUR, Plan, plan, rest_until
from monitor.notify.retry import Action, Decision, Transition, decide, state_after, transition
from monitor.notify.send_time import Policy
from monitor.ports import Channel, ChannelStates, Clock, Outbox

HEARTBEAT = 15.0  # seconds; bounds the lag after a suspend, a clock jump or a lost wake-up
PATIENCE = 60.0  # seconds that one pass waits for the next message a channel's rate lets out


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCounts:
    """What one round came to."""

    sent: int = 0
    retried: int = 0
    held: int = 0
    buried: int = 0
    is_behind: bool = False  # something is due that was not tried

    def plus(self, later: DeliveryCounts) -> DeliveryCounts:
        """What two rounds came to."""
        return DeliveryCounts(
            sent=self.sent + later.sent,
            retried=self.retried + later.retried,
            held=self.held + later.held,
            buried=self.buried + later.buried,
            is_behind=later.is_behind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHooks:
    """Whom a courier tells of what it did; each is called from its thread."""

    on_decision: Callable[[Delivery, Decision], None] = lambda _delivery, _step: None
    on_transition: Callable[[str, Transition, ChannelState], None] = lambda _channel, _turn, _standing: None
    on_store_error: Callable[[StoreError], None] = lambda _error: None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """What all couriers share."""

    outbox: Outbox
    channel_states: ChannelStates
    clock: Clock
    jitter: Callable[[], float]  # 0 ≤ jitter < 1


class DeliveryWorker:
    """Carries one channel's messages, in order, in one thread; channels never wait for one another."""

    def __init__(
        self, channel: Channel, policy: Policy, post: DeliveryContext, told: DeliveryHooks = DeliveryHooks()
    ) -> None:
        self.channel = channel
        self._policy = policy
        self._post = post
        self._told = told
        self._woken = threading.Event()
        self._again: datetime | None = None  # when the next of the notices that were left over is due
        self._unrecorded: tuple[Delivery, Decision, datetime] | None = None  # the store could not take it

    def deliver_due(self, *, stop: threading.Event | None = None) -> DeliveryCounts:
        """Send everything that may go out now, until the channel is shut or `stop` is set."""
        self._record()
        self._again = build_messages(self.channel.name, self._policy, self._post).again
        moves = dict.fromkeys(Action, 0)
        while not (stop and stop.is_set()):
            delivery = self._next()
            if delivery is None:
                break
            moves[self._attempt(delivery).action] += 1
        return DeliveryCounts(
            sent=moves[Action.DONE],
            retried=moves[Action.RETRY],
            held=moves[Action.HOLD],
            buried=moves[Action.BURY],
            is_behind=self._is_behind(),
        )

    def drain(self, stop: threading.Event) -> DeliveryCounts:
        """As `deliver_due`, and wait for what the channel's rate holds back, if that is not long."""
        tally = self.deliver_due(stop=stop)
        while tally.is_behind and (pause := self._refill()) is not None and pause <= PATIENCE:
            if stop.wait(pause):
                break
            tally = tally.plus(self.deliver_due(stop=stop))
        return tally

    def hold(self) -> BlockReason:
        """What holds the channel's messages back now."""
        return self._gate()[0].hold

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop`; set it, then call `wake`.

        A store that fails, because it is locked or its disk is full, is a pause: it is told, and tried again.
        """
        while not stop.is_set():
            self._woken.clear()
            try:
                self.deliver_due(stop=stop)
                pause = self._pause()
            except StoreError as error:
                self._told.on_store_error(error)
                pause = HEARTBEAT  # unless woken: a dump was stored, so the store may take this, too
            if not stop.is_set():
                self._woken.wait(pause)

    def wake(self) -> None:
        """Look again now: something was committed, or the run is to stop. From any thread, at no cost."""
        self._woken.set()

    def _next(self) -> Delivery | None:
        name, now = self.channel.name, self._post.clock.now()
        channel_state = self._post.channel_states.get(name)
        found = admission(channel_state, self._policy, now=now)
        due = self._post.outbox.next_due(name, now=now, is_urgent_only=found.is_urgent_only)
        if found.is_shut or due is None or due > now:
            return None
        left = tokens(self._policy.rate, channel_state, now=now) - 1 if self._policy.rate else None
        return self._post.outbox.claim(name, now=now, is_urgent_only=found.is_urgent_only, tokens=left)

    def _attempt(self, delivery: Delivery) -> Decision:
        """One claimed message on its way and its verdict in the outbox; no transaction is open while it travels."""
        verdict = self.channel.send(delivery.message, delivery=delivery.id)
        now = self._post.clock.now()
        step = decide(
            verdict,
            delivery,
            now=now,
            jitter=self._post.jitter(),
            holds_uncertain=self._policy.holds_uncertain,
            retry_policy=self._policy.retry_policy,
        )
        self._unrecorded = delivery, step, now
        self._record()
        return step

    def _record(self) -> None:
        """Write down what became of the last attempt; where the store fails it is kept, and done first next time."""
        if self._unrecorded is None:
            return
        delivery, step, now = self._unrecorded
        outbox = self._post.outbox
        if step.due is not None:
            outbox.retry(delivery, step.verdict, due=step.due, now=now)
        else:
            settle = {Action.DONE: outbox.done, Action.HOLD: outbox.hold}.get(step.action, outbox.bury)
            settle(delivery, step.verdict, now=now)
        self._unrecorded = None
        self._told.on_decision(delivery, step)
        self._stand(step, now)

    def _stand(self, step: Decision, now: datetime) -> None:
        name = self.channel.name
        before = self._post.channel_states.get(name)
        after = state_after(before, step.verdict, now=now, retry_policy=self._policy.retry_policy)
        if after != before:
            self._post.channel_states.save(name, after)
        turned = transition(before, after)
        if turned:
            self._told.on_transition(name, turned, after if turned is Transition.OPENED else before)

    def _is_behind(self) -> bool:
        """Whether something is due that neither quiet hours nor a mute hold back."""
        found, now = self._gate()
        due = self._post.outbox.next_due(self.channel.name, now=now, is_urgent_only=found.is_urgent_only)
        return found.hold is not BlockReason.MUTED and due is not None and due <= now

    def _refill(self) -> float | None:
        """Seconds until the channel's rate lets the next message out; None: it is not the rate that holds it back."""
        found, now = self._gate()
        if not found.is_shut:
            return 0.0
        return (found.again - now).total_seconds() if found.again and found.hold is BlockReason.RATE else None

    def _pause(self) -> float:
        """Seconds until there may be something to do, at most a heartbeat."""
        found, now = self._gate()
        due = self._post.outbox.next_due(self.channel.name, now=now, is_urgent_only=found.is_urgent_only)
        return min(_seconds(now, moment) for moment in (self._again, found.again, None if found.is_shut else due))

    def _gate(self) -> tuple[Admission, datetime]:
        now = self._post.clock.now()
        return admission(self._post.channel_states.get(self.channel.name), self._policy, now=now), now


def build_messages(channel: str, policy: Policy, post: DeliveryContext) -> Plan:
    """Make messages of what is ripe; look first without writing, so that an idle channel asks nothing of a store."""
    now = post.clock.now()
    channel_state, arrived = post.channel_states.get(channel), post.outbox.pending_since(channel)
    if not arrived and not channel_state.flood_until:
        return Plan()
    again = rest_until(arrived, policy, channel_state, now=now)
    if again:
        return Plan(again=again, flood_until=channel_state.flood_until)
    waiting = post.outbox.pending_notices(channel)
    recent = post.outbox.recent(channel, after=now - HOUR, most=max(1, policy.max_per_hour))
    made = plan(waiting, policy, channel_state, recent, now=now)
    if made.formed or made.flood_until != channel_state.flood_until:
        post.outbox.queue_messages(channel, made.formed, flood_until=made.flood_until, now=now)
    return made


def _seconds(now: datetime, until: datetime | None) -> float:
    """Between two moments, at most a heartbeat."""
    return HEARTBEAT if until is None else min(max((until - now).total_seconds(), 0.0), HEARTBEAT)
