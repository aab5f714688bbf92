"""A configuration file loads as a typed configuration, or all of its errors are reported at once."""

from __future__ import annotations

import os
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from monitor.config import Config, Diagnostics, find, load, render_diagnostics
from monitor.config.load import candidates
from monitor.config.service import Watch
from monitor.errors import ConfigError
from monitor.model import Kind, Rate
from monitor.secret import Secret
from tests.config.support import HEAD, as_lines, loaded, refused
from tests.notify.facts import digest_at, quiet_hours

SAMPLE = Path(__file__).parents[2] / "config.yaml"

FIVE_ERRORS = """\
timezone: Asia/Soul
sources:
  motie: {path: in/, max_file: 2 GB}
channels:
  팀: {urll: "slack://TokenA/TokenB", max_age: 72h}
watchlists:
  무역: {keywords: [무역, 수출], when: [new, cosmetic], notify: [팀장]}
"""

FIVE_ERRORS_RENDERED = """\
config.yaml:1:11: error: timezone: 'Asia/Soul' is not a known time zone; did you mean 'Asia/Seoul'?
  timezone: Asia/Soul
            ^
config.yaml:3:32: error: sources.motie.max_file: '2 GB' is not a valid size: write a number and a unit without a \
space, for example 500kB (units: B, kB, MB, GB)
    motie: {path: in/, max_file: 2 GB}
                                 ^
config.yaml:5:7: error: channels.팀.urll: unknown key; did you mean 'url'?
    팀: {urll: "slack://…"            , max_age: 72h}
         ^
config.yaml:7:40: error: watchlists.무역.when[1]: 'cosmetic' is recorded but never alerts: choose from new, changed, \
completed, enriched, reread, reappeared, withdrawn
    무역: {keywords: [무역, 수출], when: [new, cosmetic], notify: [팀장]}
                                               ^
config.yaml:7:60: error: watchlists.무역.notify[0]: '팀장' is not a configured channel; did you mean '팀'?
    무역: {keywords: [무역, 수출], when: [new, cosmetic], notify: [팀장]}
                                                                   ^"""


def test_all_errors_of_a_file_are_reported_in_one_pass(tmp_path: Path) -> None:
    rendered = render_diagnostics(refused(tmp_path, FIVE_ERRORS))
    assert rendered.replace(str(tmp_path / "config.yaml"), "config.yaml") == FIVE_ERRORS_RENDERED


def test_the_sample_configuration_loads_without_any_variable() -> None:
    config = load(SAMPLE, environ={})
    assert list(config.watchlists) == ["fta", "semiconductor"]
    assert config.channels["console"].url == Secret("console://")
    assert config.sources["motie"].path == SAMPLE.parent / "seeds"
    assert config.timezone == ZoneInfo("Asia/Seoul")
    assert config.warnings == ()


