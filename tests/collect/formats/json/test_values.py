"""Records are found in JSON of any outline; a fault in one leaves the others whole; no chunk changes the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from monitor.collect.formats.json.values import Fault, Value, values

RECORDS = [
    {"title": f"Title {n}", "body": f'He said "{n}" [x] {{y}} \\ end.', "tags": ["a", "b"], "meta": {"key": n}}
    for n in range(10)
]


def found(text: str, *path: str, size: int = 0, max_record: int = 1_000_000) -> list[Value | Fault]:
    size = size or max(1, len(text))
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    return list(values(chunks, path=path, max_record=max_record))


def titles(text: str, *path: str, size: int = 0) -> list[object]:
    """Return the titles, and of a fault `tail` or `fault`."""
    return [
        one.value.get("title") if isinstance(one, Value) else "tail" if one.is_tail else "fault"
        for one in found(text, *path, size=size)
    ]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "", ["tail"]),
        (" \n", "", ["tail"]),
        ("[]", "", []),
        ("[\n]\n[]", "", []),
        ('{"title":"a"}{"title":"b"}\n{"title":"c"}', "", ["a", "b", "c"]),
        ('{\n "title": "a"\n}\n{\n "title": "b"\n}', "", ["a", "b"]),
        ('[{"title":"a"},{"title":"b"}]', "", ["a", "b"]),
        ('[\n{"title":"a"}\n][\n{"title":"b"}\n]', "", ["a", "b"]),
        ('\ufeff[{"title":"a"},,{"title":"b"},]', "", ["a", "b"]),
        ('[{"title":NaN},{"title":-Infinity}]', "", [None, None]),
        ('{"results":[{"title":"a"},{"title":"b"}],"next":null}', "results", ["a", "b"]),
        ('{"meta":{"results":[{"title":"x"}]},"results":[{"title":"a"}]}', "results", ["a"]),
        ('{"results":{"title":"a"}}', "results", ["a"]),
        ('{"results":null}', "results", []),
        ('{"results":[]}', "results", []),
        ('{"results":"x"}', "results", ["fault"]),
        ('{"data":{"edges":[{"node":{"title":"a"}},{"node":{"title":"b"}}]}}', "data.edges.node", ["a", "b"]),
        ('{"pages":[[{"title":"a"}],[{"title":"b"}]]}', "pages.1", ["b"]),
        ('{"results":[{"title":"a"}]}\n{"results":[{"title":"b"}]}', "results", ["a", "b"]),
        ('{"error":"no such page"}\n{"results":[{"title":"b"}]}', "results", ["fault", "b"]),
        ('[["x",1],["y",2],{"title":"a"}]', "", ["fault", "a"]),
        ('["x", 1, null, {"title":"a"}]', "", ["fault", "a"]),
        ('<html>{"title":"a"}', "", ["fault"]),
        ('starting\n{"title":"a"}', "", ["fault", "a"]),
    ],
)
def test_records_are_found_in_any_outline(text: str, path: str, expected: list[object]) -> None:
    names = path.split(".") if path else []
    assert [titles(text, *names, size=size) for size in (0, 1, 7)] == [expected] * 3


def test_a_record_has_the_place_where_it_begins() -> None:
    text = '[\n{"title": "ä"},\n  {"title": "b"}\n]'
    assert [one[1:3] for one in values([text], byte_count=lambda part: len(part.encode()))] == [(2, 2), (3, 21)]


def test_a_missing_place_names_the_keys_that_are_there() -> None:
    [fault] = found('{"error": "x", "message": {"results": []}}', "results")
    assert isinstance(fault, Fault)
    assert fault.reason == "records: leads to 'results', which is not here; the keys here are: error, message"


OUTLINES: dict[str, Callable[[list[str]], str]] = {
    "a line each": lambda parts: "\n".join(parts) + "\n",
    "a list on one line": lambda parts: f"[{','.join(parts)}]",
    "a list of lines": lambda parts: "[\n" + ",\n".join(parts) + "\n]",
    "an envelope": lambda parts: '{"x": [1], "results": [\n  ' + ",\n  ".join(parts) + '\n], "y": {}}',
}
FAULTS: dict[str, Callable[[str], str]] = {
    "no closing quote": lambda text: text.replace('Title 2"', "Title 2"),
    "no opening quote": lambda text: text.replace('"Title 2', "Title 2"),
    "quotes in a text": lambda text: text.replace("Title 2", 'Ti"t"le 2'),
    "a quote in a text": lambda text: text.replace("Title 2", 'Ti"tle 2'),
    "an escaped quote at the end": lambda text: text.replace('Title 2"', 'Title 2\\"'),
    "no comma": lambda text: text.replace('Title 2",', 'Title 2"'),
    "no colon": lambda text: text.replace('"meta":', '"meta"'),
    "no closing brace": lambda text: text[:-1],
    "no closing braces": lambda text: text[:-2],
    "no closing bracket": lambda text: text.replace('"b"]', '"b"'),
    "a bare word": lambda text: text.replace('"Title 2"', "undefined"),
    "half of it": lambda text: text[: len(text) // 2],
    "its beginning": lambda text: text[:9],
    "something else": lambda text: "%%%",
    "too deep": lambda text: text.replace('"a"', "[" * 70 + "]" * 70),
    "far too deep": lambda text: text.replace('"a"', "[" * 100_000 + "]" * 100_000),
    "too many digits": lambda text: text.replace('"key": 2', '"key": ' + "9" * 5_000),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("outline", OUTLINES)
def test_a_broken_record_does_not_harm_its_neighbours(outline: str, fault: str) -> None:
    parts = [json.dumps(record) for record in RECORDS]
    parts[2] = FAULTS[fault](parts[2])
    path = ["results"] if outline == "an envelope" else []
    expected = ["Title 0", "Title 1", "fault", *(f"Title {n}" for n in range(3, 10))]
    assert titles(OUTLINES[outline](parts), *path) == expected


@pytest.mark.parametrize("outline", OUTLINES)
def test_a_text_cut_anywhere_shows_its_first_records_and_a_tail(outline: str) -> None:
    whole = OUTLINES[outline]([json.dumps(record) for record in RECORDS[:4]])
    path = ["results"] if outline == "an envelope" else []
    full = titles(whole, *path)
    for end in range(len(whole)):
        *shown, last = titles(whole[:end], *path) or [None]
        assert shown == full[: len(shown)], end
        assert last == "tail" or (outline == "a line each" and last in full), end


def test_a_record_that_is_too_long_is_passed_over_in_bounded_memory() -> None:
    def chunks() -> Iterator[str]:
        yield '[{"title":"a"},{"title":"b","body":"'
        for _ in range(2_000):
            yield 'long \\" text ' * 100
        yield '"},{"title":"c"}]'

    reader = values(chunks(), max_record=10_000)
    found = list(reader)
    assert [one.value["title"] if isinstance(one, Value) else one.reason for one in found] == [
        "a",
        "the record is longer than 10,000 characters (the source's max_record)",
        "c",
    ]
    assert all(len(one.text) < 400_000 for one in found)
