"""Dumps that come late, come back, or leave a release out: what they can prove and what they cannot.

A row is a sequence of drops and the kinds the last one comes to. Without a stamp in the name drops stand in the order
in which they came; one that shows only older records and an earlier text may be late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.ingest_values import Mode
from monitor.model import Kind, Release
from tests.compare.scenario import LISTED, OPTIONS, Drop, Lab, cut, dump, named, on, real, swapped

AUTO = real("003#2")  # 2025-01-16
SECOND = swapped(AUTO, "$70.9", "$71.9")
THIRD = swapped(AUTO, "$70.9", "$72.9")
NEWER, OLDER = real("003#1"), real("003#8")  # 2025-01-17, 2025-01-09
NEWS = real("003#6")  # 2025-01-10
STRAIGHT = replace(AUTO, body=AUTO.body.replace("’", "'"))

LATE = [
    (
        "an older text in a dump with older records",
        [named("a.txt", NEWER, AUTO), named("b.txt", NEWER, SECOND), named("c.txt", AUTO, OLDER)],
        "stale new",
    ),
    (
        "a text never seen in a dump with older records",
        [named("a.txt", NEWER, SECOND), named("b.txt", THIRD)],
        "changed",
    ),
    (
        "an earlier text at the path that showed the current one, without the newest record",
        [named("a.txt", NEWER, AUTO), named("a.txt", NEWER, SECOND), named("a.txt", AUTO, OLDER)],
        "changed new",
    ),
    (
        "an earlier text at a path that lags behind another, without the newest record",
        [named("a.txt", NEWER, AUTO), named("b.txt", NEWER, SECOND), named("a.txt", AUTO, OLDER)],
        "stale new",
    ),
    (
        "a timestamp of the future is none",
        [named("plan_2050-12-31.txt", AUTO), named("2025-06-02.txt", SECOND), named("2025-06-03.txt", THIRD)],
        "changed",
    ),
    (
        "a day without a time of day lasts until its end",
        [named("2025-06-01T1000.txt", AUTO), named("2025-06-01.txt", SECOND)],
        "changed",
    ),
    (
        "no timestamp is older than an arrival: a text never seen",
        [named("a.txt", AUTO), named("2025-06-01.txt", SECOND)],
        "changed",
    ),
    (
        "no timestamp is older than an arrival: an earlier text",
        [named("a.txt", AUTO), named("b.txt", SECOND), named("2025-06-01.txt", AUTO, OLDER)],
        "stale new",
    ),
    (
        "an arrival is not older than a timestamp",
        [named("2025-06-01.txt", AUTO), named("a.txt", SECOND)],
        "changed",
    ),
    (
        "an older text under an older stamp",
        [named("2025-06-01.txt", AUTO), named("2025-06-10.txt", SECOND), named("2025-06-05.txt", AUTO, OLDER)],
        "stale new",
    ),
    (
        "an unseen text under a stamp before the last confirmation",
        [named("2025-06-01.txt", AUTO), named("2025-06-10.txt", AUTO), named("2025-06-05.txt", SECOND)],
        "stale",
    ),
    (
        "a stamp outranks the dates of the records",
        [named("2025-06-01.txt", NEWER, AUTO), named("2025-06-02.txt", SECOND)],
        "changed",
    ),
    (
        "an hour of the day in the stamp",
        [named("d_20250601T1000.txt", AUTO), named("d_20250601T0900.txt", SECOND)],
        "stale",
    ),
    (
        "an older category does not replace one",
        [
            named("2025-06-10.txt", replace(AUTO, category="Industry")),
            named("2025-06-05.txt", replace(AUTO, category="Energy")),
        ],
        "stale",
    ),
    (
        "an older date does not replace one",
        [named("2025-06-10.txt", AUTO), named("2025-06-05.txt", on(AUTO, "2025-01-15"))],
        "stale",
    ),
    (
        "older typography does not replace any",
        [named("2025-06-10.txt", AUTO), named("2025-06-05.txt", STRAIGHT)],
        "stale",
    ),
    (
        "a cut view of an older text",
        [named("2025-06-10.txt", SECOND), named("2025-06-05.txt", cut(AUTO, 900))],
        "stale",
    ),
    ("an unknown release is new, however late", [named("2025-06-10.txt", AUTO), named("2025-06-05.txt", NEWS)], "new"),
    (
        "the current text is no news, however late",
        [named("2025-06-01.txt", AUTO), named("2025-06-10.txt", SECOND), named("2025-06-05.txt", SECOND, OLDER)],
        "unchanged new",
    ),
    (
        "a category comes from an older dump",
        [named("2025-06-10.txt", AUTO), named("2025-06-05.txt", replace(AUTO, category="Industry"))],
        "enriched",
    ),
    (
        "the rest of a cut body comes from an older dump",
        [named("2025-06-10.txt", cut(AUTO, 700)), named("2025-06-05.txt", AUTO)],
        "completed",
    ),
    (
        "a date comes from an older dump",
        [named("2025-06-10.txt", replace(AUTO, date=None), NEWS), named("2025-06-05.txt", AUTO)],
        "enriched",
    ),
    (
        "of equally old dumps the later one counts",
        [named("a.txt", NEWER, AUTO), named("b.txt", NEWER, SECOND)],
        "unchanged changed",
    ),
    (
        "a date of 2099 does not make the next dump old",
        [named("a.txt", on(NEWER, "2099-01-17"), AUTO), named("b.txt", NEWS, SECOND)],
        "new changed",
    ),
    (
        "re-dated to an earlier day in a dump of its own age",
        [named("a.txt", NEWER, AUTO), named("b.txt", NEWER, on(AUTO, "2025-01-15"))],
        "unchanged changed",
    ),
    (
        "running numbers that look like days until they do not",
        [named("2025-6-29.txt", AUTO), named("2025-6-30.txt", SECOND), named("2025-6-31.txt", THIRD)],
        "changed",
    ),
    (
        "the running number that follows",
        [named("2025-6-30.txt", AUTO), named("2025-6-31.txt", SECOND), named("2025-7-1.txt", THIRD)],
        "changed",
    ),
    (
        "an older text under an older stamp of single digits",
        [named("2025-6-9.txt", AUTO), named("2025-6-10.txt", SECOND), named("2025-6-8.txt", AUTO, OLDER)],
        "stale new",
    ),
    (
        "a stale text is followed by the current one",
        [
            named("2025-06-10.txt", SECOND),
            named("2025-06-05.txt", AUTO),
            named("2025-06-11.txt", SECOND, NEWS),
        ],
        "unchanged new",
    ),
]

BACK = [
    (
        "a newer dump shows an earlier text again",
        [named("2025-06-01.txt", AUTO), named("2025-06-02.txt", SECOND), named("2025-06-03.txt", AUTO, NEWS)],
        "changed new",
    ),
    (
        "the old file under a newer stamp",
        [named("2025-06-01.txt", AUTO), named("2025-06-02.txt", SECOND), named("2025-06-03.txt", AUTO)],
        "changed",
    ),
    (
        "the old bytes at the path that has shown others since",
        [named("a.txt", AUTO), named("a.txt", SECOND), named("a.txt", AUTO)],
        "changed",
    ),
    (
        "the old bytes under the old timestamp, at the path that has shown others since",
        [named("2025-06-01.txt", AUTO), named("2025-06-01.txt", SECOND), named("2025-06-01.txt", AUTO)],
        "changed",
    ),
    (
        "a copy that lags behind",
        [
            *(named("a.txt", AUTO), named("b.txt", AUTO), named("a.txt", SECOND), named("a.txt", THIRD)),
            named("b.txt", SECOND),
        ],
        "duplicate",
    ),
    (
        "the old file once more",
        [named("a.txt", AUTO), named("b.txt", SECOND), named("a.txt", AUTO)],
        "duplicate",
    ),
    (
        "the old file under another name",
        [named("a.txt", AUTO), named("b.txt", SECOND), named("copy of a.txt", AUTO)],
        "duplicate",
    ),
    (
        "the old file under an older stamp",
        [named("2025-06-02.txt", AUTO), named("2025-06-03.txt", SECOND), named("2025-06-01.txt", AUTO)],
        "duplicate",
    ),
    (
        "the old file compared on purpose",
        [named("a.txt", AUTO), named("b.txt", SECOND), named("a.txt", AUTO, mode=Mode.AGAIN)],
        "stale",
    ),
    (
        "the latest file compared on purpose",
        [named("a.txt", AUTO), named("b.txt", SECOND), named("b.txt", SECOND, mode=Mode.AGAIN)],
        "unchanged",
    ),
    ("the same bytes under another name", [named("a.txt", AUTO, NEWS), named("b.txt", AUTO, NEWS)], "duplicate"),
    (
        "the same bytes under a newer stamp",
        [named("2025-06-01.txt", AUTO, NEWS), named("2025-06-02.txt", AUTO, NEWS)],
        "unchanged unchanged",
    ),
    (
        "the same bytes under a newer stamp confirm what they show",
        [named("2025-06-01.txt", AUTO), named("2025-06-09.txt", AUTO), named("2025-06-05.txt", SECOND)],
        "stale",
    ),
]

A, B, C = NEWER, AUTO, OLDER  # 17, 16 and 9 January
PRESS = [named("press_2025-06-01.txt", A, B, C)]
GONE = [*PRESS, named("press_2025-06-02.txt", A, C)]
LISTINGS = [
    ("a release within the dates is left out", GONE, "unchanged unchanged withdrawn"),
    ("told once", [*GONE, named("press_2025-06-03.txt", A, C, NEWS)], "unchanged unchanged new"),
    ("the oldest rolls off", [*PRESS, named("press_2025-06-02.txt", A, B)], "unchanged unchanged"),
    ("the newest is left out", [*PRESS, named("press_2025-06-02.txt", B, C)], "unchanged unchanged"),
    (
        "one of the oldest day is left out",
        [named("press_2025-06-01.txt", A, on(B, "2025-01-09"), C), named("press_2025-06-02.txt", A, C)],
        "unchanged unchanged",
    ),
    (
        "one without a date is left out",
        [named("press_2025-06-01.txt", A, replace(B, date=None), C), named("press_2025-06-02.txt", A, C)],
        "unchanged unchanged",
    ),
    (
        "two are left out",
        [named("press_2025-06-01.txt", A, B, NEWS, C), named("press_2025-06-02.txt", A, C)],
        "unchanged unchanged withdrawn withdrawn",
    ),
    ("another listing leaves it out", [*PRESS, named("photo_2025-06-02.txt", A, C)], "unchanged unchanged"),
    ("a file of no listing leaves it out", [*PRESS, named("2025-06-02.txt", A, C)], "unchanged unchanged"),
    (
        "it was never in this listing",
        [named("2025-06-01.txt", A, B, C), named("press_2025-06-02.txt", A, C)],
        "unchanged unchanged",
    ),
    ("an older dump leaves it out", [*PRESS, named("press_2025-05-30.txt", A, C)], "unchanged unchanged"),
    (
        "a cut-off file leaves it out",
        [*PRESS, Drop(content=f"{dump(A, C)}\n-\nHalf of", name="press_2025-06-02.txt")],
        "unchanged unchanged rejected",
    ),
    (
        "a file with a broken record leaves it out",
        [*PRESS, Drop(content=f"{dump(A)}\n-\nNoise\n{dump(C)}", name="press_2025-06-02.txt")],
        "unchanged unchanged rejected",
    ),
    (
        "its title and text are others now",
        [*PRESS, named("press_2025-06-02.txt", A, NEWS, C)],
        "unchanged new unchanged withdrawn",
    ),
    ("edited, not gone", [*PRESS, named("press_2025-06-02.txt", A, SECOND, C)], "unchanged changed unchanged"),
    ("it is back", [*GONE, named("press_2025-06-03.txt", A, B, C)], "unchanged reappeared unchanged"),
    ("it is back and edited", [*GONE, named("press_2025-06-03.txt", A, SECOND, C)], "unchanged reappeared unchanged"),
    ("it is back in a file of no listing", [*GONE, named("2025-06-03.txt", B)], "reappeared"),
    (
        "it is back for good",
        [*GONE, named("press_2025-06-03.txt", A, B, C), named("press_2025-06-04.txt", A, B)],
        "unchanged unchanged",
    ),
    (
        "back and gone again",
        [*GONE, named("press_2025-06-03.txt", A, B, C), named("press_2025-06-04.txt", A, C)],
        "unchanged unchanged withdrawn",
    ),
    ("an older dump still shows it", [*GONE, named("press_2025-05-30.txt", A, B)], "unchanged stale"),
    ("an older dump shows an older text of it", [*GONE, named("press_2025-05-30.txt", A, THIRD)], "unchanged stale"),
]


def ids(rows: Sequence[tuple[str, list[Drop], str]]) -> list[str]:
    return [row[0] for row in rows]


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose source declares two listings."""
    with Lab(tmp_path, options=replace(OPTIONS, **LISTED)) as made:
        yield made


