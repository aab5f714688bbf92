"""A changed configuration comes into force in the page's process by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from monitor.config import load_without_secrets
from monitor.config.checks import check_rules
from monitor.web.config_follower import ConfigFollower
from monitor.web.site import Site

GOOD = """\
sources: {motie: {path: seeds/}}
channels: {console: {url: "console://"}}
watchlists: {fta: {keywords: [FTA]}}
web: {users: {kim: "${file:kim}"}}
"""
LINE = f"scrypt$16384$8$1${'s' * 22}==${'h' * 43}="


class Followed:
    """A site, its follower and the files that it follows."""

    def __init__(self, folder: Path) -> None:
        self.file, self.password = folder / "config.yaml", folder / "kim"
        self.file.write_text(GOOD)
        self.password.write_text(LINE)
        load = partial(load_without_secrets, self.file, environ={}, checks=(check_rules,))
        self.site = Site(load())
        self.follower = ConfigFollower(self.site, lambda stamps: load(stamps=stamps))

    def write(self, text: str) -> None:
        replace(self.file, text)

    def check(self) -> None:
        """Let so much time pass that a file that stays as it is has been seen twice."""
        self.follower.check()
        self.follower.check()


def replace(file: Path, text: str) -> None:
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_a_changed_file_comes_into_force_as_a_whole(followed: Followed) -> None:
    before = followed.site.config
    followed.write(GOOD.replace("FTA]", "tariff]"))
    followed.check()
    assert followed.site.config.watchlists["fta"].keywords == ("tariff",)
    assert before.watchlists["fta"].keywords == ("FTA",)


def test_an_unchanged_file_is_not_read_again(followed: Followed) -> None:
    before = followed.site.config
    followed.check()
    assert followed.site.config is before


def test_a_file_that_is_still_written_waits(followed: Followed) -> None:
    followed.write(GOOD.replace("FTA]", "tariff]"))
    followed.follower.check()
    assert followed.site.config.watchlists["fta"].keywords == ("FTA",)
    followed.write(GOOD.replace("FTA]", "tariffs]"))
    followed.follower.check()
    assert followed.site.config.watchlists["fta"].keywords == ("FTA",)
    followed.follower.check()
    assert followed.site.config.watchlists["fta"].keywords == ("tariffs",)


def test_an_invalid_file_keeps_the_old_configuration_and_shows_each_fault_with_its_line(followed: Followed) -> None:
    before = followed.site.config
    followed.write(GOOD.replace("[FTA]", "[FTA], when: [nwe]") + "zzz: 1\n")
    followed.check()
    assert followed.site.config is before
    assert [(one.line, one.path, bool(one.excerpt)) for one in followed.site.faults] == [
        (3, "watchlists.fta.when[0]", True),
        (5, "zzz", True),
    ]
    followed.write(GOOD)
    followed.check()
    assert not followed.site.faults
    assert followed.site.config is not before


def test_a_rule_that_cannot_be_read_is_a_fault_of_the_file(followed: Followed) -> None:
    followed.write(GOOD.replace("keywords: [FTA]", 'query: "(FTA"'))
    followed.check()
    assert [one.path for one in followed.site.faults] == ["watchlists.fta.query"]


def test_a_file_that_is_gone_changes_nothing_and_one_that_comes_back_is_read(followed: Followed) -> None:
    before = followed.site.config
    followed.file.unlink()
    followed.check()
    assert followed.site.config is before
    assert not followed.site.faults
    followed.write(GOOD.replace("FTA]", "tariff]"))
    followed.check()
    assert followed.site.config.watchlists["fta"].keywords == ("tariff",)


def test_a_changed_password_comes_into_force_and_one_that_is_gone_does_not_lock_people_out(followed: Followed) -> None:
    replace(followed.password, LINE.replace("s" * 22, "t" * 22))
    followed.check()
    assert "t" * 22 in followed.site.config.web.users["kim"].reveal()
    followed.password.unlink()
    followed.check()
    assert not followed.site.faults
    replace(followed.password, "kim")
    followed.check()
    assert [one.path for one in followed.site.faults] == ["web.users.kim"]
    assert "t" * 22 in followed.site.config.web.users["kim"].reveal()


def test_a_removed_user_is_gone_after_the_reload(followed: Followed) -> None:
    followed.write(GOOD.replace('web: {users: {kim: "${file:kim}"}}\n', ""))
    followed.check()
    assert followed.site.config.web.users == {}
    replace(followed.password, "of nobody")
    followed.check()
    assert not followed.site.faults


def test_another_state_folder_needs_a_restart(followed: Followed) -> None:
    followed.write(f"state: elsewhere/\n{GOOD}")
    followed.check()
    assert [(one.line, one.path) for one in followed.site.faults] == [(1, "state")]
    assert followed.site.config.state.name == "state"


def test_an_error_of_the_disk_is_a_fault(followed: Followed) -> None:
    followed.file.unlink()
    followed.file.mkdir()
    followed.check()
    assert [one.message for one in followed.site.faults] == ["this is a folder: name the configuration file inside it"]
