"""Small files first, each queue in the order of arrival."""

from __future__ import annotations

from monitor.collect.watching.file_queue import SMALL, FileQueue

A, B, C, D = b"/in/a", b"/in/b", b"/in/c", b"/in/d"


def test_small_files_pass_a_big_one_that_came_before() -> None:
    file_queue = FileQueue()
    for path, size in ((A, SMALL + 1), (B, SMALL), (C, 0)):
        file_queue.add(path, size)

    assert (file_queue.small_count, len(file_queue)) == (2, 3)
    assert file_queue.take_small(9) == [B, C]
    assert file_queue.take_big() == [A]
    assert not file_queue


def test_each_queue_keeps_the_order_of_arrival() -> None:
    file_queue = FileQueue()
    for path in (C, A, D, B):
        file_queue.add(path, 1)
        file_queue.add(path + b"!", SMALL * 2)

    assert file_queue.take_small(3) == [C, A, D]
    assert file_queue.take_small(3) == [B]
    assert [file_queue.take_big() for _ in range(5)] == [[C + b"!"], [A + b"!"], [D + b"!"], [B + b"!"], []]


def test_a_file_that_waits_already_keeps_its_place_and_waits_once() -> None:
    file_queue = FileQueue()
    for path in (A, B, A):
        file_queue.add(path, 1)

    assert file_queue.take_small(9) == [A, B]
    assert not file_queue


def test_a_file_that_grew_changes_its_queue() -> None:
    file_queue = FileQueue()
    file_queue.add(A, 1)
    file_queue.add(A, SMALL + 1)

    assert (file_queue.take_small(9), file_queue.take_big()) == ([], [A])


def test_small_files_can_be_seen_in_their_order_and_taken_one_by_one() -> None:
    file_queue = FileQueue()
    for path in (A, B, C):
        file_queue.add(path, 1)
    assert file_queue.small_files() == [A, B, C]
    file_queue.drop_small(B)
    assert (file_queue.small_files(), file_queue.take_small(9)) == ([A, C], [A, C])