def last(lab: Lab, drops: Sequence[Drop]) -> str:
    for each in drops:
        lab.drop(each)
    return lab.kinds()


@pytest.mark.parametrize(("drops", "expected"), [row[1:] for row in LATE], ids=ids(LATE))
def test_a_dump_proves_nothing_against_a_newer_one(drops: list[Drop], expected: str, lab: Lab) -> None:
    assert last(lab, drops) == expected


@pytest.mark.parametrize(("drops", "expected"), [row[1:] for row in BACK], ids=ids(BACK))
def test_an_earlier_text_comes_back(drops: list[Drop], expected: str, lab: Lab) -> None:
    assert last(lab, drops) == expected


@pytest.mark.parametrize(("drops", "expected"), [row[1:] for row in LISTINGS], ids=ids(LISTINGS))
def test_only_a_complete_listing_withdraws(drops: list[Drop], expected: str, listed: Lab) -> None:
    assert last(listed, drops) == expected


def test_a_text_that_is_dated_anew_with_every_dump_is_told_once(lab: Lab) -> None:
    shown = ("2025-01-16", "2025-01-17", "2025-01-18", "2025-01-24", "2025-02-17", "2025-02-16", "2025-02-22")
    days = (*shown[:4], "2025-02-21", "2025-02-22", "2025-02-23")
    kinds = [last(lab, [named(f"{day}.txt", on(AUTO, date))]) for day, date in zip(days, shown, strict=True)]
    assert kinds == ["new", "changed", "cosmetic", "cosmetic", "changed", "changed", "cosmetic"]
    assert lab.heads() == [on(AUTO, "2025-02-22")]


