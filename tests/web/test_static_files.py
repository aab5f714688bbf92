"""Static files: small, by names that change with their content, and from nowhere but memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import monitor.web
from tests.web.site import filled, served

WEB = Path(monitor.web.__file__).parent
MOST = {"style.css": 32_000, "monitor.js": 12_000, "icon.svg": 1_000}


@pytest.mark.parametrize("name", MOST)
def test_a_static_file_is_small(name: str) -> None:
    assert (WEB / "static" / name).stat().st_size <= MOST[name]


def test_a_page_loads_three_files_of_its_own_which_are_kept_for_ever(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        page = site.get("/").page
        links = [each.attrib["href"] for each in page.iter("link") if each.attrib["rel"] in ("stylesheet", "icon")]
        links += [each.attrib["src"] for each in page.iter("script")]
        answers = [site.get(link) for link in links]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert {answer.headers["cache-control"] for answer in answers} == {"public, max-age=31536000, immutable"}
        for path in ("style.css", "..%2fpages.py", "%2e%2e/site.py", "style.00000000.css", "%00"):
            assert site.get(f"/static/{path}").status in (400, 404)


def test_only_two_modules_make_markup() -> None:
    makers = {"markup.py", "charts.py"}
    modules = [path for path in WEB.rglob("*.py") if path.name not in makers]
    found = [path.name for path in modules if re.search(r"\bMarkup\(|markupsafe", path.read_text("utf-8"))]
    found += [path.name for path in WEB.rglob("*.j2") if re.search(r"\|\s*safe\b|autoescape", path.read_text("utf-8"))]
    assert len(modules) > 5
    assert found == []


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    templates = sorted(WEB.rglob("*.j2"))
    inline = re.compile(r"\sstyle=|\son[a-z]+=|<style|<script(?! src=)", re.IGNORECASE)
    assert [path.name for path in templates if inline.search(path.read_text("utf-8"))] == []
