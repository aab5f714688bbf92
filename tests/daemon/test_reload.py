"""A configuration file that changes, seen from inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.daemon.bootstrap import open_runtime
from monitor.daemon.operator_alerts import OperatorAlerts
from monitor.daemon.reload import ConfigReloader
from monitor.errors import MonitorError
from monitor.testing import FrozenClock, MemoryOutbox
from tests.collect.watching.test_supervisor import no_descriptors

TEXT = "sources: {motie: {path: seeds/}}\nchannels: {hook: {url: 'console://'}}\nwatchlists: {fta: {keywords: [FTA]}}\n"


def renewal_of(config: Config) -> ConfigReloader[Config]:
    operator = OperatorAlerts(channels=("hook",), outbox=MemoryOutbox(), clock=FrozenClock())
    return ConfigReloader(config, lambda config: config, operator)


def test_a_change_counts_once_it_is_the_same_in_two_looks(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    reloader = renewal_of(load(file, environ={}))
    assert not reloader.has_changed()
    file.write_text(f"{TEXT}timezone: Asia/Seoul\n", "utf-8")
    assert [reloader.has_changed(), reloader.has_changed()] == [False, True]
    assert reloader.reload()
    assert reloader.next is not None
    assert reloader.next.timezone.key == "Asia/Seoul"
    assert not reloader.has_changed()


def test_a_change_while_the_last_one_is_taken_into_use_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    first = renewal_of(load(file, environ={}))
    file.write_text(f"{TEXT}timezone: Asia/Seoul\n", "utf-8")
    assert first.reload()
    file.write_text(f"{TEXT}timezone: Europe/Berlin\n", "utf-8")  # the threads of the old one are ending
    assert first.next is not None
    second = renewal_of(first.next)
    assert [second.has_changed(), second.has_changed()] == [False, True]


def test_a_change_between_the_first_reading_and_the_start_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    config = load(file, environ={})
    file.write_text(f"{TEXT}timezone: Asia/Seoul\n", "utf-8")
    reloader = renewal_of(config)
    assert [reloader.has_changed(), reloader.has_changed()] == [False, True]


SECRET = TEXT.replace("'console://'", "'${file:secret}'")


def test_a_file_that_a_value_comes_from_is_watched_as_the_configuration_is(tmp_path: Path) -> None:
    file, secret = tmp_path / "config.yaml", tmp_path / "secret"
    file.write_text(SECRET, "utf-8")
    secret.write_text("json://127.0.0.1/old", "utf-8")
    reloader = renewal_of(load(file, environ={}))
    assert reloader.reads_files
    secret.unlink()
    assert [reloader.has_changed(), reloader.has_changed()] == [False, False], "it may be about to be replaced"
    secret.write_text("json://127.0.0.1/anew", "utf-8")
    assert [reloader.has_changed(), reloader.has_changed()] == [False, True]
    assert reloader.reload()
    assert reloader.next is not None
    assert reloader.next.channels["hook"].url.reveal() == "json://127.0.0.1/anew"
    assert not reloader.has_changed()


def test_a_file_that_was_missing_is_read_once_it_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, secret = tmp_path / "config.yaml", tmp_path / "secret"
    file.write_text(TEXT, "utf-8")
    reloader = renewal_of(load(file, environ={}))
    assert not reloader.reads_files
    file.write_text(SECRET, "utf-8")
    assert not reloader.reload()
    assert not reloader.has_changed()
    secret.write_text("json://127.0.0.1/CANARY", "utf-8")
    assert [reloader.has_changed(), reloader.has_changed(), reloader.reload()] == [False, True, True]
    assert "CANARY" not in str([vars(record) for record in caplog.records])


def test_a_credential_is_watched_and_a_default_that_looks_like_a_file_is_not(tmp_path: Path) -> None:
    file, folder = tmp_path / "config.yaml", tmp_path / "credentials"
    folder.mkdir()
    (folder / "hook").write_text("console://", "utf-8")
    text = TEXT.replace("'console://'", "'${credential:hook}'") + "timezone: ${file:-UTC}\n"
    file.write_text(text, "utf-8")
    config = load(file, environ={"CREDENTIALS_DIRECTORY": str(folder)})
    assert list(config.stamps) == [file, folder / "hook"]


def test_why_a_change_was_refused_is_kept_until_one_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    reloader = renewal_of(load(file, environ={}))
    assert reloader.rejection == ""
    file.write_text(TEXT.replace("seeds/", "7: 8"), "utf-8")
    assert not reloader.reload()
    assert str(file) in reloader.rejection
    file.write_text(TEXT, "utf-8")
    assert reloader.reload()
    assert reloader.next is not None
    assert renewal_of(reloader.next).rejection == ""


def test_the_operator_hears_of_a_refusal_and_of_its_end_and_of_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    reloader = renewal_of(load(file, environ={}))
    for text in (TEXT, TEXT.replace("seeds/", "7: 8"), TEXT):
        file.write_text(text, "utf-8")
        reloader.reload()
    told = [vars(line)["fields"]["what"] for line in caplog.records if line.getMessage() == "operator_told"]
    assert told == ["the changed configuration cannot be used", "the configuration can be used again"]


def test_a_channel_of_no_service_does_not_replace_one_that_works(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(TEXT, "utf-8")
    reloader = renewal_of(load(file, environ={}))
    file.write_text(TEXT.replace("console://", "jsn://127.0.0.1/"), "utf-8")
    assert not reloader.reload()
    assert "no service is called jsn://" in reloader.rejection


def test_a_change_that_asks_for_events_where_there_are_none_is_refused_while_all_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    (tmp_path / "seeds").mkdir()
    file.write_text(TEXT, "utf-8")
    with open_runtime(load(file, environ={}), verb="run") as runtime:
        file.write_text(f"{TEXT}watch: {{mode: events}}\n", "utf-8")
        changed = load(file, environ={})
        assert runtime.rebuilt_for(changed).config == changed
        with pytest.raises(MonitorError, match=r"set watch\.mode to auto"), no_descriptors():
            runtime.rebuilt_for(changed)