COPIES = [("a.txt", AUTO), ("b.txt", SECOND)]
DESK = replace(OLDER, title="How to reach the help desk", body="It answers questions from 9 to 18.")
SERIES = [
    ("day by day", ["2025-01-14", "2025-01-15", "2025-01-16"], "new changed cosmetic"),
    ("over a weekend", ["2025-01-16", "2025-01-17", "2025-01-20", "2025-01-21"], "new changed cosmetic cosmetic"),
    ("from a Sunday on", ["2025-01-18", "2025-01-19", "2025-01-20"], "new changed cosmetic"),
    ("week by week it is a series", ["2025-01-06", "2025-01-13", "2025-01-20"], "new new new"),
    ("twice a week as well", ["2025-01-14", "2025-01-17", "2025-01-21"], "new new new"),
    ("on Friday and on Tuesday", ["2025-01-17", "2025-01-21"], "new new"),
]


@pytest.mark.parametrize(("days", "expected"), [row[1:] for row in SERIES], ids=[row[0] for row in SERIES])
def test_a_short_text_that_is_dated_anew_every_day_is_told_once(days: list[str], expected: str, lab: Lab) -> None:
    kinds = [last(lab, [named(f"{day}.txt", on(DESK, day))]) for day in days]
    assert " ".join(kinds) == expected


