"""A configuration file that changes, seen from inside."""

from __future__ import annotations

from pathlib import Path

from monitor.app.config import Config, load
from monitor.app.operator import Operator
from monitor.app.renewal import Renewal
from monitor.testing import FrozenClock, MemoryOutbox

TEXT = "sources: {motie: {path: seeds/}}\nchannels: {hook: {url: 'console://'}}\nwatchlists: {fta: {keywords: [FTA]}}\n"


def renewal_of(file: Path, *, after: Renewal[Config] | None = None) -> Renewal[Config]:
    operator = Operator(channels=("hook",), outbox=MemoryOutbox(), clock=FrozenClock())
    return Renewal(load(file, environ={}), lambda config: config, operator, after=after)


def test_a_change_counts_once_it_is_the_same_in_two_looks(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    renewal = renewal_of(file)
    assert not renewal.has_changed()
    file.write_text(f"{TEXT}timezone: Asia/Seoul\n", "utf-8")
    assert [renewal.has_changed(), renewal.has_changed()] == [False, True]
    assert renewal.renew()
    assert renewal.next is not None
    assert renewal.next.timezone.key == "Asia/Seoul"
    assert not renewal.has_changed()


def test_a_change_while_the_last_one_is_taken_into_use_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    first = renewal_of(file)
    file.write_text(f"{TEXT}timezone: Asia/Seoul\n", "utf-8")
    assert first.renew()
    file.write_text(f"{TEXT}timezone: Europe/Berlin\n", "utf-8")  # the threads of the old one are ending
    second = renewal_of(file, after=first)
    assert [second.has_changed(), second.has_changed()] == [False, True]
