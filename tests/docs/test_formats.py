"""Every example of docs/formats.md, run: files are read as it says, its tables and grammar are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats import fields
from monitor.collect.formats.days import day_of
from monitor.collect.formats.fields import USUAL_NAMES, FileName, evaluate, parse
from monitor.collect.formats.json.reader import ObjectNode
from monitor.collect.formats.markup import text_of
from monitor.collect.formats.registry import FORMATS
from tests.end_to_end.harness import ROOT, Project

PAGE = (ROOT / "docs" / "formats.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"```yaml\n(?P<config>.*?)```\n\n`(?P<path>drops/[^`]+)`:\n\n```\w+\n(?P<file>.*?)```\n\n```text\n(?P<told>.*?)```",
    re.DOTALL,
)
EXAMPLES = [match.groupdict() for match in EXAMPLE.finditer(PAGE)]
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
MAP = SECTIONS["Where a field is: `map:`"]
VALUES = SECTIONS["Texts, days, categories, links"]


def rows(text: str, header: str) -> list[list[str]]:
    """The rows of the table with a header, without their bars."""
    table = text.partition(f"| {header} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


@pytest.mark.parametrize("example", EXAMPLES, ids=[each["path"] for each in EXAMPLES])
def test_a_file_is_read_as_the_page_says(tmp_path: Path, example: dict[str, str]) -> None:
    project = Project(tmp_path / "p", config=example["config"] + 'channels: {c: {url: "console://"}}\n')
    path = project.folder / example["path"]
    path.parent.mkdir(parents=True)
    path.write_text(example["file"], "utf-8")
    [source] = re.findall(r"^  (\w+):", example["config"], re.MULTILINE)
    done = project.run("preview", path, "--source", source, "-n", "9")
    assert done.code == 0, done.out + done.err
    assert done.out.partition(" 0 rejects\n")[2].partition("\nconfiguration\n")[0] == example["told"]
    assert "sources.*.files" not in project.run("check").out


def test_every_format_has_an_example_and_a_row() -> None:
    shown = {match for each in EXAMPLES for match in re.findall(r"format: (\w+)", each["config"])}
    assert shown | {"text"} == set(FORMATS)
    assert PAGE.count("```yaml") == len(EXAMPLES)
    found = {row[0].strip("`"): row for row in rows(PAGE, "`format:` | also written | files by default | what it is")}
    assert set(found) == set(FORMATS)
    for name, each in FORMATS.items():
        assert re.findall(r"`([^`]+)`", found[name][1]) == list(each.aliases)
        assert re.findall(r"`([^`]+)`", found[name][2]) == list(each.files)


def test_the_usual_names_are_those_that_are_read() -> None:
    assert {
        row[0]: tuple(row[1].split(", ")) for row in rows(MAP, "field | usual names in json, csv, xml, document")
    } == dict(USUAL_NAMES)


def test_the_grammar_is_that_of_the_parser() -> None:
    [grammar] = re.findall(r"```ebnf\n(.*?)```", MAP, re.DOTALL)
    assert [line.strip() for line in grammar.splitlines()] == [
        line.strip() for line in str(fields.__doc__).splitlines() if " = " in line
    ]


def test_an_expression_reads_what_stands_beside_it() -> None:
    [record] = re.findall(r"```json\n(.*?)```", MAP, re.DOTALL)
    node, table = ObjectNode(json.loads(record)), rows(MAP, "expression | reads | why")
    assert len(table) == 11
    for written, read, _ in table:
        found = evaluate(parse(written.removeprefix("`").removesuffix("`")), node, FileName("2024/news.json"))
        assert "; ".join(", ".join(texts) for texts in found) == read, written


def test_html_becomes_the_text_beside_it() -> None:
    table = rows(VALUES, "HTML | text")
    assert len(table) == 4
    for markup, text in table:
        assert text_of(markup.strip("`")).splitlines() == re.findall(r"`([^`]+)`", text)


def test_a_day_is_the_one_beside_it() -> None:
    table = rows(VALUES, "written | day")
    assert len(table) == 10
    for written, day in table:
        found = day_of(written.strip("`"), timezone=ZoneInfo("Asia/Seoul"))
        assert str(found or "none") == day.partition(",")[0], written
