"""Channels, their policies and what they share → the couriers that deliver, and what is told of their work."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.daemon.operator_alerts import Operator
from monitor.errors import StoreError
from monitor.health.counters import LEFT_AS, Counters
from monitor.logs import say, warn
from monitor.model import Delivery, Standing
from monitor.notify.retry import Move, Step, Turn, is_open
from monitor.notify.send_time import Policy
from monitor.notify.worker import Courier, Post, Told, form
from monitor.ports import Channel, Clock, Outbox, Switchboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One channel as it is configured."""

    channel: Channel
    policy: Policy
    fingerprint: str  # of its settings: a refused channel is tried again when they change


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that delivery needs, on one state folder."""

    lines: Sequence[Line]
    outbox: Outbox
    switchboard: Switchboard
    operator: Operator
    counters: Counters
    clock: Clock

    def open(self) -> int:
        """At start: take back what a dead process left on its way, know the channels again, bury what is too old.

        How many were buried.
        """
        now = self.clock.now()
        holding = [line.channel.name for line in self.lines if line.policy.holds_uncertain]
        held = self.outbox.reclaim(holding=holding, now=now)
        for channel, count in held.items():
            self.counters.left(channel, "held", count)
            warn("messages_held", channel=channel, count=count, see="monitor alerts --state held")
        self.operator.held_over(held)
        for line in self.lines:
            self.switchboard.recognise(line.channel.name, line.fingerprint, now=now)
        return self.expire()

    def expire(self) -> int:
        """Bury what waited too long, and say so; how many, without the monitor's own."""
        counts = self.outbox.expire(now=self.clock.now())
        for channel, count in counts.items():
            self.counters.left(channel, "dead", count)
            warn("messages_expired", channel=channel, count=count, see="monitor alerts --state dead")
        self.operator.expired(counts)
        return sum(counts.values())

    def remind(self) -> None:
        """Say of channels that are down for long that they are, and what was not said of rejects."""
        self.operator.more_rejected()
        for line in self.lines:
            standing = self.switchboard.standing(line.channel.name)
            if is_open(standing):
                self.operator.lasting(line.channel.name, standing)

    def count(self) -> None:
        """Note what waits, for whoever asks between two ticks."""
        self.counters.note_backlog(self.outbox.backlog())

    def form_all(self) -> None:
        """Make messages of all that is ripe, on every channel."""
        for line in self.lines:
            form(line.channel.name, line.policy, self._post())
        self.form_unclaimed()

    def form_unclaimed(self) -> None:
        """The same for channels that are configured no more: their messages wait, are shown, and grow too old."""
        for name in self.outbox.waiting_channels() - {line.channel.name for line in self.lines}:
            form(name, Policy(), self._post())

    def couriers(self, *, on_told: Callable[[], None] = lambda: None) -> tuple[Courier, ...]:
        """One for each channel. on_told: called when the operator was told something, which other couriers carry."""

        def on_step(delivery: Delivery, step: Step) -> None:
            self.counters.left(delivery.message.channel, LEFT_AS[step.move])
            _say_step(delivery, step)
            tell = {Move.BURY: self.operator.buried, Move.HOLD: self.operator.held}.get(step.move)
            if tell:
                tell(delivery, step)
                on_told()

        def on_turn(channel: str, turn: Turn, standing: Standing) -> None:
            self.operator.turned(channel, turn, standing)
            on_told()

        told = Told(on_step=on_step, on_turn=on_turn, on_trouble=_say_trouble)
        return tuple(Courier(line.channel, line.policy, self._post(), told) for line in self.lines)

    def _post(self) -> Post:
        return Post(outbox=self.outbox, switchboard=self.switchboard, clock=self.clock, jitter=random.random)


def _say_trouble(error: StoreError) -> None:
    warn("store_busy", reason=error.message)


def _say_step(delivery: Delivery, step: Step) -> None:
    about: Mapping[str, object] = {
        "channel": delivery.message.channel,
        "message": delivery.id,
        "releases": len(delivery.message.items),
    }
    if step.move is Move.DONE:
        say("message_sent", **about)
        return
    event = {Move.BURY: "message_buried", Move.HOLD: "message_held"}.get(step.move, "message_postponed")
    warn(event, **about, reason=step.verdict.reason, due=step.due and f"{step.due:%Y-%m-%dT%H:%M:%SZ}")
