"""Watchlists in a configuration: every mistake in a rule, with the place that is shown for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import render_diagnostics
from monitor.config.checks import check_folders, check_rules
from monitor.config.models import Example
from monitor.errors import ConfigError
from tests.config.support import HEAD, as_lines, loaded, refused

BESIDE = "in one watchlist; remove one of them"
NO_NAME = "cannot name an alias; use one word of letters and digits that is no operator"
NO_COUNT = "is not a valid count: write a whole number from 1 to 1000"


def test_a_watchlist_can_be_said_as_a_query_with_all_that_narrows_it(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        HEAD
        + """\
watchlists:
  chips:
    query: 'semiconductor* AND (U.S. OR Japan)'
    exclude: [photo news]
    on_change: added
    min_hits: 2
    tests:
      - match: "Semiconductor exports to the U.S. rose"
      - no_match: NO
aliases:
  FTA: [free trade agreement, 자유무역협정]
""",
        checks=[check_rules],
    )

    chips = config.watchlists["chips"]
    assert (chips.keywords, chips.query, chips.regex) == ((), "semiconductor* AND (U.S. OR Japan)", "")
    assert (chips.exclude, chips.on_change, chips.min_hits) == (("photo news",), "added", 2)
    assert chips.tests == (Example(match="Semiconductor exports to the U.S. rose"), Example(no_match="NO"))
    assert config.aliases == {"FTA": ("free trade agreement", "자유무역협정")}
    assert config.warnings == ()


# «: where the fault is shown
ROWS = [
    ("watchlists: {w: {keywords: [a], query: «b}}", f"watchlists.w.query: cannot be combined with keywords: {BESIDE}"),
    ("watchlists: {w: {query: b, regex: «c}}", f"watchlists.w.regex: cannot be combined with query: {BESIDE}"),
    ("watchlists: {w: {«qeury: b}}", "watchlists.w.qeury: unknown key; did you mean 'query'?"),
    ("watchlists: {w: {query: b, min_hits: «0}}", f"watchlists.w.min_hits: '0' {NO_COUNT}"),
    ("watchlists: {w: {query: b, min_hits: «two}}", f"watchlists.w.min_hits: 'two' {NO_COUNT}"),
    (
        "watchlists: {w: {query: b, on_change: «add}}",
        "watchlists.w.on_change: 'add' is not valid: write 'any', 'added' or 'newly'; did you mean 'added'?",
    ),
    (
        "watchlists: {w: {query: b, «exclude: []}}",
        'watchlists.w.exclude: needs at least one entry: write for example exclude: ["photo news"]',
    ),
    (
        "watchlists: {w: {query: b, tests: [«b]}}",
        (
            "watchlists.w.tests[0]: must have keys, not a single value: write for example "
            '- match: "a text that it must match"'
        ),
    ),
    (
        "watchlists: {w: {query: b, tests: [{«matches: b}]}}",
        "watchlists.w.tests[0].matches: unknown key; did you mean 'match'?",
    ),
    (
        "watchlists: {w: {query: b, tests: [«{match: b, no_match: c}]}}",
        "watchlists.w.tests[0]: this test has both match: and no_match:; split it into two tests",
    ),
    (
        "watchlists: {w: {query: b, tests: [«{match: }]}}",
        "watchlists.w.tests[0]: this test is empty; write match: or no_match: and a text",
    ),
    ("aliases: {F: «x}", "aliases.F: must be a list: write [x]"),
    ("aliases: {«F: []}", "aliases.F: needs at least one entry"),
]


@pytest.mark.parametrize(("row", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_misshapen_watchlist_is_refused_where_it_stands(tmp_path: Path, row: str, expected: str) -> None:
    before, _, after = row.partition("«")
    (fault,) = refused(tmp_path, HEAD + before + after + "\n")

    assert as_lines([fault]) == [f"3:{len(before) + 1} {expected}"]


QUERIES = [
    ("query: b «and c", "query: 'and' in lower case is a word; write AND, or quote the phrase"),
    ("query: '«(b OR c'", "query: this bracket is never closed; put ) where it ends"),
    ('query: "b OR «titel:c"', "query: unknown field 'titel:' — did you mean title:?"),
    ("query: b «c", "query: put AND or OR before 'c', or quote the phrase"),
    (
        "keywords: [a, «b AND c]",
        (
            "keywords[1]: keywords are literal; a rule with operators goes under query:, or write "
            "one keyword per entry (found 'AND')"
        ),
    ),
    (
        "keywords: [a]\n  exclude: [«semi*tor]",
        "exclude[0]: '*' is allowed only at the beginning or the end of a keyword; remove the others",
    ),
    (
        'query: «"b \\u0041ND"',
        "query: the query ends after AND; write the word that belongs there (column 6 of the query)",
    ),
    (
        "query: «>\n   b\n   and c",
        "query: 'and' in lower case is a word; write AND, or quote the phrase (column 3 of the query)",
    ),
]


@pytest.mark.parametrize(("row", "expected"), QUERIES, ids=[row[0] for row in QUERIES])
def test_a_rule_that_cannot_be_looked_for_is_shown_at_its_word(tmp_path: Path, row: str, expected: str) -> None:
    text = HEAD + "watchlists:\n w:\n  " + row
    before, _, after = text.partition("«")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, before + after + "\n", checks=[check_rules])

    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert as_lines(caught.value.faults) == [f"{line}:{column} watchlists.w.{expected}"]


def test_the_caret_stands_under_the_word_in_a_korean_query(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, HEAD + "watchlists: {w: {query: '반도체 수출'}}\n", checks=[check_rules])

    _, line, caret = render_diagnostics(caught.value.faults).splitlines()
    assert line == "  watchlists: {w: {query: '반도체 수출'}}"
    assert caret == " " * (2 + len("watchlists: {w: {query: '") + 7) + "^"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{F: [«F]}", "aliases.F[0]: alias F refers to itself; leave this entry out"),
        (
            "{F: [a, «'title:b']}",
            "aliases.F[1]: an alias holds words and phrases; write the field where the alias is used",
        ),
        ("{F: [«'*a']}", "aliases.F[0]: '*a' covers too many words; use 3 letters or more (2 syllables in Korean)"),
        (
            "{«AND: [a]}",
            f"aliases.AND: 'AND' {NO_NAME}",
        ),
        (
            "{«free trade: [a]}",
            f"aliases.free trade: 'free trade' {NO_NAME}",
        ),
    ],
)
def test_a_faulty_alias_is_shown_at_its_entry(tmp_path: Path, row: str, expected: str) -> None:
    before, _, after = row.partition("«")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"{HEAD}aliases: {before}{after}\nwatchlists: {{w: {{query: F}}}}\n", checks=[check_rules])

    assert as_lines(caught.value.faults) == [f"3:{len('aliases: ' + before) + 1} {expected}"]


def test_two_aliases_that_lead_to_each_other_are_both_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, HEAD + "aliases: {A: [B], B: [x, A]}\n", checks=[check_rules])

    assert as_lines(caught.value.faults) == [
        "3:15 aliases.A[0]: alias A refers to itself; leave this entry out",
        "3:26 aliases.B[1]: alias B refers to itself; leave this entry out",
    ]


def test_and_beside_or_without_brackets_warns_and_shows_how_it_was_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD + "watchlists: {w: {query: a AND b OR c}}\n", checks=[check_rules])

    assert as_lines(config.warnings) == [
        "3:25 watchlists.w.query: AND and OR are mixed without brackets; read as (a AND b) OR c"
    ]


def test_what_a_reference_put_into_a_query_is_never_shown(tmp_path: Path) -> None:
    text = HEAD + "watchlists: {w: {query: '${Q}'}, v: {query: '${R}'}}\n"
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, {"Q": "hush hush", "R": "hush AND a OR b"}, checks=[check_rules])

    assert len(caught.value.faults) == 1
    assert "hush" not in render_diagnostics(caught.value.faults)


@pytest.mark.parametrize(("files", "is_told"), [("", True), (", files: ['b-*']", True), (", files: ['a-*']", False)])
def test_a_fetching_source_whose_files_an_earlier_one_takes_is_told(tmp_path: Path, files: str, is_told: bool) -> None:
    one = "path: drops/, format: feed, fetch: {url: 'https://example.org/a.xml', every: 1h}"
    text = f"sources:\n  a: {{{one}{files}}}\n  b: {{{one}}}\nchannels: {{team: {{url: 'console://'}}}}\n"
    config = loaded(tmp_path, text, checks=[check_folders])
    told = [str(one) for one in config.warnings if "read as of source 'a', which stands first" in str(one)]
    assert bool(told) == is_told
