"""Build one delivery worker per channel, and log, count and alert what happens to messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from monitor.channel_health import ChannelState, is_on_trial, is_open
from monitor.cluster.ownership import SOLE_OWNER, Ownership
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.frozen import dataclass
from monitor.health.counters import STATE_AFTER, Counters
from monitor.logs import fail, say, warn, warn_store
from monitor.model import Delivery, Outcome
from monitor.notify.retry import Action, Decision, Transition
from monitor.notify.send_time import Policy
from monitor.notify.unrecorded import UnrecordedAttempts
from monitor.notify.worker import DeliveryContext, DeliveryHooks, DeliveryWorker, build_messages
from monitor.ports import Channel, ChannelStates, Clock, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One configured channel."""

    channel: Channel
    policy: Policy
    fingerprint: str  # of its settings: a refused channel is tried again when it changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Everything that delivery needs, on one state folder; what must happen once asks whose it is."""

    receivers: Sequence[Receiver]
    outbox: Outbox
    channel_states: ChannelStates
    operator: OperatorAlerts
    counters: Counters
    clock: Clock
    since: datetime  # this process has held the state folder alone since then
    unrecorded: UnrecordedAttempts = field(default_factory=UnrecordedAttempts)  # also of its earlier configurations
    ownership: Ownership = SOLE_OWNER
    routed: frozenset[str] = frozenset()  # channels that the rules name; another process may have them

    def start(self) -> int:
        """Take back unfinished sends of earlier processes, and expire old messages. Return how many expired.

        Where the store is shared, the sends of a process that ended were taken back when it was buried.
        """
        if not self.ownership.is_shared:
            self.reclaim(claimed_before=self.since + self.clock.moved())
        for name in self._owned():
            self.note_settings(name)
        self.update_metrics()
        return self.expire()

    def note_settings(self, channel: str) -> None:
        """Resume a channel that refused everything, where its settings differ from those it was refused with."""
        for receiver in self.receivers:
            if receiver.channel.name == channel:
                self.channel_states.note_fingerprint(channel, receiver.fingerprint, now=self.clock.now())

    def reclaim(self, *, claimed_before: datetime | None = None) -> None:
        """Take back sends that no process works on any more; some are held because they may have arrived."""
        holding = [receiver.channel.name for receiver in self.receivers if receiver.policy.holds_uncertain]
        with self.outbox.transaction():  # neither what becomes of them nor the alert without the other
            held = self.outbox.reclaim(holding=holding, claimed_before=claimed_before, now=self.clock.now())
            self.operator.sends_interrupted(held)
        self._log_held(held)

    def report_held(self, held: Mapping[str, int]) -> None:
        """Report messages that a process has left half sent, by channel, and that a person decides on."""
        self._log_held(held)
        self.operator.sends_interrupted(held)

    def expire(self) -> int:
        """Give up and report messages that waited too long. Return how many, without system messages."""
        if not self.ownership.has_chores():
            return 0
        with self.outbox.transaction():
            counts = self.outbox.expire(now=self.clock.now())
            self.operator.messages_expired(counts)
        for channel, count in counts.items():
            self.counters.count_messages(channel, "dead", count)
            warn("messages_expired", channel=channel, count=count, see="monitor alerts --state dead")
        return sum(counts.values())

    def send_reminders(self) -> None:
        """Alert to channels that stay down, and repeat alerts that the store could not take."""
        self.operator.retry_postponed()
        for name in self._owned():
            if is_open(channel_state := self.channel_states.get(name)):
                self.operator.channel_still_down(name, channel_state)

    def update_metrics(self) -> None:
        """Keep what waits to be sent and which channels work, for `/metrics` between two ticks."""
        self.counters.backlog = self.outbox.backlog()
        for receiver in self.receivers:
            state = self.channel_states.get(receiver.channel.name)
            self.counters.set_channel_up(receiver.channel.name, is_up=not (is_open(state) or is_on_trial(state)))

    def build_all_messages(self) -> None:
        """Build messages from all due notices, on every channel."""
        for receiver in self.receivers:
            if self.ownership.owns(receiver.channel.name):
                build_messages(receiver.channel.name, receiver.policy, self._delivery_context())
        self.build_unconfigured_messages()

    def build_unconfigured_messages(self) -> None:
        """Build messages for channels that are configured nowhere any more: they wait, are shown, and expire."""
        if not self.ownership.has_chores():
            return
        configured = {one.channel.name for one in self.receivers} | self.routed | self.ownership.other_channels()
        for name in self.outbox.pending_channels() - configured:
            with self.ownership.lent(name) as is_lent:
                if is_lent:
                    build_messages(name, Policy(), self._delivery_context())

    def delivery_workers(
        self, *, on_alert: Callable[[], None] = lambda: None, on_refusal: Callable[[], None] = lambda: None
    ) -> tuple[DeliveryWorker, ...]:
        """Return one worker per channel.

        on_alert: called after an alert, which other workers deliver. on_refusal: called after each attempt at which a
        channel refuses everything, as with a password that has changed.
        """

        alerts = {Action.BURY: self.operator.message_dead, Action.HOLD: self.operator.message_held}

        def on_decision(delivery: Delivery, decision: Decision) -> None:
            self.counters.count_messages(delivery.message.channel, STATE_AFTER[decision.action])
            _log_decision(delivery, decision)
            if decision.action in alerts:
                alerts[decision.action](delivery, decision)
                on_alert()
            if decision.verdict.outcome is Outcome.CHANNEL_REFUSED:
                on_refusal()

        def on_accepted(channel: str, since_due: timedelta) -> None:
            self.counters.count_delivery(channel, since_due.total_seconds())

        def on_transition(channel: str, transition: Transition, state: ChannelState) -> None:
            self.counters.set_channel_up(channel, is_up=transition is Transition.RECOVERED)
            self.operator.channel_state_changed(channel, transition, state)
            on_alert()

        hooks = DeliveryHooks(
            on_decision=on_decision,
            on_accepted=on_accepted,
            on_transition=on_transition,
            on_store_error=warn_store,
            on_fault=_log_fault,
        )
        workers = tuple(
            DeliveryWorker(each.channel, each.policy, self._delivery_context(), hooks) for each in self.receivers
        )
        self.ownership.employ({worker.channel.name: worker for worker in workers})
        return workers

    def _delivery_context(self) -> DeliveryContext:
        return DeliveryContext(
            outbox=self.outbox,
            channel_states=self.channel_states,
            clock=self.clock,
            jitter=random.random,
            unrecorded=self.unrecorded,
            owns=self.ownership.owns,
        )

    def _log_held(self, held: Mapping[str, int]) -> None:
        for channel, count in held.items():
            self.counters.count_messages(channel, "held", count)
            warn("messages_held", channel=channel, count=count, see="monitor alerts --state held")

    def _owned(self) -> Sequence[str]:
        return [each.channel.name for each in self.receivers if self.ownership.owns(each.channel.name)]


def _log_fault(channel: str, error: Exception) -> None:
    fail("delivery_failed", error, channel=channel)


def _log_decision(delivery: Delivery, decision: Decision) -> None:
    fields: Mapping[str, object] = {
        "channel": delivery.message.channel,
        "message": delivery.id,
        "releases": len(delivery.message.items),
    }
    if decision.action is Action.DONE:
        say("message_sent", **fields, attempt=delivery.attempt if delivery.attempt > 1 else None)
        return
    event = {Action.BURY: "message_buried", Action.HOLD: "message_held"}.get(decision.action, "message_postponed")
    warn(event, **fields, reason=decision.verdict.reason, due=decision.due and f"{decision.due:%Y-%m-%dT%H:%M:%SZ}")