def test_short_texts_of_two_days_are_two_releases_where_a_page_shows_both(lab: Lab) -> None:
    days = [on(DESK, f"2025-01-{day}") for day in (14, 15, 16)]
    assert last(lab, [named("2025-01-14.txt", days[0]), named("2025-01-15.txt", *days[1::-1])]) == "new unchanged"
    assert last(lab, [named("2025-01-16.txt", *days[::-1])]) == "new unchanged unchanged"


def test_a_short_text_of_another_day_than_its_dump_is_another_release(lab: Lab) -> None:
    assert last(lab, [named("2025-02-03.txt", on(DESK, "2025-01-15"), on(OLDER, "2025-01-13"))]) == "new new"
    assert last(lab, [named("2025-02-04.txt", on(DESK, "2025-01-16"))]) == "new"


def test_a_date_that_is_corrected_twice_is_told_twice(lab: Lab) -> None:
    days = ("2025-01-16", "2025-01-17", "2025-01-18")
    kinds = [last(lab, [named(f"2025-03-{n:02}.txt", on(AUTO, day))]) for n, day in enumerate(days, start=1)]
    assert kinds == ["new", "changed", "changed"]


def test_typography_and_a_learned_date_are_no_earlier_date(lab: Lab) -> None:
    last(lab, [named("2025-01-14.txt", replace(AUTO, date=None), OLDER)])
    views = (AUTO, STRAIGHT, on(STRAIGHT, "2025-01-17"), on(STRAIGHT, "2025-01-18"))
    kinds = [last(lab, [named(f"2025-01-{n:02}.txt", view)]) for n, view in enumerate(views, start=15)]
    assert kinds == ["enriched", "cosmetic", "changed", "cosmetic"]


