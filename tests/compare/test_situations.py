"""One release shown twice, the second time otherwise: what it comes to, situation by situation.

Each row: the situation, the release as first shown, as shown a day later, and the kind with the fields it names. A
neighbour stands in both dumps and must come to nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from monitor.model import Kind, Release
from tests.compare.scenario import TALKS, TALKS_KO, VISIT, Lab, cut, dump, on, real, swapped

AUTO = real("003#2")  # a whole body of 1,600 characters, no category
EXPORTS = real("000#2")  # cut near 3,870 characters
TORAY = real("004#3")
HYNIX = real("002#2")  # 475 characters, category Industry
PHOTO, PROTECTION = real("002#3"), real("002#5")  # one title, three days apart
CORRECTED = swapped(AUTO, "$70.9", "$71.9")  # one figure
TOUCHED = swapped(AUTO, "soared", "jumped")  # one word, the same numbers
SHORT = replace(AUTO, body="Exports of cars rose.")
OTHER_TITLE = "Ministry publishes its yearly review of car makers"
ENERGY = replace(VISIT, title="Plant opens", category="Energy")  # the neighbour where a listing prints categories


def retitled(release: Release, old: str, new: str) -> Release:
    assert old in release.title
    return replace(release, title=release.title.replace(old, new))


def in_body(release: Release, old: str, new: str) -> Release:
    """With every occurrence replaced."""
    assert old in release.body
    return replace(release, body=release.body.replace(old, new))


def verdict(lab: Lab, before: Release, after: Release) -> str:
    """Kind and fields of what the second view comes to."""
    for release in (before, after):
        neighbour = ENERGY if release.category else VISIT
        lab.drop(dump(release, neighbour))
    first, beside = lab.changes
    assert beside.kind is (Kind.UNCHANGED if bool(before.category) == bool(after.category) else Kind.NEW)
    return " ".join([first.kind, *first.fields])


def sentences(release: Release) -> list[str]:
    return release.body.split(". ")


def of(release: Release, parts: list[str]) -> Release:
    return replace(release, body=". ".join(parts))


COSMETIC = [
    ("curly quotes become straight", AUTO, in_body(AUTO, "’", "'")),
    ("a curly quote in the title becomes straight", AUTO, retitled(AUTO, "’", "'")),
    ("hyphens become dashes", AUTO, in_body(AUTO, "eco-friendly", "eco–friendly")),
    ("a dash beside figures", swapped(TALKS, "July 1", "July 1–3"), swapped(TALKS, "July 1", "July 1-3")),
    ("a minus sign is typeset", swapped(TALKS, "5.1 percent", "-5.1"), swapped(TALKS, "5.1 percent", "−5.1")),
    ("doubled blanks", AUTO, in_body(AUTO, ". ", ".  ")),
    ("no-break blanks", AUTO, in_body(AUTO, "USD 70.8", "USD\u00a070.8")),
    ("paragraphs on lines of their own", AUTO, in_body(AUTO, ". ", ".\n")),
    ("Korean decomposed", TALKS_KO, replace(TALKS_KO, body=unicodedata.normalize("NFD", TALKS_KO.body))),
    ("accents decomposed", in_body(TALKS, "Seoul", "Orléans"), in_body(TALKS, "Seoul", "Orle\u0301ans")),
    ("zero-width characters", AUTO, in_body(AUTO, "Korea", "Ko\u200brea")),
    ("soft hyphens", AUTO, in_body(AUTO, "automobile", "auto\u00admobile")),
    ("full-width digits", TALKS_KO, in_body(TALKS_KO, "570", "５７０")),
    ("letter case in the title", AUTO, replace(AUTO, title=AUTO.title.upper())),
    ("letter case in the body", AUTO, in_body(AUTO, "The Ministry", "The ministry")),
    ("a comma that touches no digit", TORAY, in_body(TORAY, "plastic, and", "plastic and")),
    ("brackets round words", AUTO, in_body(AUTO, "(HEV)", "HEV")),
]

VIEWS = [
    ("a body goes on past its cut", cut(AUTO, 700), AUTO, "completed body"),
    ("a body goes on past its cut and is cut again", cut(AUTO, 700), cut(AUTO, 900), "completed body"),
    ("a real cut body goes on", EXPORTS, replace(EXPORTS, body=EXPORTS.body + "dvanced. More."), "completed body"),
    ("an empty body is filled", replace(AUTO, body=""), AUTO, "completed body"),
    ("a body is cut", AUTO, cut(AUTO, 700), "unchanged"),
    ("a body is cut further", EXPORTS, cut(EXPORTS, 3000), "unchanged"),
    ("a body is gone", AUTO, replace(AUTO, body=""), "unchanged"),
    ("completed and corrected at once", cut(AUTO, 700), CORRECTED, "changed body"),
    ("a cut view with a changed figure", AUTO, cut(CORRECTED, 700), "changed body"),
    (
        "a cut view with a changed figure, cut further",
        EXPORTS,
        cut(in_body(EXPORTS, "13.4", "13.9"), 3000),
        "changed body",
    ),
    ("a cut view with another title", AUTO, replace(cut(AUTO, 700), title=OTHER_TITLE), "changed title"),
    ("completed and a category learned", cut(HYNIX, 300), replace(HYNIX, category="Industry"), "completed body"),
    ("a category comes", AUTO, replace(AUTO, category="Industry"), "enriched category"),
    ("a category goes", HYNIX, replace(HYNIX, category=None), "unchanged"),
    ("a category is replaced", HYNIX, replace(HYNIX, category="Energy"), "changed category"),
    ("an undeclared category comes", AUTO, replace(AUTO, category="Automobiles"), "enriched category"),
    ("an undeclared category replaces one", HYNIX, replace(HYNIX, category="Chips"), "changed category"),
    (
        "a category comes and a figure changes",
        AUTO,
        replace(CORRECTED, category="Industry"),
        "changed body",
    ),
    ("a category goes and the quotes change", HYNIX, replace(in_body(HYNIX, "’", "'"), category=None), "cosmetic"),
    ("a date is learned", replace(AUTO, date=None), AUTO, "enriched date"),
    ("a date is lost", AUTO, replace(AUTO, date=None), "unchanged"),
    ("no date, and none before", replace(AUTO, date=None), replace(AUTO, date=None), "unchanged"),
    ("a date is lost and a figure changed", AUTO, replace(CORRECTED, date=None), "new"),
]

START, END = sentences(AUTO)[:3], sentences(AUTO)[3:]
TEXTS = [
    ("one figure corrected", AUTO, swapped(AUTO, "$70.9 billion", "$71.9 billion"), "changed body"),
    ("a decimal point lost", AUTO, swapped(AUTO, "5.3 percent", "53 percent"), "changed body"),
    ("a group mark lost", AUTO, swapped(AUTO, "251,847", "251847"), "changed body"),
    ("a sign word flipped", EXPORTS, swapped(EXPORTS, "(up 50.9", "(down 50.9"), "changed body"),
    ("a minus lost", EXPORTS, swapped(EXPORTS, "(-1.5)", "(1.5)"), "changed body"),
    ("a unit changed", AUTO, swapped(AUTO, "$6.0 billion", "$6.0 million"), "changed body"),
    ("a comma beside a digit lost", AUTO, swapped(AUTO, "in 2024, four", "in 2024 four"), "changed body"),
    ("one word changed", AUTO, swapped(AUTO, "soared", "dropped"), "changed body"),
    ("a sentence added at the end", AUTO, replace(AUTO, body=AUTO.body + " Exports of parts fell."), "changed body"),
    ("a sentence added in the middle", AUTO, of(AUTO, [*START, "Parts fell", *END]), "changed body"),
    ("a sentence removed", AUTO, of(AUTO, [*START[:2], *END]), "changed body"),
    ("the last sentence removed", AUTO, replace(AUTO, body=". ".join(sentences(AUTO)[:-1]) + "."), "changed body"),
    ("half the body rewritten", AUTO, of(AUTO, [*START, *sentences(TORAY)[3:]]), "changed body"),
    ("the whole body rewritten", AUTO, replace(AUTO, body=TORAY.body), "new"),
    ("a figure in the title", AUTO, retitled(AUTO, "$70", "$71"), "changed title"),
    ("a typo in the title", AUTO, retitled(AUTO, "running", "runing"), "changed title"),
    ("a title rewritten over the same body", AUTO, replace(AUTO, title=OTHER_TITLE), "changed title"),
    ("a title rewritten over a short body", SHORT, replace(SHORT, title=OTHER_TITLE), "new"),
    ("a title typo and a figure", AUTO, retitled(CORRECTED, "running", "runing"), "changed title body"),
    ("a title rewritten and a figure", AUTO, replace(CORRECTED, title=OTHER_TITLE), "new"),
    ("re-dated by a day", AUTO, on(AUTO, "2025-01-17"), "changed date"),
    ("re-dated by a month", AUTO, on(AUTO, "2025-02-16"), "changed date"),
    ("a year typo mended", on(AUTO, "2024-01-16"), AUTO, "changed date"),
    ("re-dated and a word touched up", AUTO, on(TOUCHED, "2025-01-17"), "changed body date"),
    ("re-dated and a figure changed", AUTO, on(CORRECTED, "2025-01-17"), "new"),
    ("re-dated by a month and a word touched up", AUTO, on(TOUCHED, "2025-02-16"), "new"),
    ("retitled and re-dated", AUTO, on(replace(AUTO, title=OTHER_TITLE), "2025-01-20"), "changed title date"),
    ("retitled, re-dated and a word touched up", AUTO, on(replace(TOUCHED, title=OTHER_TITLE), "2025-01-17"), "new"),
    ("a Korean figure", TALKS_KO, swapped(TALKS_KO, "570억", "580억"), "changed body"),
    ("a Korean word", TALKS_KO, swapped(TALKS_KO, "증가", "감소"), "changed body"),
]


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in COSMETIC], ids=[row[0] for row in COSMETIC])
def test_typography_alone_is_cosmetic(before: Release, after: Release, lab: Lab) -> None:
    assert verdict(lab, before, after) == "cosmetic"


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in COSMETIC], ids=[row[0] for row in COSMETIC])
def test_typography_alone_is_cosmetic_the_other_way_round(before: Release, after: Release, lab: Lab) -> None:
    assert verdict(lab, after, before) == "cosmetic"


@pytest.mark.parametrize(("before", "after", "expected"), [row[1:] for row in VIEWS], ids=[row[0] for row in VIEWS])
def test_what_one_view_lacks_stays_from_the_other(before: Release, after: Release, expected: str, lab: Lab) -> None:
    assert verdict(lab, before, after) == expected


@pytest.mark.parametrize(("before", "after", "expected"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_an_edit_comes_to(before: Release, after: Release, expected: str, lab: Lab) -> None:
    assert verdict(lab, before, after) == expected


@pytest.mark.parametrize(("before", "after"), [row[1:3] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_an_edit_is_told_once(before: Release, after: Release, lab: Lab) -> None:
    verdict(lab, before, after)

    assert lab.drop(dump(after)).kinds() == "unchanged"


# --- releases that look alike and are not the same -----------------------------------------------------------------

WEEKLY = Release(
    title="Weekly fuel prices",
    body=(
        "The ministry announced that gasoline cost 1,634.2 won per liter on average this week, up 3.1 won from the week"
        " before. Diesel cost 1,502.7 won, up 2.4 won. Prices are surveyed at 11,000 filling stations nationwide."
    ),
    date=real("004#1").date,
)
MONTHLY = replace(WEEKLY, title="Fuel prices in April")
LIKES = [
    ("a daily series", WEEKLY, on(in_body(WEEKLY, "1,634.2", "1,635.9"), "2024-04-24")),
    ("a weekly series", WEEKLY, on(in_body(WEEKLY, "1,634.2", "1,635.9"), "2024-04-30")),
    ("a monthly series", MONTHLY, on(retitled(in_body(MONTHLY, "1,634.2", "1,635.9"), "April", "May"), "2024-05-23")),
    ("two annual reports", real("002#1"), real("003#4")),
    ("a photo after its release", PROTECTION, PHOTO),
    ("a photo before its release", PHOTO, PROTECTION),
    ("a short notice after its release", real("002#8"), real("002#7")),
    ("a forum's photo on the same day", real("000#8"), real("000#7")),
]


@pytest.mark.parametrize(("known", "like"), [row[1:] for row in LIKES], ids=[row[0] for row in LIKES])
def test_a_look_alike_is_a_release_of_its_own(known: Release, like: Release, lab: Lab) -> None:
    lab.drop(dump(known))

    assert lab.drop(dump(like)).kinds() == "new"
    assert lab.drop(dump(like, known)).kinds() == "unchanged unchanged"


@pytest.mark.parametrize(("known", "like"), [row[1:] for row in LIKES], ids=[row[0] for row in LIKES])
def test_look_alikes_keep_apart_when_both_are_edited(known: Release, like: Release, lab: Lab) -> None:
    """The edited known one comes as the edited look-alike's neighbour: each must find its own text."""
    lab.drop(dump(known, like))
    edited = [replace(release, body=release.body.replace(" the ", " these ", 1)) for release in (like, known)]
    expected = [
        " ".join(["changed" if new != old else "unchanged"]) for new, old in zip(edited, (like, known), strict=True)
    ]

    assert lab.drop(dump(*edited)).kinds() == " ".join(expected)
    assert [release.title for release in lab.heads()] == [known.title, like.title]


