"""Which releases the parts of one dump hold against one another."""

from __future__ import annotations

from itertools import permutations

import pytest

from monitor.compare.reservations import Barred, Claims
from monitor.model import Sighting

A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))
SEVEN = Sighting(number=7, version=2)


def noted(*sightings: tuple[bytes, Sighting]) -> Claims:
    claims = Claims()
    for digest, sighting in sightings:
        claims.note({digest: sighting}, {7: 2, 9: 1})
    return claims


def test_nothing_is_held_before_anything_is_known() -> None:
    assert Claims().barred([1, 7], [A]) == Barred()
    assert 7 not in Claims()


def test_a_current_text_holds_its_release_against_all_other_records() -> None:
    claims = noted((A, SEVEN))
    assert claims.barred([7, 9], [B]) == Barred(held=frozenset({7}))
    assert claims.barred([7, 9], [A, B]) == Barred()


def test_an_earlier_text_holds_its_release_against_lesser_evidence() -> None:
    assert noted((A, Sighting(number=7, version=1))).barred([7], [B]) == Barred(spared=frozenset({7}))


@pytest.mark.parametrize("order", list(permutations([(B, SEVEN), (C, SEVEN), (A, Sighting(number=7, version=1))])))
def test_the_current_text_comes_first_and_then_the_order_of_digests(order: tuple[tuple[bytes, Sighting], ...]) -> None:
    claims = noted(*order)
    assert claims.barred([7], [B]) == Barred()
    assert claims.barred([7], [A, C]) == Barred(held=frozenset({7}))


def test_what_was_shown_is_free_for_nobody_and_its_record_is_a_repeat() -> None:
    claims = noted((A, SEVEN))
    claims.take({A: SEVEN}, ())
    assert 7 in claims
    assert claims.barred([7], [A]) == Barred(held=frozenset({7}))
    assert claims.is_repeat(A, SEVEN)
    assert not claims.is_repeat(B, SEVEN)
    assert not claims.is_repeat(A, None)


def test_releases_far_apart_and_side_by_side_are_held_each_for_itself() -> None:
    numbers = [0, 1, 255, 256, 257, 511, 512, 1_000_000, 1_000_255, 1_000_256]
    digests = {number: bytes([place + 1]) * 32 for place, number in enumerate(numbers)}
    claims = Claims()
    for number in numbers:
        claims.take({digests[number]: Sighting(number=number, version=1)}, ())
    for number in numbers:
        assert claims.is_repeat(digests[number], Sighting(number=number, version=1))
        assert not claims.is_repeat(b"x" * 32, Sighting(number=number, version=1))
    assert not [number for number in range(1_500) if number in claims and number not in numbers]