def test_without_declared_listings_nothing_is_ever_withdrawn(lab: Lab) -> None:
    assert last(lab, GONE) == "unchanged unchanged"


def test_a_stale_text_is_kept_as_a_version_and_never_becomes_the_head(lab: Lab) -> None:
    last(lab, [named("2025-06-10.txt", SECOND), named("2025-06-05.txt", AUTO)])

    assert (lab.change.kind, lab.change.version) == (Kind.STALE, 2)
    assert lab.heads() == [SECOND]
    assert lab.drop(named("2025-06-12.txt", THIRD)).change.version == 3


@pytest.mark.parametrize("drops", [row[1] for row in BACK[:2]], ids=ids(BACK[:2]))
def test_a_revert_says_so(drops: list[Drop], lab: Lab) -> None:
    last(lab, drops)

    back = lab.changes[0]
    assert back.reverted
    assert back.numbers == (("$71.9", "$70.9"),)
    assert back.reason.endswith("this is an earlier text again")
    assert lab.heads()[0] == AUTO


def test_only_what_was_shown_before_is_reverted(lab: Lab) -> None:
    days = [on(AUTO, day) for day in ("2025-01-16", "2025-01-17", "2025-01-18", "2025-01-16")]
    found = [lab.drop(dump(release)).change for release in days]

    assert [change.reverted for change in found] == [False, False, False, True]
    assert not any(change.may_be_older for change in found)
    assert found[-1].reason.endswith("this is an earlier date again")

    categories = [replace(AUTO, category=name) for name in ("Industry", "Energy", "Industry")]
    found = [lab.drop(dump(release)).change for release in categories]
    assert [change.reverted for change in found] == [False, False, True]


