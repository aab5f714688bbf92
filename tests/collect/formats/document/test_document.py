"""Documents become releases: by front matter, by labels, or by their first line, one a file or several."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.base import Entry
from monitor.collect.formats.document.reader import reading
from monitor.collect.formats.fields import FormatOptions, parse
from monitor.collect.source import SourceOptions
from monitor.model import Record, Reject, Release
from tests.collect.formats.support import dump_of_text

DAY = date(2024, 7, 1)
PLAIN = Release(title="Talks held", body="They met.\nBye.", date=DAY)


def entries(
    text: str, *, name: str = "a.md", size: int = 0, is_held: bool = True, map_: dict[str, str] | None = None,
    max_record: int = 1_000_000, **options: Any,
) -> list[Entry]:  # fmt: skip
    mapping = {field: parse(expression) for field, expression in (map_ or {}).items()}
    format_ = FormatOptions(format="document", map=mapping, **options)
    source = SourceOptions(timezone=ZoneInfo("UTC"), format=format_, max_record=max_record)
    return list(reading(dump_of_text(text, name=name, size=size, is_held=is_held), source).entries())


def release(text: str, **options: Any) -> Release:
    [one] = entries(text, **options)
    assert isinstance(one, Record), one
    return one.release


def reject(text: str, **options: Any) -> Reject:
    [one] = entries(text, **options)
    assert isinstance(one, Reject), one
    return one


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Talks held\ndate: 2024-07-01\n---\nThey met.\nBye.\n",
        "---   \ntitle: 'Talks held'\npublished: Mon, 1 Jul 2024 09:00:00 GMT\n...\n\n\nThey met.\nBye.",
        '---\n# made by a program\nTitle: "Talks held"\nDate: !!str 2024-07-01\n---\nThey met.\nBye.',
        "---\ndate: 2024-07-01\ntitle: ''\n---\n# Talks held\nThey met.\nBye.\n",
        "---\r\ntitle: Talks held\r\ndate: 2024-07-01\r\n---\r\n\r\nThey met.\r\nBye.\r\n",
        "Title: Talks held\nDate: 2024-07-01\n\nThey met.\nBye.\n",
        "date: 2024-07-01\nHeadline : Talks\n  held\nText:\nThey met.\nBye.\n",
        "제목： Talks held\n등록일: 2024. 7. 1.\n본문:\nThey met.\nBye.\n",
        "Title: Talks held\nDate: 2024-07-01\nThey met.\nBye.\n",
        "Title: Talks held\nDate: 2024-07-01\nThey met.\nBye.",
        "Title: Talks held\nCategory:\nDate: 2024-07-01\n\nThey met.\nBye.",
    ],
)
def test_a_title_a_day_and_a_text_are_found(text: str) -> None:
    assert release(text) == PLAIN
    assert release("\ufeff" + text) == PLAIN


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("# Talks held\n\nThey met.", "Talks held", "They met."),
        ("\n### Talks #5 held ###\nThey met.\n# Later\nBye.", "Talks #5 held", "They met.\n# Later\nBye."),
        ("Talks held\nThey met.", "Talks held", "They met."),
        ("Talks held\n====\nThey met.", "Talks held", "They met."),
        ("Talks held\n---\nThey met.", "Talks held", "They met."),
        ("---\nTalks held\n---\nThey met.\n", "Talks held", "They met."),
        ("---\n---\n# Talks held\nThey met.\n", "Talks held", "They met."),
        ("#5 of the talks\nThey met.", "#5 of the talks", "They met."),
        ("Note: the talks\nThey met.", "Note: the talks", "They met."),
        ("Title: only one label\n\nThey met.", "Title: only one label", "They met."),
        ("Place: Seoul\nTime: noon\n\nThey met.", "Place: Seoul", "Time: noon\n\nThey met."),
        ("https://example.org: a site\nTitle: x\n\nThey met.", "https://example.org: a site", "Title: x\n\nThey met."),
        ("Talks held\n", "Talks held", ""),
        ("They met. " * 40 + "\nBye.", ("They met. " * 10).strip(), ("They met. " * 40).strip() + "\nBye."),
    ],
)
def test_without_fields_the_first_line_is_the_title(text: str, title: str, body: str) -> None:
    assert release(text) == Release(title=title, body=body, date=None)


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: Talks: day two", "Talks: day two"),
        ("title: Talks @ noon\nother: @x", "Talks @ noon"),
        ("title: \"Talks\nother: 'x'", '"Talks'),
        ("title: >\n  Talks\n  held", "Talks held"),
        ("title: No", "No"),
        ("title: 0x1F", "0x1F"),
        ("a: &x [1, 2]\ntitle: Talks\nb: *x", "Talks"),
        ("a: &x [*x, *x]\ntitle: Talks", "Talks"),
        ("a: " + "[" * 3_000 + "\ntitle: Talks", "Talks"),
        ("a: " + "[" * 100 + "]" * 100 + "\ntitle: Talks", "Talks"),
    ],
)
def test_front_matter_is_read_as_text(front: str, title: str) -> None:
    assert release(f"---\n{front}\n---\nThey met.\n").title == title


def test_lists_are_categories_and_nulls_are_nothing() -> None:
    front = "---\ntitle: Talks\ncategories:\n- Trade\n- Energy\nurl: /1\nsection: ~\nsummary: short\n---\nThey met.\n"
    found = release(front, base="https://example.org/")
    assert (found.category, found.url, found.body) == ("Energy, Trade", "https://example.org/1", "They met.")
    assert release("---\ntitle: Talks\ncategory: ~\n---\nx\n").category is None


def test_labels_may_stand_several_times() -> None:
    assert release("Title: Talks\nCategory: b\nCategory: a\n\nx\n").category == "a, b"


def test_a_mapping_takes_what_it_names() -> None:
    text = "---\nheadline_ko: Talks\nlead: They met.\nno: 7\nwhere: {name: Seoul}\n---\n# Other\nBye.\n"
    found = release(text, map_={"title": "headline_ko", "body": "lead + text", "id": "no", "category": "where.name"})
    assert (found.title, found.ref, found.category) == ("Talks", "7", "Seoul")
    assert found.body == "They met.\n\n# Other\nBye."
    assert release("# Other\nBye.\n", map_={"title": "headline_ko | title"}) == Release(
        title="Other", body="Bye.", date=None
    )
    assert release("Other\nBye.\n", map_={"title": "headline_ko"}) == Release(
        title="Other", body="Other\nBye.", date=None
    )
    assert release("Kopf: Talks\nWann: 2024-07-01\n\nx\n", map_={"title": "Kopf", "date": "Wann"}).date == DAY


@pytest.mark.parametrize(
    ("text", "name", "options", "day"),
    [
        ("# a\nb", "2024/0701/x.md", {}, DAY),
        ("# a\nb", "01Jul2024x.txt", {}, DAY),
        ("# a\nb", "x.txt", {}, None),
        ("# a\nb", "2024/0701/x.md", {"dates": "%d %B %Y"}, DAY),
        ("Title: a\nDate: 2024-07-02\n\nb", "20240701.txt", {}, date(2024, 7, 2)),
        ("Title: a\nDate: soon\n\nb", "20240701.txt", {}, None),
        ("Title: a\nDate:\nPlace: x\n\nb", "20240701.txt", {}, DAY),
        ("Title: a\nDate: 2024-07-02\n\nb", "20240701.txt", {"map_": {"date": "$name"}}, DAY),
        ("Title: a\nDate: 2024-07-02\n\nb", "20240701/x.txt", {"map_": {"date": "$name"}}, None),
        ("Title: a\nDate: 2024-07-02\n\nb", "20240701/x.txt", {"map_": {"date": "$path"}}, DAY),
        ("Title: a\nDate: 2024-07-02\n\nb", "20240701.txt", {"map_": {"date": "none"}}, None),
    ],
)
def test_the_day_is_that_of_a_field_or_the_last_one_in_the_path(
    text: str, name: str, options: dict[str, Any], day: date | None
) -> None:
    assert release(text, name=name, **options).date == day


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("is_held", [True, False])
def test_a_line_separates_releases(size: int, is_held: bool) -> None:
    text = "== \n\n# A\na\n==\r\n  ==\nTitle: B\nDate: 2024-07-01\n\nb\n===\nb == b\n\t==\n회담\n--\nc"
    found = entries(text, between="==", size=size, is_held=is_held)
    told = [(one.release.title, one.release.body, one.line, one.offset) for one in found if isinstance(one, Record)]
    assert told == [("A", "a", 3, 5), ("B", "b\n===\nb == b", 7, 20), ("회담", "c", 14, 64)]


def test_a_rule_may_separate_releases() -> None:
    found = entries("---\nTitle: A\nDate: 2024-07-01\n\na\n---\n# B\nb\n---\n", between="---")
    assert [one.release.title for one in found if isinstance(one, Record)] == ["A", "B"]


def test_a_document_that_is_too_long_harms_no_other() -> None:
    long = "# B\n" + "word " * 40_000
    found = entries(f"# A\na\n==\n{long}\n{long}\n==\n# C\nc\n", between="==", max_record=5_000, size=1_000)
    assert [one.release.title if isinstance(one, Record) else one.reason[:42] for one in found] == [
        "A", "the record is longer than 5,000 characters", "C",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason", "is_tail"),
    [
        ("", "the file holds no record", True),
        ("\n \n", "the file holds no record", True),
        ("---\ntitle: Talks\n", "the file ends before the front matter does", True),
        ("---\nti", "the file ends before the front matter does", True),
        ("---", "the file ends before the line end of the title", True),
        ("---\ntitle: Talks\n" + "a: b\n" * 20_000 + "---\n", "its front matter has no end", False),
        ("---\ndate: 2024-07-01\n---\n", "the file ends before the line end of the title", True),
        ("# Talks", "the file ends before the line end of the title", True),
        ("Title: Talks\n", "the file ends before the text begins", True),
        ("Title: Talks\nDate: 2024-07-01\n", "the file ends before the text begins", True),
        ("Title: Talks\nDate: 2024-07-01\nPla", "the file ends before the text begins", True),
        ("Title: Talks\nDate: 2024-07-01\n ", "the file ends before the text begins", True),
        ("# Talks\nThey \x07 met.", "the record has control characters", False),
    ],
)
def test_what_shows_no_whole_title_is_a_reject(text: str, reason: str, is_tail: bool) -> None:
    one = reject(text)
    assert one.reason.startswith(reason)
    assert one.is_tail == is_tail


def test_open_front_matter_in_the_middle_is_no_tail() -> None:
    [first, second] = entries("---\ntitle: A\n==\n# B\nb\n", between="==")
    assert isinstance(first, Reject)
    assert (first.is_tail, first.line) == (False, 1)
    assert isinstance(second, Record)


@pytest.mark.parametrize(
    "content",
    [
        "# 회담 개최 ##\n\n본문은 여기에 있다.\n끝.\n",
        "회담 개최\n====\n\n본문은 여기에 있다.\n끝.",
        "Title: Talks held\r\n in Seoul\r\nDate: 2024-07-01\r\nCategory: Trade\r\nText:\r\nThey met.\r\nBye.\r\n",
        "제목 : 회담\n등록일 : 2024. 7. 1.\n\n본문 끝\n",
        "---\ndate: 2024-07-01\ncategories:\n- a\n- b\n---\n# 회담\n\n본문 끝\n",
        "---\ntitle: Talks: two\ndate: 2024-07-01\nsummary: |\n  x\n---\nThey met.\n\n---\nBye.\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "cp949", "utf-16-le"])
def test_a_cut_anywhere_shows_a_tail_or_a_shorter_text(content: str, codec: str) -> None:
    whole, held = release(content), 0
    errors = "replace" if codec == "utf-16-le" else "surrogateescape"
    written = content.encode(codec)
    for end in range(len(written)):
        [one] = entries(written[:end].decode(codec, errors))
        if isinstance(one, Reject):
            assert one.is_tail, end
            held += 1
            continue
        found = one.release
        assert (found.title, found.date, found.category) == (whole.title, whole.date, whole.category), end
        assert whole.body.startswith(found.body), end
    assert held > 3


def test_a_repeat_is_one_record_wherever_it_stands() -> None:
    assert len(entries("# A\na\n\n==\n\n# A\na\n==\n# A\na", between="==")) == 1


@pytest.mark.parametrize(
    "text",
    ["Title: x\na: b\n" + " c\n" * 30_000, "Title: x\n" + "a: b\n" * 20_000, "---\n\n" + "\n" * 90_000,
     "---\n" * 20_000,
     "---\na: &a [x,x,x,x]\n" + "".join(f"k{n}: &k{n} [*a,*a,*a]\n" for n in range(2_000)) + "---\nTitle\nx\n",
     "Title: x\n" + ("a" + " " * 1_000 + "\n") * 90, "#" * 90_000, "==\n" * 30_000],
)  # fmt: skip
def test_hostile_documents_are_read_to_their_end(text: str) -> None:
    assert len(entries(text, between="==")) == 1
    assert len(entries(text + "\n==\n# B\nb\n", between="==")) <= 2
