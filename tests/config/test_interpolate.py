"""References in values are replaced, or reported without showing a value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.config import Config
from tests.config.support import HEAD, loaded, refused

ENVIRON = {"WORD": "무역", "EMPTY": "", "YAML": "a: [b, *c]", "TWICE": "${WORD}", "ODD": "caf\udce9"}


def keyword(config: Config) -> str:
    return config.watchlists["w"].keywords[0]


def watching(word: str) -> str:
    return HEAD + f"watchlists:\n  w:\n    keywords:\n    - '{word}'\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${WORD}", "무역"),
        ("<${WORD}-${WORD}>", "<무역-무역>"),
        ("${WORD:-x}", "무역"),
        ("${UNSET:-x y}", "x y"),
        ("${EMPTY:-x}", "x"),
        ("a${EMPTY}", "a"),
        ("${UNSET:-a:-b}", "a:-b"),
        ("${file:-x}", "x"),
        ("${YAML}", "a: [b, *c]"),
        ("${TWICE}", "${WORD}"),
        ("$$", "$"),
        ("$${WORD}", "${WORD}"),
        ("$$${WORD}", "$무역"),
        ("$100", "$100"),
        ("US$", "US$"),
        ("$WORD", "$WORD"),
        ("${file:secret}", "one line"),
        ("${file:lines}", "two\nlines\n"),
        ("${file:windows}", "one line"),
        ("${credential:slack}", "from systemd"),
    ],
)
def test_a_reference_stands_for_its_text(tmp_path: Path, written: str, expected: str) -> None:
    for name, content in {"secret": "one line\n", "lines": "two\nlines\n\n", "windows": "one line\r\n"}.items():
        (tmp_path / name).write_bytes(content.encode())
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "slack").write_text("from systemd", encoding="utf-8")
    config = loaded(tmp_path, watching(written), ENVIRON | {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})
    assert keyword(config) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${SLACK_URL}", "the variable SLACK_URL is not set: set it, or write ${SLACK_URL:-default}"),
        ("${ODD}", "the variable ODD contains bytes that are not UTF-8: save it as UTF-8"),
        ("${WORD", "this '${' is not closed before the next one: add the '}', and do not nest references"),
        ("${A:-${WORD}}", "this '${' is not closed before the next one: add the '}', and do not nest references"),
        ("${}", "this is not a valid reference"),
        ("${1A}", "this is not a valid reference"),
        ("${WORD-x}", "this is not a valid reference"),
        ("${vault:x}", "this is not a valid reference"),
        ("${file:}", "this is not a valid reference"),
        ("${file:none}", "${file:none} cannot be read: No such file or directory"),
        ("${file:folder}", "${file:folder} is not a regular file: name a file that contains the value"),
        ("${file:pipe}", "${file:pipe} is not a regular file: name a file that contains the value"),
        ("${file:large}", "${file:large} is larger than 65536 bytes: name a file that contains only the value"),
        ("${file:bytes}", "${file:bytes} contains bytes that are not UTF-8: save it as UTF-8"),
        ("${credential:none}", "${credential:none} cannot be read: No such file or directory"),
        ("${credential:a/b}", "a credential is named without a folder: write for example ${credential:slack}"),
        ("${credential:..}", "a credential is named without a folder: write for example ${credential:slack}"),
    ],
)
def test_a_reference_without_text_is_one_fault(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 65_537)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (fault,) = refused(tmp_path, watching(written), ENVIRON | {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (fault.line, fault.column, fault.path) == (6, 7, "watchlists.w.keywords[0]")
    assert fault.message.startswith(message)


def test_a_credential_without_its_folder_says_who_sets_it(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, watching("${credential:slack}"))
    assert fault.message == (
        "${credential:slack} needs CREDENTIALS_DIRECTORY, which systemd sets: "
        "add LoadCredential=slack:/path to the unit"
    )  # fmt: skip


def test_a_path_no_file_can_have_is_a_fault(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, HEAD + 'state: "${file:a\\0b}"\n')
    assert fault.message == "no file can have this path: remove its special characters"


def test_every_reference_of_a_value_is_reported_and_nothing_follows_from_it(tmp_path: Path) -> None:
    faults = refused(
        tmp_path, HEAD + "watch: {settle: '${A}${B}'}\nwatchlists: {w: {keywords: [x], notify: ['${C}']}}\n"
    )
    assert [fault.message.split()[2] for fault in faults] == ["A", "B", "C"]


def test_keys_are_never_filled(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, HEAD + "'${WORD}': x\n", {"WORD": "state"})
    assert fault.path == "${WORD}"


def test_any_setting_can_be_filled(tmp_path: Path) -> None:
    environ = {"ZONE": "Asia/Seoul", "DAYS": "2", "FLAG": "yes"}
    config = loaded(
        tmp_path, HEAD + "timezone: ${ZONE}\nwatch: {settle: '${DAYS}d', follow_symlinks: '${FLAG}'}\n", environ
    )
    assert (config.timezone.key, config.watch.settle.days, config.watch.follow_symlinks) == ("Asia/Seoul", 2, True)