def test_a_change_that_a_dump_with_older_records_brings_says_so(lab: Lab) -> None:
    last(lab, [named("a.txt", NEWER, SECOND), named("b.txt", THIRD)])

    assert lab.change.reason.endswith("the dump may be older, for its newest record is of 2025-01-16")
    assert lab.change.may_be_older
    assert lab.heads()[1] == THIRD


def test_a_stale_view_names_the_watchlists_that_match_the_head(tmp_path: Path) -> None:
    with Lab(tmp_path, watchlists={"fta": ["Economic Cooperation"], "energy": ["Energy"]}) as lab:
        former, current = (replace(AUTO, category=name) for name in ("FTA/Economic Cooperation", "Energy"))
        last(lab, [named("2025-06-10.txt", current), named("2025-06-05.txt", former)])

        assert lab.kinds() == "stale"
        assert lab.watchlists() == ("energy",)


def test_two_copies_that_are_rewritten_by_turns_are_told_once_each_way(lab: Lab) -> None:
    drops = [named(name, text, on(NEWS, f"2025-01-{day}")) for day in (10, 14, 17) for name, text in COPIES]
    kinds = [last(lab, [each]).split()[0] for each in drops]

    assert kinds == ["new", "changed", "changed", "changed", "stale", "unchanged"]
    assert lab.heads()[0] == SECOND
    assert last(lab, [named("a.txt", THIRD), named("b.txt", SECOND)]) == "changed"


def test_a_path_that_goes_to_and_fro_by_itself_is_told_each_time(lab: Lab) -> None:
    told = [
        last(lab, [named("a.txt", text, on(NEWS, f"2025-01-{n}"))]) for n, text in enumerate([AUTO, SECOND] * 3, 10)
    ]
    assert [kinds.split()[0] for kinds in told] == ["new", *["changed"] * 5]


def test_a_text_that_goes_to_and_fro_is_told_each_time(lab: Lab) -> None:
    texts = [AUTO, SECOND, AUTO, SECOND]
    told = [lab.drop(dump(text, NEWS)).kinds() for text in texts]

    assert told == ["new new", *["changed unchanged"] * 3]
    assert lab.change.reverted


def test_a_withdrawn_release_carries_its_last_text_and_no_record(listed: Lab) -> None:
    last(listed, GONE)

    assert (listed.change.record, listed.change.after, listed.change.version) == (None, B, 1)


def test_a_release_that_reappears_edited_lists_the_edits_and_gains_a_version(listed: Lab) -> None:
    last(listed, [*GONE, named("press_2025-06-03.txt", A, SECOND, C)])

    assert listed.change.numbers == (("$70.9", "$71.9"),)
    assert (listed.change.fields, listed.change.version) == (("body",), 2)
    assert SECOND in listed.heads()


def test_a_release_that_reappears_as_it_was_keeps_its_version(listed: Lab) -> None:
    last(listed, [*GONE, named("press_2025-06-03.txt", A, B, C)])

    assert (listed.change.version, listed.change.edits) == (1, ())


def test_a_late_dump_moves_no_confirmation_back(lab: Lab) -> None:
    last(lab, [named("2025-06-10.txt", AUTO), named("2025-06-05.txt", AUTO, NEWS)])

    assert lab.drop(named("2025-06-08.txt", SECOND)).kinds() == "stale"


def test_releases_keep_their_numbers_through_it_all(lab: Lab) -> None:
    shown: list[Release] = [AUTO, SECOND, replace(SECOND, category="Industry"), cut(SECOND, 900), STRAIGHT]
    numbers = {lab.drop(dump(release)).changes[0].number for release in shown}

    assert numbers == {1}
