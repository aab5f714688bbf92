"""Generated pages are committed as the code generates them now."""

from __future__ import annotations

import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from docs.make import PAGES
from docs.make.commands import commands
from monitor.cli import COMMANDS
from tests.end_to_end.harness import ROOT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_what_the_code_makes(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == PAGES[path](), "run python -m docs.make"


def test_the_reference_names_every_command_and_option() -> None:
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert [one.words for one in commands() if f"\n### {one.words}\n" not in page] == []
    assert {one.words.split()[1] for one in commands() if " " in one.words} == set(COMMANDS)


def test_the_manual_page_is_roff_that_man_reads() -> None:
    man = shutil.which("groff")
    if man is None:
        pytest.skip("groff is not installed here")
    done = subprocess.run(
        [man, "-man", "-ww", "-Tutf8", ROOT / "data/share/man/man1/monitor.1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    text = re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout)
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES"):
        assert re.search(rf"^{heading}$", text, re.MULTILINE)
    assert "monitor alerts retry" in text


def test_the_picture_is_an_image_that_loads_nothing() -> None:
    text = (ROOT / "docs" / "alert.svg").read_text("utf-8")
    words = " ".join("".join(node.itertext()) for node in ElementTree.fromstring(text).iter(f"{SVG}text"))  # noqa: S314
    assert "[-5.0-] {+5.1+}" in words.replace("\xa0", " ")
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|url\((?!#)|<script", text) == []
    assert "font-variant" not in text, "full-width Latin letters where the monospaced font is a Korean one"
