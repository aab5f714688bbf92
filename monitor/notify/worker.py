"""Turn the pending notices of one channel into messages, send them in order, and record each verdict."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from monitor.channel_health import ChannelState
from monitor.errors import StoreDown, StoreError
from monitor.model import Delivery
from monitor.notify.channel_gate import Admission, BlockReason, admission, tokens
from monitor.notify.grouping import HOUR, MessagePlan, idle_until, plan_messages
from monitor.notify.guard import GuardedChannel, attempt, returned
from monitor.notify.retry import Action, Decision, Transition, decide, state_after, transition
from monitor.notify.send_time import Policy
from monitor.notify.unrecorded import EndedAttempt, UnrecordedAttempts
from monitor.ports import Channel, ChannelStates, Clock, Outbox

T = TypeVar("T")
MAX_IDLE = 15.0  # seconds between two checks; bounds the lag after a suspend, a clock jump or a lost wake-up
MAX_RATE_WAIT = 60.0  # seconds that `drain` waits for the channel's rate to allow the next message


class DeliveryCounts(NamedTuple):
    """The outcomes of one round of deliveries."""

    sent: int = 0
    retried: int = 0
    held: int = 0
    buried: int = 0
    has_backlog: bool = False  # a due message was not tried

    def plus(self, later: DeliveryCounts) -> DeliveryCounts:
        """Return the counts of both rounds."""
        return DeliveryCounts(*map(operator.add, self, later))._replace(has_backlog=later.has_backlog)


class _Look(NamedTuple):
    """What the store says of a channel at one time."""

    found: Admission
    now: datetime
    due: datetime | None  # of its next message; None: none waits


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHooks:
    """The callbacks of a worker; each is called from its thread."""

    on_decision: Callable[[Delivery, Decision], None] = lambda _delivery, _decision: None
    on_accepted: Callable[[str, timedelta], None] = lambda _channel, _since_due: None  # before it is recorded
    on_transition: Callable[[str, Transition, ChannelState], None] = lambda _channel, _transition, _state: None
    on_store_error: Callable[[StoreError], None] = lambda _error: None
    on_fault: Callable[[str, Exception], None] = lambda _channel, _error: None  # of the monitor itself


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """The parts that all workers share."""

    outbox: Outbox
    channel_states: ChannelStates
    clock: Clock
    jitter: Callable[[], float]  # 0 ≤ jitter < 1
    unrecorded: UnrecordedAttempts = field(default_factory=UnrecordedAttempts)  # of this process
    owns: Callable[[str], bool] = lambda _channel: True  # False: another process delivers on this channel now


class DeliveryWorker:
    """The worker of one channel: delivers in order, in one thread, so that channels never wait for one another."""

    def __init__(
        self, channel: Channel, policy: Policy, context: DeliveryContext, hooks: DeliveryHooks = DeliveryHooks()
    ) -> None:
        self.channel = channel
        self._guarded = GuardedChannel(channel)
        self._policy = policy
        self._context = context
        self._hooks = hooks
        self._woken = threading.Event()
        self._looked: _Look | None = None  # in this round, and nothing was sent since then; None: look again
        self._notice_due: datetime | None = None  # when the next pending notice is due; None: no notice is left
        self.is_busy = False  # a message may be on its way; set before it asks whether it owns its channel

    def deliver_due(self, *, stop: threading.Event | None = None) -> DeliveryCounts:
        """Send everything that may go out now, until the channel is blocked or `stop` is set.

        A stored message that cannot be claimed ends the round. Its lease keeps it away from the next rounds.
        """
        return self._survive(lambda: self._deliver_due(stop)) or DeliveryCounts(retried=1)

    def _deliver_due(self, stop: threading.Event | None) -> DeliveryCounts:
        self._looked = None
        self._record()
        self.is_busy = True
        try:
            return self._deliver(stop) if self._owns() else DeliveryCounts()
        finally:
            self.is_busy = False

    def _deliver(self, stop: threading.Event | None) -> DeliveryCounts:
        actions = dict.fromkeys(Action, 0)
        delivery = None if _is_set(stop) else self._build_and_claim()
        while delivery is not None and self._context.outbox.holds(delivery):  # else another process may have it by now
            actions[self._attempt(delivery)] += 1
            self._looked = None
            delivery = self._record(claims=self._owns() and not _is_set(stop))
        found, now, due = self._look()
        return DeliveryCounts(
            sent=actions[Action.DONE],
            retried=actions[Action.RETRY],
            held=actions[Action.HOLD],
            buried=actions[Action.BURY],
            has_backlog=found.reason is not BlockReason.MUTED and due is not None and due <= now,
        )

    def drain(self, stop: threading.Event) -> DeliveryCounts:
        """Deliver as `deliver_due`, and wait up to MAX_RATE_WAIT for each message that the rate holds back.

        After a StoreError, what it left unrecorded is tried once more before the error is raised.
        """
        try:
            return self._drain(stop)
        except StoreError:
            self._record()
            raise

    def _drain(self, stop: threading.Event) -> DeliveryCounts:
        counts = self.deliver_due(stop=stop)
        while counts.has_backlog:
            found, now = self._admission()
            pause = (found.until - now).total_seconds() if found.is_blocked and found.until else 0.0
            is_held = found.is_blocked and found.reason is not BlockReason.RATE
            if is_held or pause > MAX_RATE_WAIT or stop.wait(pause):
                break
            counts = counts.plus(self.deliver_due(stop=stop))
        return counts

    def record_ended(self) -> None:
        """Record the attempts that have ended. Raises StoreError while one of this channel cannot be recorded."""
        self._survive(self._record)

    def block_reason(self) -> BlockReason:
        """Return what holds the channel's messages back now."""
        return self._admission()[0].reason

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop`; to end it, set `stop` and call `wake`.

        A store that fails, because its disk is full, is reported and tried again after a pause; one that is down is
        asked as soon as it is worth it. What is unrecorded at the end is tried once more, and then left to the next
        worker of this process.
        """
        while not stop.is_set():
            self._woken.clear()
            pause = None
            try:
                pause = self._survive(lambda: self._round(stop))
            except StoreDown as error:
                pause = error.retry_after
            except StoreError as error:
                self._hooks.on_store_error(error)
            if (
                not stop.is_set()
            ):  # after a fault it waits, unless woken: a dump was stored, so the store may work again
                self._woken.wait(MAX_IDLE if pause is None else pause)
        try:
            self.record_ended()
        except StoreError as error:
            self._hooks.on_store_error(error)

    def wake(self) -> None:
        """Check again now: something was committed, or the run is to stop. Cheap, and safe from any thread."""
        self._woken.set()

    def _survive(self, call: Callable[[], T]) -> T | None:
        """Return the result of a call; None after a fault of the monitor, which ends neither thread nor process."""
        try:
            return call()
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  the border per message, for what happens outside of its send
            self._hooks.on_fault(self.channel.name, error)
            return None

    def _round(self, stop: threading.Event) -> float:
        """Deliver what is due, and return the seconds until there may be something to do."""
        self._deliver_due(stop)
        return self._pause()

    def _build_and_claim(self) -> Delivery | None:
        """Store the messages that are due to be made, and claim the first of all in the same transaction."""
        plan, store = due_messages(self.channel.name, self._policy, self._context)
        self._notice_due = plan.next_due
        if store is None:
            _, now, due = self._look()
            return self._claim() if due is not None and due <= now else None
        with self._context.outbox.transaction():
            store()
            claimed = attempt(self._claim)
        return returned(claimed)

    def _claim(self) -> Delivery | None:
        name, now = self.channel.name, self._context.clock.now()
        channel_state = self._context.channel_states.get(name)
        found = admission(channel_state, self._policy, now=now)
        if found.is_blocked:
            return None
        left = tokens(self._policy.rate, channel_state, now=now) - 1 if self._policy.rate else None
        return self._context.outbox.claim(name, now=now, is_urgent_only=found.is_urgent_only, tokens=left)

    def _attempt(self, delivery: Delivery) -> Action:
        """Send a claimed message and keep its verdict to be recorded; no transaction is open during the send."""
        before = self._context.clock.moved()
        verdict = self._guarded.send(delivery.message, delivery=delivery.number)
        moved, now = self._context.clock.moved(), self._context.clock.now()
        delivery = replace(delivery, expires=delivery.expires + moved - before)
        decision = decide(
            verdict,
            delivery,
            now=now,
            jitter=self._context.jitter(),
            holds_uncertain=self._policy.holds_uncertain,
            retry_policy=self._policy.retry_policy,
        )
        if decision.action is Action.DONE:
            self._hooks.on_accepted(delivery.message.channel, now - delivery.due)
        self._context.unrecorded.add(EndedAttempt(delivery, decision, now, moved))
        return decision.action

    def _record(self, *, claims: bool = False) -> Delivery | None:
        """Record what has ended, other workers' attempts too, and claim the next message where it is asked for.

        One transaction for both: a message costs one wait for the disk, not two.
        """
        return self._context.unrecorded.record_all(
            self._record_attempt,
            channel=self.channel.name,
            transaction=self._context.outbox.transaction,
            claim=self._claim if claims else lambda: None,
        )

    def _record_attempt(self, ended: EndedAttempt) -> Callable[[], object]:
        """Save an attempt and what follows for its channel; after a StoreError it can all be repeated.

        Return the call of the hooks, for when it is durable.
        """
        delivery, decision, at, _ = ended.after_move(self._context.clock.moved())
        name, channel_states = delivery.message.channel, self._context.channel_states
        before = channel_states.get(name)
        until = decision.due if decision.is_last else None
        after = state_after(before, decision.verdict, now=at, until=until, retry_policy=self._policy.retry_policy)
        if not self._settle(delivery, decision, at):  # this process was taken for dead meanwhile
            return lambda: None
        if after != before:
            channel_states.save(name, after)
        return partial(self._report, delivery, decision, before, after)

    def _report(self, delivery: Delivery, decision: Decision, before: ChannelState, after: ChannelState) -> None:
        """Call the hooks for an attempt that is recorded; what they raise must not stop a message that is claimed."""
        name, change = delivery.message.channel, transition(before, after)
        try:
            self._survive(lambda: self._hooks.on_decision(delivery, decision))
            if change:
                reported = after if change is Transition.OPENED else before
                self._survive(lambda: self._hooks.on_transition(name, change, reported))
        except StoreError as error:
            self._hooks.on_store_error(error)

    def _settle(self, delivery: Delivery, decision: Decision, at: datetime) -> bool:
        """Record the verdict; return whether it counts."""
        outbox = self._context.outbox
        if decision.due is not None:
            return outbox.retry(delivery, decision.verdict, due=decision.due, now=at)
        settle = {Action.DONE: outbox.done, Action.HOLD: outbox.hold}.get(decision.action, outbox.bury)
        return settle(delivery, decision.verdict, now=at)

    def _owns(self) -> bool:
        return self._context.owns(self.channel.name)

    def _pause(self) -> float:
        """Return the seconds until there may be something to do, at most MAX_IDLE."""
        if not self._owns():  # it is woken when that changes
            return MAX_IDLE
        found, now, due = self._look()
        times = [at for at in (self._notice_due, found.until, None if found.is_blocked else due) if at is not None]
        return min([MAX_IDLE, *(max((at - now).total_seconds(), 0.0) for at in times)])

    def _look(self) -> _Look:
        """Return what the store says of the channel, as this round has read it already, or now."""
        if self._looked is None:
            found, now = self._admission()
            self._looked = _Look(found, now, self._next_message(found, now))
        return self._looked

    def _next_message(self, found: Admission, now: datetime) -> datetime | None:
        return self._context.outbox.next_due(self.channel.name, now=now, is_urgent_only=found.is_quiet)

    def _admission(self) -> tuple[Admission, datetime]:
        now = self._context.clock.now()
        return admission(self._context.channel_states.get(self.channel.name), self._policy, now=now), now


def build_messages(channel: str, policy: Policy, context: DeliveryContext) -> MessagePlan:
    """Make messages of the notices that are due, and store them."""
    plan, store = due_messages(channel, policy, context)
    if store:
        store()
    return plan


def due_messages(
    channel: str, policy: Policy, context: DeliveryContext
) -> tuple[MessagePlan, Callable[[], None] | None]:
    """Return the messages to make of the notices that are due, and the call that stores them; None: nothing changes.

    Only reads, so that an idle channel writes nothing.
    """
    now, outbox = context.clock.now(), context.outbox
    channel_state, arrived = context.channel_states.get(channel), outbox.pending_since(channel)
    if not arrived and not channel_state.flood_until:
        return MessagePlan(), None
    next_due = idle_until(arrived, policy, channel_state, now=now)
    if next_due:
        return MessagePlan(next_due=next_due, flood_until=channel_state.flood_until), None
    recent = outbox.recent(channel, after=now - HOUR, most=max(1, policy.max_per_hour))
    plan = plan_messages(outbox.pending_notices(channel), policy, channel_state, recent, now=now)
    if not plan.drafts and plan.flood_until == channel_state.flood_until:
        return plan, None
    return plan, partial(outbox.queue_messages, channel, plan.drafts, flood_until=plan.flood_until, now=now)


def _is_set(stop: threading.Event | None) -> bool:
    return stop is not None and stop.is_set()