RELATED = [row for row in LIKES if row[0] not in {"a monthly series", "two annual reports"}]


@pytest.mark.parametrize(("known", "like"), [row[1:] for row in RELATED], ids=[row[0] for row in RELATED])
def test_a_new_release_names_its_look_alikes(known: Release, like: Release, lab: Lab) -> None:
    lab.drop(dump(known, VISIT if known.category is None else ENERGY)).drop(dump(like))

    assert lab.change.related == (1,)


def test_two_releases_of_one_title_on_one_day_keep_apart(lab: Lab) -> None:
    other = replace(AUTO, body=TORAY.body)

    assert lab.drop(dump(AUTO, other)).kinds() == "new new"
    assert lab.drop(dump(other, AUTO)).kinds() == "unchanged unchanged"
    edited = [swapped(other, "1963", "1964"), CORRECTED]
    assert lab.drop(dump(*edited)).kinds() == "changed changed"
    assert lab.heads() == edited[::-1]


def test_one_of_two_releases_of_one_title_and_day_is_edited_alone(lab: Lab) -> None:
    other = replace(AUTO, body=TORAY.body)
    lab.drop(dump(AUTO, other)).drop(dump(swapped(other, "1963", "1964")))

    assert lab.change.numbers == (("1963", "1964"),)
    assert lab.heads()[0] == AUTO


def test_a_new_issue_of_a_series_above_the_last_one_changes_nothing(lab: Lab) -> None:
    issue = on(in_body(WEEKLY, "1,634.2", "1,635.9"), "2024-04-30")
    lab.drop(dump(WEEKLY))

    assert lab.drop(dump(issue, swapped(WEEKLY, "2.4 won", "2.5 won"))).kinds() == "new changed"
