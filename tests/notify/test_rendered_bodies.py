"""A message is rendered when notices are split into messages, and not again when it comes back from the store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from monitor.model import Message, Outcome
from monitor.notify.plain_text import plain
from monitor.notify.rendered_bodies import _MOST, RenderedBodies
from monitor.store.rows import pack_message, unpack_message
from tests.notify.facts import message
from tests.notify.services import webhook
from tests.notify.situations import several
from tests.servers import http_server

PART = message(*several(3))


def rendered(call: Callable[[], object]) -> int:
    """Return how many items a call renders as plain text."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_name == "whole"

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def test_a_part_that_was_measured_is_not_rendered_again_and_reads_the_same() -> None:
    stored = unpack_message(pack_message(replace(PART, part=2, parts=7)))
    with http_server() as server:
        hook = webhook(server.port, "")
        assert rendered(lambda: hook.fits(replace(PART, part=999, parts=999))) == 3
        assert rendered(lambda: hook.send(stored, delivery="1")) == 0
        assert rendered(lambda: hook.send(stored, delivery="1")) == 3, "a retry renders it anew"
        first, second = server.wait_for(2)
    assert first.body == second.body
    assert first.json()["message"] == plain(stored)


def test_a_message_that_is_sent_first_takes_what_was_measured_before_it_along() -> None:
    bodies = RenderedBodies()
    kept = [replace(PART, text=f"{number}") for number in range(3)]
    for one in kept:
        bodies.keep(one, one.text)
    assert [bodies.take(one) for one in (kept[1], kept[0], kept[2], kept[2])] == ["1", None, "2", None]


def test_no_more_than_a_bounded_number_is_kept_and_the_oldest_goes_first() -> None:
    bodies = RenderedBodies()
    kept: list[Message] = [replace(PART, text=f"{number}") for number in range(_MOST + 5)]
    for one in kept:
        bodies.keep(one, one.text)
    assert (len(bodies._bodies), bodies.take(kept[4]), bodies.take(kept[5])) == (_MOST, None, "5")


def test_a_message_that_says_something_else_is_rendered() -> None:
    with http_server() as server:
        hook = webhook(server.port, "")
        hook.fits(PART)
        korean = replace(PART, language="ko")
        assert rendered(lambda: hook.send(korean, delivery="1")) == 3
        assert hook.send(korean, delivery="1").outcome is Outcome.OK
        assert server.wait_for(1)[0].json()["message"] == plain(korean)
