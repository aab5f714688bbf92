"""Files in every state: another encoding, half written, garbage between records, a long body, many records."""

from __future__ import annotations

import codecs
from dataclasses import replace

import pytest

from monitor.model import Kind, Release
from tests.compare.scenario import FIRST_DAY, TALKS, TALKS_KO, VISIT, Lab, dump, on, swapped, written

ENERGY = replace(VISIT, title="Plant opens", category="Energy")
INDUSTRY = replace(TALKS, category="Industry")
THREE = [TALKS, VISIT, TALKS_KO]
DASHED = replace(TALKS_KO, body=TALKS_KO.body.replace("7월 1일", "7월 1일–3일"))

REDROPS = [
    ("the same bytes under a newer stamp", THREE, dump(*THREE).encode(), "unchanged unchanged unchanged"),
    ("another order", THREE, dump(*THREE[::-1]).encode(), "unchanged unchanged unchanged"),
    ("CRLF", THREE, dump(*THREE).replace("\n", "\r\n").encode(), "unchanged unchanged unchanged"),
    ("a final line end", THREE, dump(*THREE).encode() + b"\n", "unchanged unchanged unchanged"),
    ("a byte order mark", THREE, codecs.BOM_UTF8 + dump(*THREE).encode(), "unchanged unchanged unchanged"),
    ("UTF-16 with a mark", THREE, dump(*THREE).encode("utf-16"), "unchanged unchanged unchanged"),
    ("UTF-16 without a mark", THREE, dump(*THREE).encode("utf-16-le"), "unchanged unchanged unchanged"),
    ("UTF-16 big-endian", THREE, dump(*THREE).encode("utf-16-be"), "unchanged unchanged unchanged"),
    ("CP949", THREE, dump(*THREE).encode("cp949"), "unchanged unchanged unchanged"),
    ("CP949, which has no en dash", [DASHED], dump(DASHED).replace("–", "-").encode("cp949"), "cosmetic"),
    ("blank lines round the records", THREE, dump(*THREE).replace("-\n", "\n-\n\n").encode(), "unchanged " * 3),
    ("trailing blanks", THREE, dump(*THREE).replace("\n", "  \n").encode(), "unchanged unchanged unchanged"),
    ("one record twice", [TALKS], dump(TALKS, TALKS).encode(), "unchanged"),
    ("a part of the records", THREE, dump(VISIT).encode(), "unchanged"),
]

PLAIN = (TALKS, VISIT)
FILES = [
    ("one record twice", dump(TALKS, TALKS), "new"),
    ("half a record at the end", f"{dump(*PLAIN)}\n-\nMinister vis", "new new rejected"),
    ("a record without a date at the end", dump(VISIT, replace(TALKS, date=None)), "new rejected"),
    ("a record without a date before the end", dump(replace(TALKS, date=None), VISIT), "new new"),
    ("a date that does not exist", dump(VISIT, TALKS).replace("2024-07-01", "2024-02-30"), "new new"),
    ("noise between good records", f"{dump(TALKS)}\n-\nnoise\n{dump(VISIT)}", "new new rejected"),
    ("a date alone between good records", f"{dump(TALKS)}\n-\ndate2024-07-01\n{dump(VISIT)}", "new new rejected"),
    ("an empty record between good records", f"{dump(TALKS)}\n-\n\n{dump(VISIT)}", "new new"),
    ("a NUL in one record", dump(TALKS, replace(VISIT, body="A \x00 body."), ENERGY), "new new rejected"),
    ("an empty body", dump(replace(TALKS, body=""), VISIT), "new new"),
    ("a lone dash inside a body", dump(replace(TALKS, body=f"{TALKS.body}\n-\nNotes follow."), VISIT), "new new"),
    ("paragraphs on lines of their own", dump(replace(TALKS, body=TALKS.body.replace(". ", ".\n")), VISIT), "new new"),
    (
        "dates inside a body",
        dump(replace(TALKS, body="The date 2024-05-01, date2024-05-02 and so on."), VISIT),
        "new new",
    ),
    ("categories and none in one file", dump(INDUSTRY, VISIT, ENERGY), "new new new"),
    ("an undeclared category among others", dump(INDUSTRY, replace(ENERGY, category="Ports")), "new new"),
    ("Korean records", dump(TALKS_KO, VISIT), "new new"),
    ("no record", "-\n", "rejected"),
    ("an empty file", "", "empty"),
    ("only dashes", "-\n-\n-", "rejected"),
    ("no dump", "<html><body>Not found</body></html>", "rejected"),
]


