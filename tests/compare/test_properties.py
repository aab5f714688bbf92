"""Check what holds for any dump: one alert, whatever the order and the file; no whole record is ever lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.ingest_values import Mode
from monitor.model import Kind, Release
from tests.compare.scenario import CATEGORIES, Drop, Lab, dump, open_lab, real_dumps, records, written
from tests.examples import examples

SLOW = settings(max_examples=examples(40))  # each example makes databases

TITLES = ("Talks held on supply chains", "Talks held on chips", "Minister visits shipyard", "한-베트남 회의 개최")
SENTENCES = (
    "Exports rose 5.1 percent to $5.3 billion.",
    "Exports rose 5.3 percent to $5.3 billion.",
    "The ministry held talks with its partners and agreed on joint work in batteries and chips.",
    "Officials said that the date 2024-05-01 stands, and date2024-05-02 too.",
    "수출은 5.1% 증가한 570억 달러이다.",
    "It’s “done” – at last.",
    "The next round will take place in Seoul in autumn, after both sides have named their working groups.",
)
DAYS = st.dates(date(2024, 6, 28), date(2024, 7, 3))


BODIES = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6).map(" ".join)
CUT_BODIES = st.builds(lambda body, end: body[: 1 + end % len(body)].strip(), BODIES, st.integers(0, 400))


def releases(category: st.SearchStrategy[str | None]) -> st.SearchStrategy[Release]:
    """Made of few titles, sentences and days, so that many are alike; some bodies are cut."""
    return st.builds(
        Release, title=st.sampled_from(TITLES), body=BODIES | BODIES | CUT_BODIES, date=DAYS, category=category
    )


def lists(category: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[Release]]:
    """The releases of one dump; exact repeats collapse in the parser and are left out here."""
    return st.lists(releases(category), min_size=1, max_size=6, unique_by=written)


LISTS = lists(st.none()) | lists(st.sampled_from(CATEGORIES))  # the layout is uniform within a file


def contents(lab: Lab) -> Counter[Release]:
    """What the store holds, whatever the numbers."""
    return Counter(lab.heads())


@SLOW
@given(LISTS)
def test_a_dump_taken_in_twice_brings_nothing_the_second_time(shown: list[Release]) -> None:
    with open_lab() as lab:
        first = lab.drop(dump(*shown)).kinds()
        known = contents(lab)
        again = Drop(content=dump(*shown), name="2025-06-01.txt", mode=Mode.AGAIN)

        assert first == " ".join(["new"] * len(shown))
        assert lab.drop(dump(*shown), "copy.txt").kinds() == "duplicate"
        assert lab.drop(again).kinds() == " ".join(["unchanged"] * len(shown))
        assert lab.drop(dump(*shown) + "\n").kinds() == " ".join(["unchanged"] * len(shown))
        assert contents(lab) == known


@SLOW
@given(LISTS, LISTS, st.data())
def test_the_order_of_the_records_makes_no_difference(
    first: list[Release], second: list[Release], data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(second))
    with open_lab() as there, open_lab() as back:
        there.drop(dump(*first)).drop(dump(*second))
        back.drop(dump(*first)).drop(dump(*turned))

        assert contents(there) == contents(back)
        assert told(there) == told(back)


@SLOW
@given(LISTS, st.data())
def test_the_order_of_new_records_makes_no_difference(shown: list[Release], data: st.DataObject) -> None:
    with open_lab() as lab:
        lab.drop(dump(*data.draw(st.permutations(shown))))

        assert contents(lab) == Counter(shown)


def told(lab: Lab) -> Counter[tuple[Kind, Release, tuple[str, ...], str]]:
    """Every verdict of the last drop, whatever the numbers."""
    return Counter((change.kind, change.after, change.fields, change.reason) for change in lab.changes)


@SLOW
@given(st.data())
def test_a_dump_split_over_two_files_comes_to_the_same(data: st.DataObject) -> None:
    """Of real releases: which of two texts under one title and day is meant, only a dump with both can tell."""
    known = distinct()
    shown = [known[n] for n in data.draw(st.lists(st.integers(0, len(known) - 1), min_size=2, unique=True))]
    at = data.draw(st.integers(1, len(shown) - 1))
    with open_lab() as whole, open_lab() as halves:
        whole.drop(dump(*shown))
        halves.drop(dump(*shown[:at])).drop(dump(*shown[at:]))

        assert contents(whole) == contents(halves) == Counter(shown)
        assert halves.drop(dump(*shown)).kinds() == " ".join(["unchanged"] * len(shown))


def distinct() -> list[Release]:
    """The releases of the real dumps, without their categories, in the order of the files."""
    shown = [record.release for text in real_dumps().values() for record in records(text)]
    return list(dict.fromkeys(replace(release, category=None) for release in shown))


@SLOW
@given(LISTS, LISTS)
def test_each_record_of_a_dump_shows_a_release_of_its_own(first: list[Release], second: list[Release]) -> None:
    with open_lab() as lab:
        lab.drop(dump(*first)).drop(dump(*second))
        numbers = [change.number for change in lab.changes]

        assert len(numbers) == len(set(numbers)) == len(second)


@SLOW
@given(LISTS, LISTS)
def test_what_was_taken_in_last_is_known_afterwards(first: list[Release], second: list[Release]) -> None:
    with open_lab() as lab:
        lab.drop(dump(*first)).drop(dump(*second))

        assert lab.drop(dump(*second[::-1])).kinds() == " ".join(["unchanged"] * len(second))


@given(LISTS)
def test_the_parser_gives_every_record_back(shown: list[Release]) -> None:
    assert [record.release for record in records(dump(*shown))] == shown


@given(LISTS, st.integers(0, 10_000))
def test_a_cut_off_dump_keeps_every_record_that_is_whole(shown: list[Release], cut_at: int) -> None:
    text = dump(*shown)
    part = text[: cut_at % (len(text) + 1)]
    whole = sum(part.startswith(dump(*shown[: n + 1])) for n in range(len(shown)))

    assert [record.release for record in records(part)][:whole] == shown[:whole]


@given(LISTS, st.sampled_from(["noise", "noise\nand more", "- -", "date2024-07-01"]), st.data())
def test_noise_between_records_harms_none_of_them(shown: list[Release], noise: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(shown) - 1))
    text = "\n".join(filter(None, [dump(*shown[:at]), f"-\n{noise}", dump(*shown[at:])]))

    found = [record.release for record in records(text)]
    assert [release for release in found if release in shown] == shown
