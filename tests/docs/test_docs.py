"""Commands, options and files that README and docs name exist and work as printed."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from docs.make.commands import commands
from monitor.cli import COMMANDS, monitor
from tests.end_to_end.harness import ROOT, Project

PAGES = [
    *sorted(ROOT.glob("README*.md")),
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMAND = re.compile(r"^\$ (?:sudo )?(?:/opt/monitor/bin/)?monitor (.*)$|`monitor ([^`]*)`", re.MULTILINE)
DEV = re.compile(r"\./dev ([a-z]+)")
OPTION = re.compile(r"`(--[a-z-]+)`")
FILE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|sql|yaml|toml|lock)|(?:[\w.-]+/)+)`")
PICTURE = re.compile(r"!\[[^]]+\]\(([^)]+)\)")
WORDS = {"RELEASE": "1", "FILE...": "a.txt", "FILE": "a.txt", "NAME": "console", "ID": "1", "W": "fta", "QUERY": "FTA"}
PYTHON_PARTS = ("monitor/", "monitor/collect/", "monitor/daemon/")


def written(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    return [
        (page.name, next(group for group in match.groups() if group is not None))
        for page in PAGES
        for match in pattern.finditer(page.read_text("utf-8"))
    ]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    context = click.Context(monitor)
    command: click.Command = monitor
    while words and isinstance(command, click.Group) and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize(("page", "text"), written(COMMAND))
def test_every_command_in_the_docs_parses(page: str, text: str) -> None:
    words = [WORDS.get(word, word) for word in shlex.split(text)]
    command, rest = command_of(words)
    if rest != ["--help"] and words != ["--version"]:
        assert command is not monitor or words[0].startswith("--"), f"{page}: no verb in {text!r}"
        command.make_context("monitor", list(rest), resilient_parsing=False)


@pytest.mark.parametrize(("page", "verb"), sorted(set(written(DEV))))
def test_every_dev_verb_in_the_docs_exists(page: str, verb: str) -> None:
    script = (ROOT / "dev").read_text("utf-8")
    assert re.search(rf"^    {verb}\) ", script, re.MULTILINE), f"{page}: ./dev has no {verb}"


@pytest.mark.parametrize(("page", "option"), sorted(set(written(OPTION))))
def test_every_option_in_the_docs_exists(page: str, option: str) -> None:
    known = {"--full", "--changedetection", "--help", "--version"}  # also those of ./dev
    for found in commands():
        command, _ = command_of(found.words.split()[1:])
        known.update(name for parameter in command.params for name in parameter.opts)
    assert option in known, f"{page}: no command takes {option}"


@pytest.mark.parametrize(("page", "name"), sorted(set(written(FILE))))
def test_every_file_in_the_docs_exists(page: str, name: str) -> None:
    places = [ROOT / name, *(ROOT / part / name for part in PYTHON_PARTS), ROOT / "monitor" / "store" / "sqlite" / name]
    assert any(place.exists() for place in places), f"{page}: there is no {name}"


@pytest.mark.parametrize(
    ("page", "picture"), [(page, found) for page in PAGES for found in PICTURE.findall(page.read_text("utf-8"))]
)
def test_every_picture_in_the_docs_exists_and_is_small(page: Path, picture: str) -> None:
    assert (page.parent / picture).stat().st_size <= 150_000


def test_every_long_test_is_named_for_those_who_wait_for_it() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    texts = (path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
    long = [name for text in texts for name in re.findall(r"^def (test_\w+)\([^)]*\bfull: bool", text, re.MULTILINE)]
    assert len(long) > 5
    assert [name for name in long if f"`{name}`" not in page] == []


def test_every_verb_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [verb for verb in COMMANDS if f"`monitor {verb}" not in readme] == []


def test_the_alert_in_the_readme_is_what_the_samples_print(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=(ROOT / "config.yaml").read_text("utf-8"))
    for path in sorted((ROOT / "seeds").iterdir()):
        project.drop(path.name, path.read_bytes())
    printed = project.run("run", "--once").out
    shown = re.search(r"```text\n(semiconductor \(changed\).*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1].strip() in printed


def test_the_dev_script_is_posix_shell() -> None:
    for shell in ("sh", "dash"):
        try:
            subprocess.run([shell, "-n", ROOT / "dev"], check=True)
        except FileNotFoundError:
            continue


def test_the_dev_script_tells_what_it_can_do() -> None:
    done = subprocess.run([ROOT / "dev", "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "./dev run" in done.stderr


def measured() -> dict[str, float]:
    """What docs/benchmarks.md says was measured, by row."""
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    return {
        what: float(value.replace(",", ""))
        for what, value in re.findall(r"^\| ([^|]+) \| ([\d.,]+) ", page, re.MULTILINE)
    }


def test_every_figure_of_speed_and_size_comes_from_the_documented_run() -> None:
    rows = measured()
    alert = f"{rows['close of a dropped file → alert at a 127.0.0.1 webhook, p50 of 200']:.1f} ms"
    by_byte = sorted(value for what, value in rows.items() if what.startswith("stored per byte"))
    new, unchanged = (rows[f"take-in per release of 2 KB, all {kind}"] for kind in ("new", "unchanged"))
    idle, one = (rows[f"stored per dump {what}"] for what in ("without news", "with one new release of 430 characters"))
    rules = rows["memory of 10,000 sparse rules"]
    expected = {
        "README.md": [alert, f"{by_byte[0]:.1f} to {by_byte[-1]:.1f} bytes"],
        "README.ko.md": [alert, f"{by_byte[0]:.1f}~{by_byte[-1]:.1f}바이트"],
        "docs/sizing.md": [
            *(f"{value:.1f} bytes for each byte" for value in by_byte),
            *(
                f"{idle:.1f} kB",
                f"{one:.1f} kB",
                alert,
                f"{unchanged:.0f} µs",
                f"{new / 1000:.2f} ms",
                f"{rules:.0f} MB",
            ),
        ],
        "docs/backup.md": [f"{idle:.1f} kB", f"{one:.1f} kB"],
    }
    assert [
        (page, figure)
        for page, figures in expected.items()
        for figure in figures
        if figure not in " ".join((ROOT / page).read_text("utf-8").split())
    ] == []


def test_a_page_that_another_names_can_be_clicked() -> None:
    named = [
        (page.name, found)
        for page in PAGES
        for found in re.findall(
            r"(?<!\[)`((?:docs/)?[\w.-]+\.md)`", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        )
        if (ROOT / found).exists() and found != page.name
    ]
    assert named == []


def test_the_readme_fits_the_time_that_a_reader_has() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.split()) <= 900
    assert text.count("\n") <= 110


def test_the_korean_readme_shows_what_the_english_one_shows() -> None:
    english, korean = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ko.md"))
    for pattern in (r"```console\n(.*?)```", r"\]\(((?!README)[^)#]+)", r"`(monitor [^`]*)`", r"\d+\.\d ms"):
        found = [set(re.findall(pattern, text, re.DOTALL)) for text in (english, korean)]
        assert found[0] <= found[1], pattern


def test_the_korean_alert_in_the_readme_is_that_of_the_quick_start() -> None:
    shown = re.findall(r"```text\n(chips.*?)```", (ROOT / "README.ko.md").read_text("utf-8"), re.DOTALL)
    assert len(shown) == 1
    assert shown[0] in (ROOT / "docs" / "quickstart.ko.md").read_text("utf-8")
