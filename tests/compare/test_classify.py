"""What a record makes of the release it shows: merged text, kind, fields, figures, and the sentence that says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import Change, Kind, Release
from tests.compare.scenario import TALKS, VISIT, Lab, cut, dump, on, open_lab, real, swapped

AUTO = real("003#2")
HYNIX = real("002#2")
SECOND = swapped(AUTO, "$70.9", "$71.9")
TWICE = swapped(AUTO, "5.3 percent", "$70.9 percent")
BEHIND = SECOND.body.index("$71.9") + 10  # "$71.9 bil"
SENTENCE = SECOND.body.index("Notably") + 4  # behind ". "
OTHER_TITLE = "Ministry publishes its yearly review of car makers"


def compared(known: Release, shown: Release, *past: Release) -> Change:
    """What becomes of a record that is shown after these texts; a neighbour ends each dump."""
    with open_lab() as lab:
        for release in (*past, known, shown):
            lab.drop(dump(release, replace(VISIT, category=release.category)))
        assert lab.changes[0].kind is not Kind.NEW
        return lab.changes[0]


# --- merging: what one view lacks stays from the other -------------------------------------------------------------

MERGES = [
    ("a category stays", HYNIX, replace(HYNIX, category=None), HYNIX),
    ("a category is learned", replace(HYNIX, category=None), HYNIX, HYNIX),
    ("a category is replaced", HYNIX, replace(HYNIX, category="Energy"), replace(HYNIX, category="Energy")),
    ("a date stays", AUTO, replace(AUTO, date=None), AUTO),
    ("a date is learned", replace(AUTO, date=None), AUTO, AUTO),
    ("a date is replaced", AUTO, on(AUTO, "2025-01-17"), on(AUTO, "2025-01-17")),
    ("a body stays where the view has none", AUTO, replace(AUTO, body=""), AUTO),
    ("a body stays where the view is cut", AUTO, cut(AUTO, 700), AUTO),
    ("a longer body is taken", cut(AUTO, 700), AUTO, AUTO),
    ("a longer body that is cut is taken", cut(AUTO, 700), cut(AUTO, 900), cut(AUTO, 900)),
    ("the tail stays behind a corrected cut view", AUTO, cut(SECOND, 700), SECOND),
    ("the tail stays behind a figure corrected at the cut", AUTO, cut(SECOND, BEHIND), SECOND),
    ("the tail stays behind a view that ends with a sentence", AUTO, cut(SECOND, SENTENCE), SECOND),
    ("a title is replaced", AUTO, replace(AUTO, title=OTHER_TITLE), replace(AUTO, title=OTHER_TITLE)),
    ("typography is replaced", AUTO, replace(AUTO, title=AUTO.title.upper()), replace(AUTO, title=AUTO.title.upper())),
    (
        "everything at once",
        replace(cut(AUTO, 700), category="Industry"),
        SECOND,
        replace(SECOND, category="Industry"),
    ),
]


@pytest.mark.parametrize(("known", "shown", "after"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES])
def test_two_views_are_merged(known: Release, shown: Release, after: Release) -> None:
    assert compared(known, shown).after == after


@pytest.mark.parametrize(("known", "shown", "after"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES])
def test_a_merged_text_shown_again_is_unchanged(known: Release, shown: Release, after: Release) -> None:
    assert compared(compared(known, shown).after, after).kind is Kind.UNCHANGED


@pytest.mark.parametrize(("known", "shown", "after"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES])
def test_the_view_merged_last_brings_nothing_twice(known: Release, shown: Release, after: Release) -> None:
    assert compared(after, shown).kind is Kind.UNCHANGED


# --- reasons, word for word ----------------------------------------------------------------------------------------

REASONS = [
    (
        "one figure",
        AUTO,
        SECOND,
        "same title and day; one figure differs: $70.9 → $71.9",
    ),
    (
        "two figures",
        AUTO,
        swapped(SECOND, "5.3 percent", "5.8 percent"),
        "same title and day; 2 figures differ: $70.9 → $71.9, 5.3 → 5.8",
    ),
    (
        "four figures",
        AUTO,
        swapped(swapped(swapped(SECOND, "5.3 p", "5.8 p"), "45.8", "45.9"), "67 percent", "68 percent"),
        "same title and day; 4 figures differ: $70.9 → $71.9, 45.8 → 45.9, 5.3 → 5.8 …",
    ),
    (
        "a figure in two places",
        TWICE,
        replace(TWICE, body=TWICE.body.replace("$70.9", "$71.9")),
        "same title and day; one figure differs: $70.9 → $71.9",
    ),
    (
        "one word",
        AUTO,
        swapped(AUTO, "soared", "dropped"),
        "same title and day; the text differs in one place",
    ),
    (
        "two words",
        AUTO,
        swapped(swapped(AUTO, "soared", "dropped"), "Marking", "Being"),
        "same title and day; the text differs in 2 places",
    ),
    (
        "a title",
        AUTO,
        replace(AUTO, title=OTHER_TITLE),
        "same day and text; the title is another",
    ),
    (
        "a date",
        AUTO,
        on(AUTO, "2025-02-17"),
        "same title and text; date 2025-01-16 → 2025-02-17",
    ),
    (
        "a category",
        HYNIX,
        replace(HYNIX, category="Energy"),
        "same title, day and text; category Industry → Energy",
    ),
    (
        "a longer body",
        cut(AUTO, 700),
        AUTO,
        "same title and day, and one text is a cut or earlier view; the text goes on where it was cut",
    ),
    (
        "a category learned",
        AUTO,
        replace(AUTO, category="Industry"),
        "same title, day and text; the category became known",
    ),
    (
        "a date learned",
        replace(AUTO, date=None),
        AUTO,
        "same title and text, and one view has no date; the date became known",
    ),
    (
        "date and category learned",
        replace(AUTO, date=None),
        replace(AUTO, category="Industry"),
        "same title and text, and one view has no date; the date and the category became known",
    ),
    (
        "typography",
        AUTO,
        replace(AUTO, title=AUTO.title.upper()),
        "same title, day and text; only quotes, dashes, spaces, letter case or the like differ",
    ),
]


@pytest.mark.parametrize(("known", "shown", "reason"), [row[1:] for row in REASONS], ids=[row[0] for row in REASONS])
def test_the_reason_names_the_evidence_and_what_differs(known: Release, shown: Release, reason: str, lab: Lab) -> None:
    neighbours = [replace(VISIT, category=each.category) for each in (known, shown)]
    lab.drop(dump(known, neighbours[0])).drop(dump(shown, neighbours[1]))

    assert lab.changes[0].reason == reason


def test_a_new_release_says_why_it_is_new(lab: Lab) -> None:
    lab.drop(dump(TALKS))

    assert lab.change.reason == "no known release has this title and text"


def test_a_new_release_says_how_many_share_its_title(lab: Lab) -> None:
    lab.drop(dump(AUTO)).drop(dump(replace(AUTO, body=TALKS.body)))

    assert lab.change.reason == "no known release has this title and text, though it resembles another release"


def test_an_unchanged_release_has_no_edit(lab: Lab) -> None:
    (again,) = lab.drop(dump(AUTO)).drop(dump(AUTO)).changes

    assert (again.kind, again.reason, again.edits, again.fields) == (Kind.UNCHANGED, "seen before as it is", (), ())


# --- what a change carries -----------------------------------------------------------------------------------------


def test_a_change_carries_both_texts_and_the_record() -> None:
    change = compared(AUTO, SECOND)

    assert (change.before, change.after) == (AUTO, SECOND)
    assert (change.number, change.version) == (1, 2)
    assert change.record is not None
    assert change.record.release == SECOND


@pytest.mark.parametrize(
    ("shown", "fields"),
    [
        (replace(HYNIX, title=OTHER_TITLE, category="Energy"), ("title", "category")),
        (replace(swapped(HYNIX, "visited", "toured"), category="Energy"), ("body", "category")),
        (replace(on(HYNIX, "2024-12-31"), category="Energy"), ("date", "category")),
        (swapped(replace(HYNIX, title="Minister Ahn visits SK hynix Campus"), "visited", "toured"), ("title", "body")),
        (on(replace(HYNIX, title=OTHER_TITLE), "2025-01-20"), ("title", "date")),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, tuple) else "",
)
def test_fields_stand_in_one_order(shown: Release, fields: tuple[str, ...]) -> None:
    assert compared(HYNIX, shown).fields == fields


def test_figures_of_the_title_come_before_those_of_the_body() -> None:
    shown = replace(SECOND, title=AUTO.title.replace("$70", "$71"))

    assert compared(AUTO, shown).numbers == (("$70", "$71"), ("$70.9", "$71.9"))


@pytest.mark.parametrize(
    ("known", "shown", "adds"),
    [
        (AUTO, SECOND, 1),
        (AUTO, replace(AUTO, category="Industry"), 1),
        (AUTO, replace(AUTO, title=AUTO.title.upper()), 1),
        (cut(AUTO, 700), AUTO, 1),
        (AUTO, AUTO, 0),
        (AUTO, cut(AUTO, 700), 0),
        (HYNIX, replace(HYNIX, category=None), 0),
    ],
    ids=["changed", "enriched", "cosmetic", "completed", "same", "shorter", "category dropped"],
)
def test_only_what_is_new_adds_a_version(known: Release, shown: Release, adds: int) -> None:
    assert compared(known, shown).version == 1 + adds


def test_an_edited_release_is_found_by_what_it_said_before_and_after(lab: Lab) -> None:
    renamed = replace(AUTO, title=OTHER_TITLE)
    lab.drop(dump(AUTO)).drop(dump(renamed)).drop(dump(swapped(renamed, "$70.9", "$71.9")))

    assert lab.change.numbers == (("$70.9", "$71.9"),)
    assert lab.drop(dump(SECOND)).change.number == 1


def test_an_unchanged_release_stores_nothing(lab: Lab) -> None:
    lab.drop(dump(AUTO)).drop(dump(AUTO, TALKS))

    assert [(change.keys == (), change.text_hash == b"") for change in lab.changes] == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("known", "shown", "past", "expected"),
    [
        (SECOND, AUTO, [AUTO], True),
        (SECOND, replace(AUTO, body=AUTO.body.replace("’", "'")), [AUTO], True),
        (SECOND, AUTO, [], False),
        (SECOND, swapped(AUTO, "soared", "rose"), [AUTO], False),
        (SECOND, cut(SECOND, 700), [cut(SECOND, 700)], False),
        (AUTO, replace(AUTO, title=AUTO.title.upper()), [AUTO], False),
    ],
    ids=["earlier text", "earlier text, other quotes", "first time", "a third text", "a shorter view", "cosmetic"],
)
def test_only_a_change_back_to_an_earlier_text_is_a_revert(
    known: Release, shown: Release, past: list[Release], expected: bool
) -> None:
    assert compared(known, shown, *past).reverted is expected


# --- the first kind that applies -----------------------------------------------------------------------------------

FIRST = [
    ("changed before completed", cut(AUTO, 700), SECOND, Kind.CHANGED),
    ("changed before enriched", AUTO, replace(SECOND, category="Industry"), Kind.CHANGED),
    ("changed before cosmetic", AUTO, replace(SECOND, title=AUTO.title.upper()), Kind.CHANGED),
    ("completed before enriched", cut(AUTO, 700), replace(AUTO, category="Industry"), Kind.COMPLETED),
    ("enriched before cosmetic", AUTO, replace(AUTO, title=AUTO.title.upper(), category="Industry"), Kind.ENRICHED),
    ("cosmetic before unchanged", AUTO, replace(cut(AUTO, 700), title=AUTO.title.upper()), Kind.COSMETIC),
]


@pytest.mark.parametrize(("known", "shown", "kind"), [row[1:] for row in FIRST], ids=[row[0] for row in FIRST])
def test_of_two_kinds_the_first_one_counts(known: Release, shown: Release, kind: Kind) -> None:
    assert compared(known, shown).kind is kind