@pytest.mark.parametrize(
    ("first", "content", "expected"), [row[1:] for row in REDROPS], ids=[row[0] for row in REDROPS]
)
def test_a_known_dump_comes_in_another_dress(first: list[Release], content: bytes, expected: str, lab: Lab) -> None:
    lab.drop(dump(*first))

    assert lab.drop(content).kinds() == expected.strip()
    assert [head.title for head in lab.heads()] == [release.title for release in first]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file_gives_what_can_be_read_of_it(text: str, expected: str, lab: Lab) -> None:
    assert lab.drop(text).kinds() == expected


@pytest.mark.parametrize(
    "text", [row[1] for row in FILES if "new" in row[2]], ids=[r[0] for r in FILES if "new" in r[2]]
)
def test_a_file_read_twice_brings_nothing_new(text: str, lab: Lab) -> None:
    lab.drop(text)

    assert set(lab.drop(text + "\n").kinds().split()) <= {"unchanged", "rejected"}


def test_a_body_is_read_whole_around_what_looks_like_structure(lab: Lab) -> None:
    odd = replace(TALKS, body="Dates: date2024-05-02 and\n-\nmore on the\u2028date 2024-05-03.")

    assert lab.drop(dump(odd, VISIT)).heads() == [odd, VISIT]


def test_a_half_record_heals_when_the_file_is_completed(lab: Lab) -> None:
    whole = dump(TALKS, VISIT)
    lab.drop(whole[:-30], "a.txt")

    assert lab.kinds() == "new rejected"
    assert lab.drop(whole, "a.txt").kinds() == "unchanged new"


def test_every_cut_of_a_dump_gives_whole_records_or_none(lab: Lab) -> None:
    whole = dump(TALKS_KO, VISIT)
    first = len(dump(TALKS_KO))
    for end in [*range(0, first, 7), *range(first, len(whole), 7), len(whole)]:
        lab.drop(whole[:end])

    assert lab.heads() == [TALKS_KO, VISIT]


def test_an_undated_record_learns_its_date(lab: Lab) -> None:
    lab.drop(dump(replace(TALKS, date=None), VISIT))

    assert lab.drop(dump(TALKS, VISIT)).kinds() == "enriched unchanged"
    assert lab.change.fields == ("date",)
    assert lab.heads()[0] == TALKS


def test_an_impossible_date_is_unknown_until_a_possible_one_comes(lab: Lab) -> None:
    lab.drop(dump(TALKS, VISIT).replace("2024-07-01", "2024-02-30"))

    assert lab.heads()[0].date is None
    assert lab.drop(dump(TALKS, VISIT)).kinds() == "enriched unchanged"


def test_the_same_record_with_and_without_a_category_in_one_file_is_two_releases(lab: Lab) -> None:
    assert lab.drop(dump(INDUSTRY, ENERGY, TALKS)).kinds() == "new new new"


def test_one_figure_in_a_body_of_300_kb_is_found(lab: Lab) -> None:
    lines = [f"Item {n} rose {n / 10:.1f} percent to ${n}.5 billion." for n in range(7000)]
    long = replace(TALKS, body=" ".join(lines))
    lab.drop(dump(long, VISIT)).drop(dump(swapped(long, "rose 350.7 percent", "rose 350.9 percent"), VISIT))

    assert len(long.body) > 300_000
    assert lab.change.numbers == (("350.7", "350.9"),)
    assert [edit.op for edit in lab.change.edits] == ["keep", "replace", "keep"]


def test_a_rewritten_body_of_300_kb_is_a_change_still(lab: Lab) -> None:
    lines = [f"Item {n} rose {n / 10:.1f} percent to ${n}.5 billion." for n in range(7000)]
    fresh = [f"Ship {n} sank {n / 10:.1f} fathoms." if n % 2 else line for n, line in enumerate(lines)]
    lab.drop(dump(replace(TALKS, body=" ".join(lines))))

    assert lab.drop(dump(replace(TALKS, body=" ".join(fresh)))).kinds() == "changed"


def test_one_edit_in_a_dump_of_a_thousand_records_is_found(lab: Lab) -> None:
    many = [
        on(
            replace(TALKS, title=f"Talks no. {n}", body=TALKS.body.replace("5.1", f"{n}.1")),
            str(FIRST_DAY.replace(day=1 + n % 28)),
        )
        for n in range(1000)
    ]
    assert lab.drop(dump(*many)).kinds() == " ".join(["new"] * 1000)

    many[617] = swapped(many[617], "$5.3 billion", "$5.4 billion")
    lab.drop(dump(*reversed(many)))

    assert lab.change.kind is Kind.CHANGED
    assert (lab.change.number, lab.change.numbers) == (618, (("$5.3", "$5.4"),))
    assert written(lab.heads()[617]) == written(many[617])