def test_the_commented_lines_of_the_sample_load_once_their_comment_sign_is_taken_away(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    for line in ("team:", "desk:", "notify:", "fields:", "when:", "case:", "sources: [", "recursive:"):
        assert f"# {line}" in text
        text = text.replace(f"# {line}", line)
    for line in ("board:", "  path: seeds", "  format: json", "  map:", "  base:"):
        assert f"  # {line}" in text
        text = text.replace(f"  # {line}", f"  {line}")
    text = text.replace("# watch:", "watch:").replace("#   settle", "  settle").replace("#   rescan", "  rescan")
    config = loaded(tmp_path, text, {"SLACK_URL": "slack://a/b/c/#d", "MAIL_URL": "mailtos://u:p@example.org"})
    assert list(config.channels) == ["console", "team", "desk"]
    assert config.watch.rescan == timedelta(seconds=60)


def test_what_is_not_set_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD + "watchlists: {fta: {keywords: [FTA]}}\n")
    source, channel, watchlist = config.sources["motie"], config.channels["team"], config.watchlists["fta"]
    assert (config.timezone, config.state, config.first_run) == (ZoneInfo("UTC"), tmp_path / "state", "alert")
    assert (source.path, source.files, source.encoding) == (tmp_path / "in", ("*.txt", "*.txt.gz"), "auto")
    assert (source.categories, source.format, source.timezone) == ((), "text", None)
    assert (source.as_of, source.max_record, source.max_file, source.recursive) == ("auto", 10**6, 2 * 10**9, False)
    assert (channel.max_age, channel.rate, channel.max_per_hour) == (timedelta(hours=72), None, 60)
    assert (channel.digest, channel.quiet, channel.on_uncertain, channel.html) == (None, None, "resend", "auto")
    assert (source.first_run, watchlist.urgent, config.operator.notify) == (None, False, None)
    assert watchlist.fields == ("title", "body", "category")
    assert watchlist.when == (
        Kind.NEW, Kind.CHANGED, Kind.COMPLETED, Kind.ENRICHED, Kind.REREAD, Kind.REAPPEARED, Kind.WITHDRAWN,
    )  # fmt: skip
    assert (watchlist.case, watchlist.inflect, watchlist.sources, watchlist.notify) == ("smart", True, None, None)
    assert dict(config.watch) == {
        "mode": "auto",
        "settle": timedelta(seconds=2),
        "partial_grace": timedelta(minutes=10),
        "rescan": timedelta(seconds=60),
        "ignore": (),
        "follow_symlinks": False,
    }


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "timezone: Europe/Berlin\nstate: /var/lib/monitor\nfirst_run: baseline\noperator: {notify: [c]}\n"
        "sources:\n  a: {path: /dumps, files: [a*, '*.log'], encoding: cp949, categories: [Energy], as_of: mtime,\n"
        "      max_record: 500kB, max_file: 1.5MB, recursive: Yes, first_run: alert}\n"
        "channels: {c: {url: 'json://127.0.0.1:1', max_age: 1.5h, rate: 10/min, max_per_hour: 0,\n"
        "      digest: 'mon-fri 08:30', quiet: '22:00-07:00', on_uncertain: hold, html: off}}\n"
        "watchlists: {w: {keywords: [x], fields: [title], when: [new, withdrawn], case: exact, inflect: off,\n"
        "      sources: [a], notify: [c], urgent: yes}}\n"
        "watch: {mode: poll, settle: 0s, partial_grace: 1d, rescan: 500ms, ignore: ['~*'], follow_symlinks: on}\n",
    )
    source, watchlist, watch = config.sources["a"], config.watchlists["w"], config.watch
    assert (config.timezone, config.state) == (ZoneInfo("Europe/Berlin"), Path("/var/lib/monitor"))
    assert (source.path, source.files, source.encoding) == (Path("/dumps"), ("a*", "*.log"), "cp949")
    assert (source.max_record, source.max_file, source.recursive) == (500_000, 1_500_000, True)
    channel = config.channels["c"]
    assert (channel.max_age, channel.rate, channel.max_per_hour) == (timedelta(minutes=90), Rate(per_second=10 / 60), 0)
    assert channel.digest == digest_at(time(8, 30), days=frozenset(range(5)))
    assert channel.quiet == quiet_hours(time(22), time(7))
    assert (channel.on_uncertain, channel.html, watchlist.urgent) == ("hold", "off", True)
    assert (config.first_run, source.first_run, config.operator.notify) == ("baseline", "alert", ("c",))
    assert (watchlist.fields, watchlist.when) == (("title",), (Kind.NEW, Kind.WITHDRAWN))
    assert (watchlist.case, watchlist.inflect, watchlist.sources, watchlist.notify) == ("exact", False, ("a",), ("c",))
    assert (watch.mode, watch.settle, watch.rescan) == ("poll", timedelta(), timedelta(milliseconds=500))
    assert (watch.partial_grace, watch.ignore, watch.follow_symlinks) == (timedelta(days=1), ("~*",), True)


