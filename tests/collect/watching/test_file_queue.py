"""Small files first, each lane in the order in which its files came."""

from __future__ import annotations

from monitor.collect.watching.file_queue import SMALL, Lanes

A, B, C, D = b"/in/a", b"/in/b", b"/in/c", b"/in/d"


def test_small_files_pass_a_big_one_that_came_before() -> None:
    lanes = Lanes()
    for path, size in ((A, SMALL + 1), (B, SMALL), (C, 0)):
        lanes.add(path, size)

    assert (lanes.small, len(lanes)) == (2, 3)
    assert lanes.take_small(9) == [B, C]
    assert lanes.take_big() == [A]
    assert not lanes


def test_each_lane_keeps_the_order_of_arrival() -> None:
    lanes = Lanes()
    for path in (C, A, D, B):
        lanes.add(path, 1)
        lanes.add(path + b"!", SMALL * 2)

    assert lanes.take_small(3) == [C, A, D]
    assert lanes.take_small(3) == [B]
    assert [lanes.take_big() for _ in range(5)] == [[C + b"!"], [A + b"!"], [D + b"!"], [B + b"!"], []]


def test_a_file_that_waits_already_keeps_its_place_and_waits_once() -> None:
    lanes = Lanes()
    for path in (A, B, A):
        lanes.add(path, 1)

    assert A in lanes
    assert lanes.take_small(9) == [A, B]
    assert A not in lanes


def test_a_file_that_grew_changes_its_lane() -> None:
    lanes = Lanes()
    lanes.add(A, 1)
    lanes.add(A, SMALL + 1)

    assert (lanes.take_small(9), lanes.take_big()) == ([], [A])
