"""Which record shows which release: the classes of evidence row by row, their limits, and one to one in a dump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Release
from monitor.text import soft
from tests.compare.scenario import TALKS, VISIT, Drop, Lab, cut, dump, matched_numbers, on, real, swapped
from tests.examples import examples

AUTO = real("003#2")
OTHER_TITLE = "Readout of a quarterly consultation"
LONG = (
    "Officials met in Seoul to talk about batteries and chips. Both sides will name working groups for each field and"
    " meet again before the year ends. Companies asked for faster permits and a common standard for recycled metal."
)


def words(count: int, *, first: int = 0) -> list[str]:
    """Words that are all different: aaa, aab, aac …"""
    letters = ascii_lowercase
    return [letters[n // 676 % 26] + letters[n // 26 % 26] + letters[n % 26] for n in range(first, first + count)]


def of(text: Sequence[str], *, is_whole: bool = True) -> str:
    return " ".join(text) + ("." if is_whole else "")


def body(characters: int) -> str:
    """A whole body that is so many characters long without its stop."""
    return of(["ministry", *words(60)])[:characters] + "."


def test_a_body_made_for_a_limit_has_the_length_it_says() -> None:
    assert [len(soft(body(limit))) for limit in (99, 100, 199, 200)] == [99, 100, 199, 200]


# --- the classes, row by row: (what differs, the known release, the record, is it the same) ------------------------

STORY = replace(AUTO, body=of(words(58)))  # 56 shingles

CLASSES = [
    ("0: nothing differs", AUTO, AUTO, True),
    ("0: typography", AUTO, replace(AUTO, title=AUTO.title.replace("’", "'").upper()), True),
    ("0: both without a date", replace(AUTO, date=None), replace(AUTO, date=None), True),
    ("0: the category", AUTO, replace(AUTO, category="Industry"), True),
    ("1: the record is cut", AUTO, cut(AUTO, 700), True),
    ("1: the known one was cut", cut(AUTO, 700), AUTO, True),
    ("1: both are cut, at other places", cut(AUTO, 700), cut(AUTO, 730), True),
    ("1: the record has no body", AUTO, replace(AUTO, body=""), True),
    ("2: the record has no date", AUTO, replace(AUTO, date=None), True),
    ("2: the known one had no date", replace(AUTO, date=None), AUTO, True),
    ("2: no date and cut", AUTO, replace(cut(AUTO, 700), date=None), True),
    ("2: no date and another figure", AUTO, replace(swapped(AUTO, "$70.9", "$71.9"), date=None), False),
    ("2: no date and another title", AUTO, replace(AUTO, title=OTHER_TITLE, date=None), False),
    ("3: one figure", AUTO, swapped(AUTO, "$70.9", "$71.9"), True),
    ("3: shingles alike by .12", STORY, replace(STORY, body=of(words(14) + words(44, first=100))), True),
    ("3: shingles alike by .11", STORY, replace(STORY, body=of(words(13) + words(45, first=100))), False),
    (
        "3: a cut view is compared over the common length",
        replace(AUTO, body=of(words(400))),
        replace(AUTO, body=of([*words(14), "else", *words(15, first=15)], is_whole=False)),
        True,
    ),
    ("3: another text under one title and day", AUTO, replace(AUTO, body=LONG), False),
    (
        "4: another day, 200 characters",
        replace(AUTO, body=body(200)),
        on(replace(AUTO, body=body(200)), "2025-02-16"),
        True,
    ),
    (
        "4: another day, 199 characters",
        replace(AUTO, body=body(199)),
        on(replace(AUTO, body=body(199)), "2025-02-16"),
        False,
    ),
    ("4: another year", AUTO, on(AUTO, "2024-01-16"), True),
    ("4: another day and a cut view", AUTO, on(cut(AUTO, 700), "2025-02-16"), False),
    ("4: another day and a figure", AUTO, on(swapped(AUTO, "$70.9", "$71.9"), "2025-02-16"), False),
    (
        "5: another title, 100 characters",
        replace(AUTO, body=body(100)),
        replace(AUTO, title=OTHER_TITLE, body=body(100)),
        True,
    ),
    (
        "5: another title, 99 characters",
        replace(AUTO, body=body(99)),
        replace(AUTO, title=OTHER_TITLE, body=body(99)),
        False,
    ),
    ("5: another title over a cut view", AUTO, replace(cut(AUTO, 700), title=OTHER_TITLE), True),
    ("5: another title over a cut view of 99", AUTO, replace(cut(AUTO, 99), title=OTHER_TITLE), False),
    ("–: another title and other figures", AUTO, replace(swapped(AUTO, "$70.9", "$71.9"), title=OTHER_TITLE), False),
    ("–: nothing in common", AUTO, VISIT, False),
]


@pytest.mark.parametrize(("known", "shown", "same"), [row[1:] for row in CLASSES], ids=[row[0] for row in CLASSES])
def test_a_record_shows_a_known_release(known: Release, shown: Release, same: bool) -> None:
    assert matched_numbers([known], shown) == [1 if same else None]


@pytest.mark.parametrize(("known", "shown", "same"), [row[1:] for row in CLASSES], ids=[row[0] for row in CLASSES])
def test_a_neighbour_does_not_matter(known: Release, shown: Release, same: bool) -> None:
    assert matched_numbers([TALKS, known], shown, TALKS) == [2 if same else None, 1]


# --- classes by likeness: a block of strange letters makes a text as unlike as a row wants it ----------------------

TITLE = " ".join(words(25))  # 99 characters
STAMPED = replace(AUTO, title=TITLE, body=f"{body(186)[:-1]} 5.1 percent.")  # 199 characters, one figure


def strange(text: str, characters: int) -> str:
    """The text with so many characters in its middle replaced by ones that it does not hold."""
    middle = len(text) // 2
    return text[:middle] + "힣" * characters + text[middle + characters :]


def altered(*, title: int = 0, text: int = 0, day: str = "2025-01-16") -> Release:
    return on(replace(STAMPED, title=strange(TITLE, title), body=strange(STAMPED.body, text)), day)


RATIOS = [
    ("6: three days later, likeness .985", altered(text=3, day="2025-01-19"), True),
    ("6: three days earlier, likeness .985", altered(text=3, day="2025-01-13"), True),
    ("6: three days later, likeness .975", altered(text=5, day="2025-01-19"), False),
    ("6: four days later, likeness .985", altered(text=3, day="2025-01-20"), False),
    ("6: a day later and another figure", swapped(on(STAMPED, "2025-01-17"), "5.1", "5.2"), False),
    ("7: titles alike by .86, texts by .91", altered(title=14, text=18), True),
    ("7: titles alike by .84, texts by .91", altered(title=16, text=18), False),
    ("7: titles alike by .86, texts by .89", altered(title=14, text=22), False),
    ("7: a title typo and a figure", swapped(altered(title=1), "5.1", "5.2"), True),
    ("7: a title typo and a figure on another day", swapped(altered(title=1, day="2025-01-17"), "5.1", "5.2"), False),
]


@pytest.mark.parametrize(("shown", "same"), [row[1:] for row in RATIOS], ids=[row[0] for row in RATIOS])
def test_a_record_shows_a_release_it_is_much_like(shown: Release, same: bool) -> None:
    assert matched_numbers([STAMPED], shown) == [1 if same else None]


@pytest.mark.parametrize("length", [199, 200])
def test_a_text_under_another_title_and_day_must_be_long(length: int) -> None:
    known = replace(AUTO, body=body(length))
    shown = on(replace(known, title=OTHER_TITLE), "2025-03-16")

    assert matched_numbers([known], shown) == [1 if length == 200 else None]


def test_a_text_under_another_title_and_day_must_be_the_same_to_the_letter() -> None:
    known = replace(AUTO, body=body(300))
    shown = on(replace(known, title=OTHER_TITLE, body=strange(known.body, 1)), "2025-03-16")

    assert matched_numbers([known], shown) == [None]


def test_a_view_of_an_earlier_text_shows_the_release(lab: Lab) -> None:
    old, new = AUTO.body.split(". "), real("004#3").body.split(". ")
    halfway = replace(AUTO, body=". ".join([*old[:4], *new[4:]]))
    rewritten = replace(AUTO, body=". ".join(new))
    kinds = [lab.drop(dump(release)).kinds() for release in (AUTO, halfway, rewritten, AUTO)]

    assert kinds == ["new", "changed", "changed", "changed"]
    assert matched_numbers([rewritten], AUTO) == [None]


# --- one to one ----------------------------------------------------------------------------------------------------


def test_two_releases_of_one_title_and_day_keep_apart() -> None:
    twin = replace(AUTO, body=LONG)

    assert matched_numbers([AUTO, twin], twin, AUTO) == [2, 1]


def test_two_releases_of_one_title_and_day_keep_apart_when_both_are_edited() -> None:
    twin = replace(AUTO, body=LONG)
    edited = [swapped(twin, "faster", "quicker"), swapped(AUTO, "$70.9", "$71.9")]

    assert matched_numbers([AUTO, twin], *edited) == [2, 1]


def test_the_second_record_that_fits_one_release_is_a_new_one() -> None:
    assert matched_numbers([AUTO], swapped(AUTO, "$70.9", "$71.9"), AUTO) == [None, 1]


def test_of_two_edits_the_one_more_alike_shows_the_release() -> None:
    near, far = swapped(AUTO, "$70.9", "$71.9"), replace(AUTO, body=f"{AUTO.body[:500]}. {LONG}")

    assert matched_numbers([AUTO], far, near) == [None, 1]


def test_better_evidence_wins_over_an_earlier_place() -> None:
    redated, retitled = on(AUTO, "2025-01-17"), replace(AUTO, title=OTHER_TITLE)

    assert matched_numbers([AUTO], retitled, redated) == [None, 1]


def test_of_two_known_releases_the_longer_common_text_wins() -> None:
    short, long = cut(AUTO, 300), cut(AUTO, 700)

    assert matched_numbers([short, long], AUTO) == [2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("002#3", "002#5"),
        ("002#2", "002#4"),
        ("002#7", "002#8"),
        ("000#7", "000#8"),
        ("000#5", "000#7"),
        ("002#1", "003#4"),
    ],
)
def test_look_alikes_of_the_real_dumps_are_different_releases(one: str, other: str) -> None:
    assert matched_numbers([real(one)], real(other)) == [None]
    assert matched_numbers([real(other)], real(one)) == [None]
    assert matched_numbers([real(one), real(other)], real(other), real(one)) == [2, 1]


# --- sources -------------------------------------------------------------------------------------------------------


def test_sources_share_no_release(lab: Lab) -> None:
    lab.drop(dump(AUTO)).drop(Drop(content=dump(AUTO), source="mofa"))

    assert lab.kinds() == "new"
    assert lab.drop(Drop(content=dump(swapped(AUTO, "$70.9", "$71.9")), source="mofa")).change.number == 2
    assert lab.drop(dump(AUTO)).kinds() == "unchanged"


# --- the order of the records --------------------------------------------------------------------------------------

POOL = [
    release
    for base in (AUTO, replace(AUTO, body=LONG), TALKS, VISIT)
    for release in (
        base,
        replace(base, body=base.body + " More."),
        replace(base, date=None),
        on(base, "2025-01-18"),
        replace(base, title=OTHER_TITLE),
        cut(base, 45),
    )
]
SLOW = settings(max_examples=examples(50))  # each example makes databases
SOME = st.lists(st.sampled_from(range(len(POOL))), unique=True, max_size=8)


def divided(knowns: Sequence[Release], shown: Sequence[Release]) -> list[int | None]:
    """`taken_for`, with a dated record of its own behind every record."""
    olds, news = ([one for n, it in enumerate(all_) for one in (it, divider(n))] for all_ in (knowns, shown))
    return matched_numbers(olds, *news)[::2]


def divider(number: int) -> Release:
    """A short record like no other; undated neighbours would be read as one record."""
    return Release(title=f"Road {number} opens", body=f"Traffic flows on road {number}.", date=date(2022, 1, 1))


@SLOW
@given(known=SOME, shown=SOME, data=st.data())
def test_pairs_do_not_depend_on_the_order_of_the_records(
    known: list[int], shown: list[int], data: st.DataObject
) -> None:
    heads = [POOL[n] for n in known]
    turned = data.draw(st.permutations(shown))

    there = dict(zip(shown, divided(heads, [POOL[n] for n in shown]), strict=True))
    back = dict(zip(turned, divided(heads, [POOL[n] for n in turned]), strict=True))

    assert there == back


@SLOW
@given(known=SOME, shown=SOME)
def test_no_release_is_shown_twice_by_one_dump(known: list[int], shown: list[int]) -> None:
    found = [n for n in divided([POOL[n] for n in known], [POOL[n] for n in shown]) if n]

    assert len(found) == len(set(found))


@SLOW
@given(known=SOME)
def test_what_is_known_exactly_is_found_exactly(known: list[int]) -> None:
    heads = [POOL[n] for n in known]

    assert divided(heads, heads) == list(range(1, 2 * len(heads), 2))