def test_words_that_yaml_would_turn_into_other_things_stay_keywords(tmp_path: Path) -> None:
    words = ["NO", "232", "12:30", "on", "2024-07-01", "null", "~", "1e3", "0x1F", "true", "1_000", "무역", "한-미 FTA"]
    config = loaded(tmp_path, HEAD + f"watchlists: {{w: {{keywords: [{', '.join(words)}]}}}}\n")
    assert list(config.watchlists["w"].keywords) == words


def test_an_alias_says_again_what_its_anchor_says(tmp_path: Path) -> None:
    text = (
        "watchlists:\n  a: {keywords: &words [NO, 12:30], when: [&kind new]}\n"
        "  b: {keywords: *words, when: [*kind], exclude: [&words x]}\n  c: {keywords: [*words]}\n"
    )
    config = loaded(tmp_path, HEAD + text)
    a, b, c = config.watchlists.values()
    assert (a.keywords, a.when) == (b.keywords, b.when) == (("NO", "12:30"), (Kind.NEW,))
    assert c.keywords == ("x",), "an anchor that stands twice counts from where it stands"
    assert config.origin("watchlists.b.keywords[1]") == config.origin("watchlists.a.keywords[1]") == (4, 29)


def test_merged_keys_are_a_tables_own_except_where_it_has_them_itself(tmp_path: Path) -> None:
    text = (
        "watchlists:\n  a: &a {keywords: [FTA], case: exact, inflect: no}\n  b: &b {case: ignore, query: tariff}\n"
        "  one: {case: smart, <<: *a}\n"
        "  several: {<<: [*b, {min_hits: 2, query: duty}, &c {urgent: yes, <<: {on_change: newly}}]}\n"
        "  last: {<<: *c, keywords: [steel]}\n"
    )
    config = loaded(tmp_path, HEAD + text)
    one, several, last = (config.watchlists[name] for name in ("one", "several", "last"))
    assert (one.keywords, one.case, one.inflect) == (("FTA",), "smart", False)
    assert (several.case, several.query, several.min_hits, several.urgent) == ("ignore", "tariff", 2, True)
    assert (last.urgent, last.on_change, last.keywords) == (True, "newly", ("steel",))
    assert config.origin("watchlists.one.inflect") == (4, 49)


def test_korean_names_and_words_are_names_and_words(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "sources: {산업부: {path: 자료/}}\nchannels: {팀-1: {url: 'console://'}}\n"
        "watchlists: {무역.수출_1: {keywords: [무역], sources: [산업부], notify: [팀-1]}}\n",
    )
    assert config.sources["산업부"].path == tmp_path / "자료"
    assert config.watchlists["무역.수출_1"].notify == ("팀-1",)


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL", '"${EMPTY}"', "${UNSET:-}"])
def test_an_optional_key_without_a_value_is_not_set(tmp_path: Path, nothing: str) -> None:
    config = loaded(
        tmp_path,
        HEAD + f"timezone: {nothing}\nstate: {nothing}\nwatch: {nothing if '$' not in nothing else '~'}\n"
        f"watchlists:\n  w:\n    keywords: [x]\n    notify: {nothing}\n",
        {"EMPTY": ""},
    )
    assert (config.timezone, config.state, config.watch) == (ZoneInfo("UTC"), tmp_path / "state", Watch())
    assert config.watchlists["w"].notify is None


def test_an_empty_notify_list_means_record_only(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD + "watchlists: {w: {keywords: [x], notify: []}}\n").watchlists["w"].notify == ()


