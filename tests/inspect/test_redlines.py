"""Two texts of a release → what differs, as a page shows it."""

from __future__ import annotations

from datetime import date

from monitor.inspect.redlines import Comparison, compare
from monitor.model import Release

BODY = "Chip exports rose 5.1 percent in June, the ministry said on Monday after its weekly meeting in the capital. "


def release(body: str = BODY, title: str = "Exports rise", **facts: object) -> Release:
    return Release(**{"title": title, "body": body, "date": date(2024, 7, 1), "category": None, **facts})  # type: ignore[arg-type]


def test_what_has_no_earlier_text_has_no_edits() -> None:
    assert compare(None, release()) == Comparison()


def test_only_fields_that_differ_have_edits_and_these_give_both_texts_back() -> None:
    new = BODY.replace("5.1", "5.3")
    found = compare(release(), release(new))
    assert {edit.field for edit in found.edits} == {"body"}
    assert "".join(edit.old for edit in found.edits) + " " == BODY
    assert "".join(edit.new for edit in found.edits) + " " == new
    assert found.numbers == (("5.1", "5.3"),)


def test_a_hunk_is_what_changed_with_a_few_words_around() -> None:
    [hunk] = compare(release(BODY * 3), release(BODY * 3 + "반도체 수출은 늘었다.")).hunks
    assert hunk.field == "body"
    assert [edit.op for edit in hunk.edits] == ["keep", "insert"]
    assert len(hunk.edits[0].new) < len(BODY)


def test_day_and_category_are_facts_and_what_was_unknown_is_empty() -> None:
    found = compare(release(), release(date=date(2024, 7, 2), category="Industry"))
    assert [(edit.field, edit.old, edit.new) for edit in found.facts] == [
        ("date", "2024-07-01", "2024-07-02"),
        ("category", "", "Industry"),
    ]
    assert found.edits == ()


def test_a_text_that_only_goes_on_is_longer_and_an_edited_one_is_not() -> None:
    assert compare(release(BODY), release(BODY + "Cars followed.")).is_longer
    assert not compare(release(BODY), release(BODY.replace("5.1", "5.3") + "Cars followed.")).is_longer
    assert not compare(release("Cars led. " + BODY), release("Cars led. Ships led. " + BODY)).is_longer
    assert not compare(release(), release()).is_longer
