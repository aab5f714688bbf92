"""A state folder is closed to everybody but its owner, and nothing else is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from monitor.control.rights import close_to_others


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def opened(state: Path) -> Path:
    """A folder that an earlier version left open to everybody."""
    state.mkdir()
    for name in ("monitor.db", "monitor.db-shm", "monitor.lock", "monitor.db.before-8.bak", "weekly.bak", "web.key"):
        (state / name).touch()
        (state / name).chmod(0o644)
    state.chmod(0o755)
    return state


def test_a_folder_and_its_files_are_closed_and_that_is_said_once(
    opened: Path, caplog: pytest.LogCaptureFixture
) -> None:
    close_to_others(opened)
    assert {mode_of(path) for path in opened.iterdir()} == {0o600}
    assert mode_of(opened) == 0o700
    close_to_others(opened)
    assert [record.getMessage() for record in caplog.records] == ["state_folder_closed"]


def test_a_new_folder_is_closed_without_a_word(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    state.mkdir()
    (state / "monitor.lock").touch(0o600)
    state.chmod(0o755)
    close_to_others(state)
    assert mode_of(state) == 0o700
    assert not caplog.records


def test_a_folder_that_holds_a_source_stays_reachable_and_its_dumps_too(
    opened: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (opened / "in").mkdir()
    (opened / "in").chmod(0o755)  # whatever the umask is
    (opened / "config.yaml").touch()
    (opened / "config.yaml").chmod(0o644)
    close_to_others(opened, shared_with=[opened / "in"])
    assert [mode_of(opened), mode_of(opened / "in"), mode_of(opened / "config.yaml")] == [0o755, 0o755, 0o644]
    assert mode_of(opened / "monitor.lock") == 0o600
    assert [record.getMessage() for record in caplog.records] == ["state_folder_open"]


def test_a_folder_for_the_files_of_all_users_stays_one(opened: Path) -> None:
    opened.chmod(0o1777)
    close_to_others(opened)
    assert mode_of(opened) == 0o1777
    assert mode_of(opened / "monitor.db") == 0o600


def test_what_a_link_names_is_left_alone(opened: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch(0o644)
    (tmp_path / "elsewhere").chmod(0o644)
    (opened / "monitor.db.bak").symlink_to(tmp_path / "elsewhere")
    close_to_others(opened)
    assert mode_of(tmp_path / "elsewhere") == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_left_as_it_is_and_named(opened: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.chown(opened, 65534, 65534)
    close_to_others(opened)
    assert mode_of(opened) == 0o755
    assert [record.getMessage() for record in caplog.records] == ["state_folder_foreign"]


def test_a_file_system_that_takes_no_rights_is_logged_and_no_end(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    close_to_others(state / "vanished")  # the error of a chmod that a share refuses comes from the same calls
    assert [record.getMessage() for record in caplog.records] == ["state_folder_open"]