def test_watchlists_may_be_left_out(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD).watchlists == {}


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    config = loaded(tmp_path, b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert config.origin("channels.team.url") == (2, 24)


def test_a_configuration_is_frozen(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD)
    with pytest.raises(ValidationError):
        config.first_run = "alert"


def test_a_configuration_knows_its_file_and_where_everything_stands(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, HEAD + "watchlists:\n  fta:\n    keywords: [FTA, ${X:-y}]\n".replace("${X:-y}", '"${X:-y}"')
    )
    assert config.file == tmp_path / "config.yaml"
    assert config.origin("watchlists.fta") == (4, 3)
    assert config.origin("watchlists.fta.keywords") == (5, 5)
    assert config.origin("watchlists.fta.keywords[0]") == (5, 16)
    assert config.origin("timezone") == (0, 0)
    assert config.is_interpolated("watchlists.fta.keywords[1]")
    assert not config.is_interpolated("watchlists.fta.keywords[0]")


def test_configurations_that_say_the_same_are_equal_wherever_they_stand(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD) == loaded(tmp_path, "# a comment\n" + HEAD)
    assert loaded(tmp_path, HEAD) != loaded(tmp_path, HEAD + "state: other/\n")


def test_a_relative_file_path_is_shown_as_given_and_kept_absolute(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(HEAD, encoding="utf-8")
    relative = Path(os.path.relpath(tmp_path / "config.yaml"))
    assert load(relative, environ={}).file.is_absolute()
    (tmp_path / "config.yaml").write_text(f"{HEAD}watch: [1", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(relative, environ={})
    assert caught.value.where == f"{relative}:3:8"


# --- files that cannot be read -----------------------------------------------------------------------------------


def test_a_missing_file_a_folder_and_an_impossible_name_are_faults(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.yaml", "this file does not exist: name another one with --config FILE or MONITOR_CONFIG"),
        (tmp_path, "this is a folder: name the configuration file inside it"),
        (tmp_path / ("x" * 300), "this file cannot be read: File name too long"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(path, environ={})
        assert as_lines(caught.value.faults) == [f"0:0 {message}"]
        assert caught.value.where == str(path)


def test_bytes_that_are_not_utf8_are_shown_where_they_stand(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, "a: 1\n무역: ".encode() + b"\xb9\xab")
    assert as_lines([fault]) == ["2:5 the byte 0xb9 is not UTF-8: save the file as UTF-8"]


def test_a_file_far_too_large_is_not_read_on(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, b"#" * 1_000_001)
    assert fault.message == "this file is larger than 1000000 bytes: name a configuration file"


# --- folders inside each other -----------------------------------------------------------------------------------


def test_a_configuration_in_a_watched_folder_is_refused(tmp_path: Path) -> None:
    faults = refused(tmp_path, "sources: {a: {path: .}}\nchannels: {c: {url: 'console://'}}\nstate: /elsewhere\n")
    assert as_lines(faults) == [
        "1:21 sources.a.path: this folder contains the configuration file: use a separate folder for dumps"
    ]


def test_a_link_does_not_hide_that_the_state_lies_in_a_watched_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert [fault.path for fault in refused(tmp_path, HEAD + "state: link/deep/\n")] == ["state"]


def test_a_watched_folder_beside_the_state_with_a_like_name_is_fine(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD + "state: in-state/\n").state == tmp_path / "in-state"


# --- checks that others add --------------------------------------------------------------------------------------


def test_a_check_can_warn_at_a_dotted_path(tmp_path: Path) -> None:
    def lint(config: Config, diagnostics: Diagnostics) -> None:
        assert config.watchlists["fta"].keywords == ("FTA",)
        diagnostics.warning("watchlists.fta.keywords[0]", "is short")
        diagnostics.warning("channels.team.max_age", "is a default")

    config = loaded(tmp_path, HEAD + "watchlists: {fta: {keywords: [FTA]}}\n", checks=[lint])
    assert as_lines(config.warnings) == [
        "2:12 channels.team.max_age: is a default",
        "3:31 watchlists.fta.keywords[0]: is short",
    ]
    assert {fault.severity for fault in config.warnings} == {"warning"}
    assert config.warnings[1].excerpt == "watchlists: {fta: {keywords: [FTA]}}"


def test_a_monitor_of_a_shared_store_may_lack_what_another_one_has(tmp_path: Path) -> None:
    rules = "watchlists: {w: {keywords: [FTA], notify: [mail, taem], sources: [busan]}}\noperator: {notify: [mail]}\n"
    names = [line.partition(" ")[2] for line in as_lines(refused(tmp_path, HEAD + rules))]
    assert len(names) == 4
    config = loaded(tmp_path, f"{HEAD}{rules}store: postgresql://db/monitor\n")
    other = "another one of the store must have it"
    assert [line.partition(" ")[2] for line in as_lines(config.warnings)] == [
        f"watchlists.w.notify[0]: 'mail' is no channel of this monitor; {other}",
        f"watchlists.w.notify[1]: 'taem' is no channel of this monitor; {other}; did you mean 'team'?",
        f"watchlists.w.sources[0]: 'busan' is no source of this monitor; {other}",
        f"operator.notify[0]: 'mail' is no channel of this monitor; {other}",
    ]


def test_an_error_of_a_check_refuses_the_configuration_and_stands_before_warnings(tmp_path: Path) -> None:
    def lint(_: Config, diagnostics: Diagnostics) -> None:
        diagnostics.warning("sources.motie.path", "is odd")
        diagnostics.error("nowhere.at.all", "is wrong")

    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, HEAD, checks=[lint])
    assert as_lines(caught.value.faults) == ["1:1 nowhere.at.all: is wrong", "1:25 sources.motie.path: is odd"]


def test_a_check_sees_what_is_valid_of_a_configuration_with_faults(tmp_path: Path) -> None:
    seen: list[Config] = []
    text = "sources: {}\nchannels: {team: {url: x, rate: 2/s}, b d: {url: 'a://', rate: many}}\n"
    with pytest.raises(ConfigError):
        loaded(tmp_path, text, checks=[lambda config, _: seen.append(config)])
    (config,) = seen
    assert (dict(config.sources), list(config.channels)) == ({}, ["team", "b d"])
    assert (config.channels["team"].rate, config.channels["b d"].rate) == (Rate(per_second=2), None)
    assert config.channels["team"].url == Secret("…")


# --- which file --------------------------------------------------------------------------------------------------


def test_the_file_named_wins_then_the_variable_then_the_first_candidate(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    user = home / ".config/monitor/config.yaml"
    user.parent.mkdir(parents=True)
    here.mkdir()
    environ = {"HOME": str(home), "MONITOR_CONFIG": "from/variable.yaml"}
    user.touch()
    assert find(Path("named.yaml"), environ, here=here) == Path("named.yaml")
    assert find(None, environ, here=here) == Path("from/variable.yaml")
    assert find(None, environ | {"MONITOR_CONFIG": ""}, here=here) == user
    (here / "config.yaml").touch()
    assert find(None, {"HOME": str(home)}, here=here) == here / "config.yaml"


@pytest.mark.parametrize(
    ("environ", "user"),
    [
        ({"HOME": "/home/u"}, ["/home/u/.config/monitor/config.yaml"]),
        ({"HOME": "/home/u", "XDG_CONFIG_HOME": "/x"}, ["/x/monitor/config.yaml"]),
        ({"HOME": "/home/u", "XDG_CONFIG_HOME": "relative"}, ["/home/u/.config/monitor/config.yaml"]),
        ({}, []),
    ],
)
def test_candidates_are_here_the_users_and_the_machines(environ: dict[str, str], user: list[str]) -> None:
    assert [str(path) for path in candidates(environ)] == ["config.yaml", *user, "/etc/monitor/config.yaml"]


def test_where_nothing_is_found_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find(None, {"HOME": str(tmp_path / "home")}, here=tmp_path)
    (fault,) = caught.value.faults
    assert fault.line == 0
    assert fault.message == (
        f"no configuration found (searched: {tmp_path}/config.yaml, {tmp_path}/home/.config/monitor/config.yaml, "
        "/etc/monitor/config.yaml): write one with `monitor config init`, "
        "or name one with --config FILE or MONITOR_CONFIG"
    )
