"""Channels, their policies and what they share → the couriers that deliver, and what is told of their work."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.errors import StoreError
from monitor.health.counters import STATE_AFTER, Counters
from monitor.logs import say, warn
from monitor.model import ChannelState, Delivery
from monitor.notify.retry import Action, Decision, Transition, is_open
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, DeliveryHooks, DeliveryWorker, build_messages
from monitor.ports import Channel, ChannelStates, Clock, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One channel as it is configured."""

    channel: Channel
    policy: Policy
    fingerprint: str  # of its settings: a refused channel is tried again when they change


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Everything that delivery needs, on one state folder."""

    receivers: Sequence[Receiver]
    outbox: Outbox
    channel_states: ChannelStates
    operator: OperatorAlerts
    counters: Counters
    clock: Clock
    since: datetime  # this process has held the state folder alone since then

    def start(self) -> int:
        """At start: take back what a dead process left on its way, know the channels again, bury what is too old.

        How many were buried.
        """
        self._reclaim(claimed_before=self.since)
        for line in self.receivers:
            self.channel_states.note_fingerprint(line.channel.name, line.fingerprint, now=self.clock.now())
        return self.expire()

    def reclaim(self) -> None:
        """Take back what nobody sends any more, and say what is held because it may have arrived."""
        self._reclaim(claimed_before=None)

    def _reclaim(self, *, claimed_before: datetime | None) -> None:
        holding = [line.channel.name for line in self.receivers if line.policy.holds_uncertain]
        held = self.outbox.reclaim(holding=holding, claimed_before=claimed_before, now=self.clock.now())
        for channel, count in held.items():
            self.counters.count_messages(channel, "held", count)
            warn("messages_held", channel=channel, count=count, see="monitor alerts --state held")
        self.operator.sends_interrupted(held)

    def expire(self) -> int:
        """Bury what waited too long, and say so; how many, without the monitor's own."""
        counts = self.outbox.expire(now=self.clock.now())
        for channel, count in counts.items():
            self.counters.count_messages(channel, "dead", count)
            warn("messages_expired", channel=channel, count=count, see="monitor alerts --state dead")
        self.operator.messages_expired(counts)
        return sum(counts.values())

    def send_reminders(self) -> None:
        """Say of channels that are down for long that they are, and what was not said of rejects."""
        self.operator.unreported_rejects()
        for line in self.receivers:
            channel_state = self.channel_states.get(line.channel.name)
            if is_open(channel_state):
                self.operator.channel_still_down(line.channel.name, channel_state)

    def update_backlog(self) -> None:
        """Note what waits, for whoever asks between two ticks."""
        self.counters.set_backlog(self.outbox.backlog())

    def build_all_messages(self) -> None:
        """Make messages of all that is ripe, on every channel."""
        for line in self.receivers:
            build_messages(line.channel.name, line.policy, self._delivery_context())
        self.build_unconfigured_messages()

    def build_unconfigured_messages(self) -> None:
        """The same for channels that are configured no more: their messages wait, are shown, and grow too old."""
        for name in self.outbox.pending_channels() - {line.channel.name for line in self.receivers}:
            build_messages(name, Policy(), self._delivery_context())

    def delivery_workers(self, *, on_alert: Callable[[], None] = lambda: None) -> tuple[DeliveryWorker, ...]:
        """One for each channel. on_told: called when the operator was told something, which other couriers carry."""

        def on_step(delivery: Delivery, step: Decision) -> None:
            self.counters.count_messages(delivery.message.channel, STATE_AFTER[step.action])
            _log_decision(delivery, step)
            tell = {Action.BURY: self.operator.message_dead, Action.HOLD: self.operator.message_held}.get(step.action)
            if tell:
                tell(delivery, step)
                on_alert()

        def on_turn(channel: str, turn: Transition, channel_state: ChannelState) -> None:
            self.operator.channel_state_changed(channel, turn, channel_state)
            on_alert()

        told = DeliveryHooks(on_decision=on_step, on_transition=on_turn, on_store_error=_log_store_error)
        return tuple(
            DeliveryWorker(line.channel, line.policy, self._delivery_context(), told) for line in self.receivers
        )

    def _delivery_context(self) -> DeliveryContext:
        return DeliveryContext(
            outbox=self.outbox, channel_states=self.channel_states, clock=self.clock, jitter=random.random
        )


def _log_store_error(error: StoreError) -> None:
    warn("store_busy", reason=error.message)


def _log_decision(delivery: Delivery, decision: Decision) -> None:
    about: Mapping[str, object] = {
        "channel": delivery.message.channel,
        "message": delivery.id,
        "releases": len(delivery.message.items),
    }
    if decision.action is Action.DONE:
        say("message_sent", **about)
        return
    event = {Action.BURY: "message_buried", Action.HOLD: "message_held"}.get(decision.action, "message_postponed")
    warn(event, **about, reason=decision.verdict.reason, due=decision.due and f"{decision.due:%Y-%m-%dT%H:%M:%SZ}")
