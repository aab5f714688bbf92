"""Lines that are no part of a release: they change neither what a record is nor whether it was seen before."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.collect.formats.dash.dropped_lines import without_text
from monitor.collect.formats.dash.parser import parse
from monitor.model import Release

DROP = ("Views [0-9]*", "조회수*", "print this page")
BARE = "-\nExports rise\nExports rose in June.\nImports fell. date2024-07-01"

# (text of a record, where such lines stand in it)
RECORDS = [
    ("-\nExports rise\nViews 1,204\nExports rose in June.\nImports fell. date2024-07-01", "first line"),
    ("-\nExports rise\nExports rose in June.\n조회수 : 12\nImports fell. date2024-07-01", "line between"),
    ("-\nExports rise\nExports rose in June.\nImports fell.\nviews 7 date2024-07-01", "last line, before the label"),
    ("-\nExports rise\nExports rose in June.\nImports fell.\nViews 7\nPrint this page\ndate2024-07-01", "label apart"),
    ("-\nExports rise\nExports rose in June.\nImports fell.\n조회수 7 Date: 2024-07-01", "before another label"),
    ("-\nExports rise\nExports rose in June.\nImports fell.\nViews 7date 2024. 7. 1.", "glued to another label"),
    ("-\nExports rise\n  조회수 1 \nExports rose in June.\nImports fell.\nVIEWS 88   date2024-07-01", "both ends"),
    *(
        (f"-\nExports rise\nExports rose in June.\n{line}\nImports fell. date2024-07-01", what)
        for line, what in (
            ("Views\u00a0204", "with a no-break space"),
            ("Views\t 204", "with a tab"),
            ("\u200bViews 204\ufeff", "between invisible characters"),
            ("Views&nbsp;204", "escaped"),
            ("조회수 204".encode().decode("latin-1"), "misread"),
            ("조회수 204".replace("조", "\u110c\u1169"), "decomposed"),
            ("Ｖｉｅｗｓ 204", "full width"),
        )
    ),
]


@pytest.mark.parametrize(("text", "place"), RECORDS, ids=[place for _, place in RECORDS])
def test_a_line_that_fits_is_no_part_of_the_release_wherever_it_stands(text: str, place: str) -> None:
    [plain] = parse(BARE).records
    [found] = parse(text, drop=DROP).records
    assert found.release == plain.release, place


@pytest.mark.parametrize("counter", ["Views 1,204", "조회수 7"])
def test_a_record_of_which_only_such_a_line_differs_was_seen_before(counter: str) -> None:
    texts = (f"-\nExports rise\nExports rose in June.\n{line} date2024-07-01" for line in (counter, f"{counter}9"))
    one, other = (parse(text, drop=DROP).records[0] for text in texts)
    assert one.digest == other.digest
    assert parse(f"-\nExports rise\nExports rose in June.\n{counter} date2024-07-01").records[0].digest != one.digest


def test_a_title_and_a_declared_category_stay_and_words_inside_a_line_stay() -> None:
    text = "-\nEnergy\nViews 2030\nViews 3\nThe plan is called Views 2030. date2024-07-01"
    [found] = parse(text, categories=["Energy"], drop=DROP).records
    assert found.release == Release(
        title="Views 2030", body="The plan is called Views 2030.", date=date(2024, 7, 1), category="Energy"
    )


def test_a_record_of_nothing_but_such_lines_is_a_title() -> None:
    [found] = parse("-\nExports rise\nViews 3\n조회수 3 date2024-07-01", drop=DROP).records
    assert found.release == Release(title="Exports rise", body="", date=date(2024, 7, 1), category=None)


def test_signs_that_grow_in_lower_case_do_not_move_the_label() -> None:
    [found] = parse("-\nExports rise\nViews 3\nVia Straße İzmir ßßß date2024-07-01", drop=DROP).records
    assert found.release == Release(
        title="Exports rise", body="Via Straße İzmir ßßß", date=date(2024, 7, 1), category=None
    )


def test_a_line_that_reads_as_the_title_is_left_out_alone() -> None:
    [found] = parse("-\nViews 3\nViews 3 date2024-07-01", drop=DROP).records
    assert (found.release.title, found.release.body) == ("Views 3", "")


def test_a_half_written_record_is_still_one() -> None:
    result = parse(f"{BARE}\n-\nVisit ends\nViews 3\nThe visit en", drop=DROP)
    assert (len(result.records), [one.is_tail for one in result.rejects]) == (1, [True])


def test_what_was_stored_with_such_lines_is_compared_without_them() -> None:
    stored = Release(title="Exports rise", body="Views 3\nExports rose.\n조회수 4", date=None)
    assert without_text(stored, DROP).body == "Exports rose."
