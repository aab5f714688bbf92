"""Which releases the parts of one dump hold against one another."""

from __future__ import annotations

from itertools import permutations

import pytest

from monitor.compare.reservations import Reservations, Unavailable
from monitor.model import SeenRecord

A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))
SEVEN = SeenRecord(number=7, version=2)


def noted(*seen_records: tuple[bytes, SeenRecord]) -> Reservations:
    reservations = Reservations()
    for digest, seen_record in seen_records:
        reservations.reserve({digest: seen_record}, {7: 2, 9: 1})
    return reservations


def test_nothing_is_held_before_anything_is_known() -> None:
    assert Reservations().unavailable([1, 7], [A]) == Unavailable()
    assert 7 not in Reservations()


def test_a_current_text_holds_its_release_against_all_other_records() -> None:
    reservations = noted((A, SEVEN))
    assert reservations.unavailable([7, 9], [B]) == Unavailable(reserved=frozenset({7}))
    assert reservations.unavailable([7, 9], [A, B]) == Unavailable()


def test_an_earlier_text_holds_its_release_against_lesser_evidence() -> None:
    assert noted((A, SeenRecord(number=7, version=1))).unavailable([7], [B]) == Unavailable(
        for_equal_text=frozenset({7})
    )


@pytest.mark.parametrize("order", list(permutations([(B, SEVEN), (C, SEVEN), (A, SeenRecord(number=7, version=1))])))
def test_the_current_text_comes_first_and_then_the_order_of_digests(
    order: tuple[tuple[bytes, SeenRecord], ...],
) -> None:
    reservations = noted(*order)
    assert reservations.unavailable([7], [B]) == Unavailable()
    assert reservations.unavailable([7], [A, C]) == Unavailable(reserved=frozenset({7}))


def test_what_was_shown_is_free_for_nobody_and_its_record_is_a_repeat() -> None:
    reservations = noted((A, SEVEN))
    reservations.mark_shown({A: SEVEN}, ())
    assert 7 in reservations
    assert reservations.unavailable([7], [A]) == Unavailable(reserved=frozenset({7}))
    assert reservations.is_repeat(A, SEVEN)
    assert not reservations.is_repeat(B, SEVEN)
    assert not reservations.is_repeat(A, None)


def test_releases_far_apart_and_side_by_side_are_held_each_for_itself() -> None:
    numbers = [0, 1, 255, 256, 257, 511, 512, 1_000_000, 1_000_255, 1_000_256]
    digests = {number: bytes([place + 1]) * 32 for place, number in enumerate(numbers)}
    reservations = Reservations()
    for number in numbers:
        reservations.mark_shown({digests[number]: SeenRecord(number=number, version=1)}, ())
    for number in numbers:
        assert reservations.is_repeat(digests[number], SeenRecord(number=number, version=1))
        assert not reservations.is_repeat(b"x" * 32, SeenRecord(number=number, version=1))
    assert not [number for number in range(1_500) if number in reservations and number not in numbers]
