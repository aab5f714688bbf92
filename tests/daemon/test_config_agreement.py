"""Monitors of one store that go by different settings: said once by each, and to the operator by one of them."""

from __future__ import annotations

import logging

import pytest

from monitor.cluster.config_hash import LASTING
from monitor.daemon.config_agreement import ConfigAgreement
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.node_values import NodeState
from monitor.testing import FrozenClock, MemoryOutbox
from tests.cluster.nodes import node

AGREED = (node("north", rules="1"), node("south", rules="1"))
DIFFERENT = (node("north", rules="1"), node("south", rules="2"))
RULES = "the monitors of this store do not agree on watchlists"


class Member:
    """One node, and what it says."""

    def __init__(self, outbox: MemoryOutbox, *, has_chores: bool) -> None:
        self.outbox = outbox
        self.nodes: tuple[NodeState, ...] = AGREED
        self.now = 1_000.0
        self.has_chores = has_chores
        self.agreement = ConfigAgreement(
            living=lambda: self.nodes,
            has_chores=lambda: self.has_chores,
            uptime=lambda: self.now,
        )
        self.reload()

    def reload(self) -> None:
        """Go on with another configuration."""
        self.operator = OperatorAlerts(channels=["desk"], outbox=self.outbox, clock=FrozenClock())

    def tick(self, seconds: float = 15.0) -> None:
        self.now += seconds
        self.agreement.check(self.operator)

    def alerts(self) -> list[str]:
        return [row.message.text.partition("\n")[0] for row in self.outbox.rows]


@pytest.fixture
def member() -> Member:
    return Member(MemoryOutbox(), has_chores=True)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith("config_")]


@pytest.fixture(autouse=True)
def _all_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="monitor")


def test_settings_that_are_rolled_out_are_no_news(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    member.nodes = DIFFERENT
    member.tick()
    member.tick(LASTING - 1)
    member.nodes = AGREED
    member.tick()
    assert (member.alerts(), logged(caplog)) == ([], [])


def test_a_lasting_difference_is_said_once_with_its_nodes(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    member.nodes = DIFFERENT
    for _ in range(3):
        member.tick(LASTING)
    assert member.alerts() == [RULES]
    assert "north against south" in member.outbox.rows[0].message.text
    assert logged(caplog) == ["config_differs"]
    member.nodes = AGREED
    member.tick()
    assert logged(caplog) == ["config_differs", "config_agrees"]


def test_of_several_nodes_that_see_it_one_alerts_the_operator() -> None:
    outbox = MemoryOutbox()
    holder, other = Member(outbox, has_chores=True), Member(outbox, has_chores=False)
    for each in (holder, other):
        each.nodes = DIFFERENT
        each.tick()
        each.tick(LASTING)
    assert holder.alerts() == [RULES]
    other.has_chores = True  # the first one is gone
    other.tick()
    assert other.alerts() == [RULES]


def test_while_nobody_is_known_nothing_is_said_and_nothing_forgotten(member: Member) -> None:
    member.nodes = DIFFERENT
    member.tick()
    member.nodes = ()
    member.tick(LASTING)
    assert member.alerts() == []
    member.nodes = DIFFERENT
    member.tick()
    assert member.alerts() == [RULES]


def test_a_reload_neither_begins_the_wait_anew_nor_says_it_twice(
    member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    member.nodes = DIFFERENT
    member.tick()
    member.reload()
    member.tick(LASTING)
    assert member.alerts() == [RULES]
    member.reload()
    member.tick(LASTING)
    assert (member.alerts(), logged(caplog)) == ([RULES], ["config_differs"])
