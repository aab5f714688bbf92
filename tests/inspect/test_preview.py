"""The configuration that a preview prints says what its source says, whatever stands in it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.fields import Expression, FormatOptions, Term
from monitor.collect.source import Source, SourceOptions
from monitor.collect.watching.folder import Folder
from monitor.config import load
from monitor.config.convert import sources_of
from monitor.inspect.preview import Preview, configuration
from monitor.inspect.survey import Survey

NAMES = (
    *(
        "a: b",
        "#x",
        "x #y",
        "- y",
        "[z]",
        "{q}",
        "it's",
        'say "x"',
        "back\\slash",
        "${HOME}",
        "$$",
        "$",
        "a,b",
        "*",
        "&a",
    ),
    *(
        "!t",
        "%",
        "@x",
        "null",
        "~",
        "1e3",
        "0x1F",
        "<<",
        "?",
        "|",
        ">",
        "no",
        "Yes",
        "line\u2028end",
        "\u202ered",
        "제목",
    ),
    *("a|b", "a + b", "a.b", "none", "$name", "\U0001f6a2", "tab\there", "é", "-", "=", ":", "a:", "2024-07-01", "x "),
)


def read_back(source: Source, folder: Path) -> Source:
    """The source of a configuration as it is printed for a source."""
    survey = Survey(options=source.options.format)
    preview = Preview(path=folder / "a.csv", source=source, reason="", timezone_reason="", survey=survey)
    text = configuration(preview)
    assert text.isprintable() or not [char for char in text if not char.isprintable() and char != "\n"]
    (folder / "config.yaml").write_text(text + 'channels: {c: {url: "console://"}}\n', "utf-8")
    [found] = sources_of(load(folder / "config.yaml", environ={"HOME": "/root"}))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_back(tmp_path: Path, name: str) -> None:
    zone = ZoneInfo("Asia/Seoul")
    read = FormatOptions(
        format="csv",
        columns=(name.strip(), "title"),
        map={"body": Expression((Term((name.strip(),)), Term(("title",)))), "id": Expression(())},
        empty=(name.strip(), "N/A"),
        timezone=zone,
        dates="%d-%b-%y",
        html="no",
        delimiter=";",
        base="https://harbour.example/",
    )
    options = SourceOptions(timezone=zone, format=read, drop=(f"Views {name}".strip(),))
    folder = Folder(source="harbour", path=os.fsencode(tmp_path / "in"), files=("a*.csv",), is_recursive=True)
    found = read_back(Source(folder=folder, options=options, encoding="cp949"), tmp_path)
    assert found.options.format == read
    assert found.options.drop == options.drop
    assert (found.encoding, found.folder.files, found.folder.is_recursive) == ("cp949", ("a*.csv",), True)


def test_what_is_usual_is_not_printed(tmp_path: Path) -> None:
    options = SourceOptions(timezone=ZoneInfo("UTC"), format=FormatOptions(format="csv"))
    folder = Folder(source="harbour", path=os.fsencode(tmp_path), files=("*.csv", "*.tsv", "*.csv.gz", "*.tsv.gz"))
    source = Source(folder=folder, options=options)
    preview = Preview(
        path=tmp_path / "a.csv",
        source=source,
        reason="",
        timezone_reason="",
        survey=Survey(options=options.format),
    )
    assert configuration(preview) == f"sources:\n  harbour:\n    path: {tmp_path}\n    format: csv\n"
    odd = replace(source, folder=replace(folder, path="/srv/보도 자료/x: y".encode()))
    assert '    path: "/srv/보도 자료/x: y"\n' in configuration(replace(preview, source=odd))
