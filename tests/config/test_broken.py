"""Broken configurations → the exact place and sentence each is refused with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from monitor.config import Source
from monitor.config.diagnostics import Diagnostics
from monitor.config.models import sections
from monitor.config.yaml_tree import LOADER, read
from monitor.errors import ConfigError
from tests.config.support import as_lines, refused

WHEN = "new, changed, completed, enriched, reappeared, withdrawn"
UNSUPPORTED = "is not supported here; put a value in quotes, or write out what it stands for"
NO_ANCHOR = "no complete value above has the anchor this alias names; a value that begins with '*' needs quotes"
ONE_VALUE = "takes keys of its own, not one value; write for instance"
NO_MERGE = "takes the keys to merge, as in <<: *name, or a list of them"
NO_NAME = (
    "cannot be a name; begin with a letter, a digit or a Hangul syllable and go on with letters, digits, "
    "'.', '_' or '-', at most 64 characters"
)
NO_DURATION = "is no duration; write a number and one of ms s m h d w without a blank, such as 90s or 1.5h"
NO_TIME = "is no time at all; write a duration above zero"
NO_SIZE = "is no size; write a number and one of B kB MB GB without a blank, such as 500kB (1000 B)"
NO_URL = "is no channel URL; it must look like scheme://… without blanks, for instance console://"
NO_FLAG = "is neither true nor false; write one of them"
NO_WORD = "is empty; write a word, or leave the entry out"
NO_CODEC = "is no text encoding; write auto, utf-8, cp949 or the like"
NO_ZONE = "is no time zone; write a name such as Asia/Seoul or UTC"
NO_GLOB = "holds a '/'; a pattern fits the file's name alone"
NO_LIST = "takes keys of its own, not a list; write for instance"
TOO_LARGE = "this is not valid YAML: an escape or a directive names a number that cannot be"
SOURCE_KEYS = f"the keys here are {', '.join(Source.model_fields)}"
NO_WAY = "is missing; write for instance keywords: [FTA], or a query: or a regex:"
CHANNEL_KEYS = "the keys here are url, max_age, rate, max_per_hour, digest, quiet, on_uncertain, html"
NO_RATE = "is no rate; write a number and /s, /min or /h without a blank, such as 1/s or 10/min"
NO_DIGEST = 'is no digest time; write "08:30", or days before it such as "mon-fri 08:30"'
NO_TIME_OF_DAY = "holds no time of day; write hours and minutes, from 00:00 to 23:59"
NO_DAY = "holds a day that is none; write mon, tue, wed, thu, fri, sat, sun"
NO_QUIET = 'is no span of quiet hours; write two times such as "22:00-07:00"'
NO_PEACE = "holds the same time twice; write two different times, or leave quiet: out"
NO_WEB = "is no web address; it must look like https://… without blanks and in plain ASCII"
NO_LIMIT = "is no limit; write a whole number, 0 for no limit"
TOO_LONG = "is too long; no calendar reaches that far"
TOP_KEYS = (
    "the keys here are timezone, state, first_run, sources, channels, watchlists, aliases, watch, operator, health, "
    "heartbeat, retention"
)
STATE_INSIDE = "the state folder lies in the folder of source 'm'; keep them apart"

BAD_RATES = ("1", "1/d", "0/s", "-1/s", "1 / s", "ten/min")
BAD_DIGESTS = {
    "8.30": NO_DIGEST,
    "": NO_DIGEST,
    "08:30 mon": NO_DIGEST,
    "daily 08:30": NO_DAY,
    "mon-friday 08:30": NO_DAY,
    "mon, 08:30": NO_DAY,
    "24:00": NO_TIME_OF_DAY,
    "mon 08:60": NO_TIME_OF_DAY,
}
BAD_QUIET = {
    "22:00": NO_QUIET,
    "": NO_QUIET,
    "22-07": NO_TIME_OF_DAY,
    "22:00-25:00": NO_TIME_OF_DAY,
    "mon 22:00-07:00": NO_TIME_OF_DAY,
    "22:00-22:00": NO_PEACE,
    "9:00-09:00": NO_PEACE,
}

TOO_MANY = "aliases up to here stand for more than 100000 values; this cannot be a configuration"
DEEP = "".join(f"{here}: &{here} [*{above}]\n" for above, here in pairwise("abcdefghijklmn"))
LAUGHS = "".join(f"{here}: &{here} [{', '.join([f'*{above}'] * 10)}]\n" for above, here in pairwise("abcdefghi"))

# Each row: a text with « before the spot that the fault shows, and what it says there. Sections a row does not
# speak of are added below it.
BROKEN = [
    # keys
    ("«statee: x", "statee: unknown key; did you mean 'state'?"),
    ("«zzz: x", f"zzz: unknown key; {TOP_KEYS}"),
    ("«zzz:", f"zzz: unknown key; {TOP_KEYS}"),
    ("«'[key]': x", f"[key]: unknown key; {TOP_KEYS}"),
    ("sources: {m: {path: in/, «'[key]': x}}", f"sources.m.[key]: unknown key; {SOURCE_KEYS}"),
    ("watch: {«setle: 2s}", "watch.setle: unknown key; did you mean 'settle'?"),
    ("sources: {m: {path: in/, «Path: x}}", "sources.m.Path: unknown key; did you mean 'path'?"),
    ("sources: {m: {«Path: x}}", "sources.m.Path: unknown key; did you mean 'path'?"),
    ("channels: {c: {url: a://, «rates: 1}}", "channels.c.rates: unknown key; did you mean 'rate'?"),
    ("channels: {c: {url: a://, «zzz: 1}}", f"channels.c.zzz: unknown key; {CHANNEL_KEYS}"),
    ("«operators: {notify: [c]}", "operators: unknown key; did you mean 'operator'?"),
    ("watchlists: {w: {«keyword: x}}", "watchlists.w.keyword: unknown key; did you mean 'keywords'?"),
    ("state: a\n«state: b", "state: this key stands here twice, first in line 1; keep one"),
    ("channels: {c: {url: a://}, «c: {}}", "channels.c: this key stands here twice, first in line 1; keep one"),
    # what is not there
    ("«sources:", "sources: has no value; write for instance sources: {motie: {path: seeds/}}"),
    ("«sources: {}", "sources: needs at least one entry; write for instance sources: {motie: {path: seeds/}}"),
    ("«channels: []", f'channels: {NO_LIST} channels: {{console: {{url: "console://"}}}}'),
    ("sources: {«m: {encoding: auto}}", "sources.m.path: is missing; write for instance path: seeds/"),
    ("sources: {m: {«path: }}", "sources.m.path: has no value; write for instance path: seeds/"),
    ("channels: {«c: {max_age: 1h}}", 'channels.c.url: is missing; write for instance url: "console://"'),
    (
        "watchlists: {«w: }",
        "watchlists.w.keywords: is missing; write for instance keywords: [FTA], or a query: or a regex:",
    ),
    # forms
    ("watch: «auto", "watch: takes keys of its own, not one value; write for instance watch: {mode: auto}"),
    ("watchlists: {«w: [FTA]}", f"watchlists.w: {NO_LIST} w: {{keywords: [FTA]}}"),
    ("watchlists: {w: {keywords: «FTA}}", "watchlists.w.keywords: takes a list; write [FTA]"),
    ("watchlists: {w: {keywords: «'a]'}}", 'watchlists.w.keywords: takes a list; write ["a]"]'),
    ("watchlists: {w: {keywords: «'${X:-a}'}}", 'watchlists.w.keywords: takes a list; write ["${X:-a}"]'),
    ("watchlists: {w: {«keywords: {a: b}}}", "watchlists.w.keywords: takes a list such as [first, second], not keys"),
    (
        "watchlists: {w: {keywords: [«[a]]}}",
        "watchlists.w.keywords[0]: takes one value, not a list; write a",
    ),
    ("«timezone: [UTC]", "timezone: takes one value, not a list; write UTC"),
    ("«state: [a, b]", "state: takes one value, not a list"),
    ("watch: {«settle: {a: b}}", "watch.settle: takes one value, not keys"),
    ("sources: {m: {path: in/, «recursive: [yes]}}", "sources.m.recursive: takes one value, not a list; write yes"),
    ("channels: {c: {«url: [a://b]}}", "channels.c.url: takes one value, not a list"),
    # values
    ("timezone: «Asia/Soul", "timezone: 'Asia/Soul' is no time zone; did you mean 'Asia/Seoul'?"),
    ("timezone: «seoul", "timezone: 'seoul' is no time zone; did you mean 'Asia/Seoul'?"),
    ("timezone: «Asia", f"timezone: 'Asia' {NO_ZONE}"),
    ("timezone: «../UTC", f"timezone: '../UTC' {NO_ZONE}"),
    ("state: «~/x", "state: '~/x' begins with '~', which is not replaced here; write ${HOME}/… or the whole path"),
    ("state: «''", "state: '' is empty; write the path of a folder"),
    ('state: «"a\\0b"', "state: 'a\\x00b' holds a NUL character, which no path can"),
    ("sources: {m: {path: in/, files: [«a/b]}}", f"sources.m.files[0]: 'a/b' {NO_GLOB}"),
    (
        "sources: {m: {path: in/, files: [«'']}}",
        "sources.m.files[0]: '' is empty; write a pattern such as \"*.txt\"",
    ),
    ("sources: {m: {path: in/, «files: []}}", "sources.m.files: needs at least one entry"),
    ("sources: {m: {path: in/, encoding: «utf-9}}", f"sources.m.encoding: 'utf-9' {NO_CODEC}"),
    ("sources: {m: {path: in/, encoding: «hex}}", f"sources.m.encoding: 'hex' {NO_CODEC}"),
    ("sources: {m: {path: in/, categories: [«' ']}}", f"sources.m.categories[0]: ' ' {NO_WORD}"),
    (
        "sources: {m: {path: in/, as_of: «newest}}",
        "sources.m.as_of: 'newest' is not 'auto', 'filename', 'newest_date' or 'mtime'; did you mean 'newest_date'?",
    ),
    ("sources: {m: {path: in/, max_file: «2GiB}}", f"sources.m.max_file: '2GiB' {NO_SIZE}"),
    (
        "sources: {m: {path: in/, max_record: «0MB}}",
        "sources.m.max_record: '0MB' is no size; it must be at least 1B",
    ),
    ("sources: {m: {path: in/, recursive: «1}}", f"sources.m.recursive: '1' {NO_FLAG}"),
    ("sources: {m: {path: in/, first_run: «never}}", "sources.m.first_run: 'never' is not 'alert' or 'baseline'"),
    ("first_run: «basline", "first_run: 'basline' is not 'alert' or 'baseline'; did you mean 'baseline'?"),
    ("channels: {c: {url: «token}}", f"channels.c.url: '…' {NO_URL}"),
    ("channels: {c: {url: «'slack://a b'}}", f"channels.c.url: 'slack://…' {NO_URL}"),
    ("channels: {c: {url: «'${X:-token}'}}", f"channels.c.url: '…' {NO_URL}"),
    ("channels: {c: {url: a://, max_age: «3 days}}", f"channels.c.max_age: '3 days' {NO_DURATION}"),
    ("channels: {c: {url: a://, max_age: «0h}}", f"channels.c.max_age: '0h' {NO_TIME}"),
    (
        "channels: {c: {url: a://, max_age: «999999999999w}}",
        f"channels.c.max_age: '999999999999w' {TOO_LONG}",
    ),
    ("channels: {c: {url: a://, max_age: «99999w}}", f"channels.c.max_age: '99999w' {TOO_LONG}"),
    # how channels want to be told
    *((f"channels: {{c: {{url: a://, rate: «{bad}}}}}", f"channels.c.rate: '{bad}' {NO_RATE}") for bad in BAD_RATES),
    *(
        (f"channels: {{c: {{url: a://, max_per_hour: «{bad}}}}}", f"channels.c.max_per_hour: '{bad}' {NO_LIMIT}")
        for bad in ("-1", "many", "1.5", "100000")
    ),
    *(
        (f"channels: {{c: {{url: a://, digest: «'{bad}'}}}}", f"channels.c.digest: '{bad}' {why}")
        for bad, why in BAD_DIGESTS.items()
    ),
    *(
        (f"channels: {{c: {{url: a://, quiet: «'{bad}'}}}}", f"channels.c.quiet: '{bad}' {why}")
        for bad, why in BAD_QUIET.items()
    ),
    (
        "channels: {c: {url: a://, on_uncertain: «resent}}",
        "channels.c.on_uncertain: 'resent' is not 'resend' or 'hold'; did you mean 'resend'?",
    ),
    ("channels: {c: {url: a://, html: «yes}}", "channels.c.html: 'yes' is not 'auto', 'on' or 'off'"),
    ("watchlists: {w: {keywords: [a], urgent: «very}}", f"watchlists.w.urgent: 'very' {NO_FLAG}"),
    ("watch: {rescan: «0s}", f"watch.rescan: '0s' {NO_TIME}"),
    ("watch: {mode: «polling}", "watch.mode: 'polling' is not 'auto', 'events' or 'poll'; did you mean 'poll'?"),
    ("watch: {ignore: [«a/b]}", f"watch.ignore[0]: 'a/b' {NO_GLOB}"),
    (
        "watchlists: {w: {«keywords: []}}",
        "watchlists.w.keywords: needs at least one entry; write for instance keywords: [FTA]",
    ),
    ("watchlists: {w: {keywords: [a, «'']}}", f"watchlists.w.keywords[1]: '' {NO_WORD}"),
    (
        "watchlists: {w: {keywords: [a], fields: [«titel]}}",
        "watchlists.w.fields[0]: 'titel' is not 'title', 'body' or 'category'; did you mean 'title'?",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [new, «stale]}}",
        f"watchlists.w.when[1]: 'stale' is recorded and never alerts; choose from {WHEN}",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [«chnged]}}",
        "watchlists.w.when[0]: 'chnged' is no kind of event; did you mean 'changed'?",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [«xyz]}}",
        f"watchlists.w.when[0]: 'xyz' is no kind of event; choose from {WHEN}",
    ),
    ("watchlists: {w: {keywords: [a], «when: []}}", "watchlists.w.when: needs at least one entry"),
    (
        "watchlists: {w: {keywords: [a], case: «loud}}",
        "watchlists.w.case: 'loud' is not 'smart', 'ignore' or 'exact'",
    ),
    ("watchlists: {w: {keywords: [a], inflect: «maybe}}", f"watchlists.w.inflect: 'maybe' {NO_FLAG}"),
    # names
    ("watchlists: {«_x: {keywords: [a]}}", f"watchlists._x: '_x' {NO_NAME}"),
    ('watchlists: {«"a\\ab": {keywords: [a]}}', f"watchlists.a\\x07b: 'a\\x07b' {NO_NAME}"),
    (f"watchlists: {{«{'x' * 65}: {{keywords: [a]}}}}", f"watchlists.{'x' * 65}: '{'x' * 60}…' {NO_NAME}"),
    ("sources: {«a b: {path: in/}}", f"sources.a b: 'a b' {NO_NAME}"),
    ("channels: {«a/b: {url: a://}}", f"channels.a/b: 'a/b' {NO_NAME}"),
    ("watchlists: {w: {keywords: [a], notify: [«x]}}", "watchlists.w.notify[0]: 'x' names no channel; there is c"),
    (
        "watchlists: {w: {keywords: [a], notify: [«taem]}}\nchannels: {team: {url: a://}}",
        "watchlists.w.notify[0]: 'taem' names no channel; did you mean 'team'?",
    ),
    ("operator: {notify: [«x]}", "operator.notify[0]: 'x' names no channel; there is c"),
    (
        "operator: {notify: [c, «taem]}\nchannels: {c: {url: a://}, team: {url: a://}}",
        "operator.notify[1]: 'taem' names no channel; did you mean 'team'?",
    ),
    ("operator: {«notfy: [c]}", "operator.notfy: unknown key; did you mean 'notify'?"),
    ("operator: {notify: «c}", "operator.notify: takes a list; write [c]"),
    ("watchlists: {w: {keywords: [a], sources: [«x]}}", "watchlists.w.sources[0]: 'x' names no source; there is m"),
    ("watchlists: {w: {keywords: [a], «sources: []}}", "watchlists.w.sources: needs at least one entry"),
    (
        "watchlists: {«c: {keywords: [a]}}",
        "watchlists.c: a channel has this name too, and commands take either by name; rename one",
    ),
    (
        "health: {listen: «9877}",
        "health.listen: '9877' is no address to listen on; write 127.0.0.1:9877, [::1]:9877 or off",
    ),
    ("heartbeat: {url: «hc-ping.com/1}", f"heartbeat.url: '…' {NO_WEB}"),
    ("heartbeat: {url: «ftp://hc-ping.com/1}", f"heartbeat.url: 'ftp://…' {NO_WEB}"),
    ("heartbeat: {url: «'https://hc-ping.com/한'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {url: «'https:///token'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {url: «'https://h:99999/token'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {every: «0s}", "heartbeat.every: '0s' is no time at all; write a duration above zero"),
    ("aliases: «us", "aliases: takes keys of its own, not one value; write for instance aliases: {us: [America]}"),
    ("«aliases: [us]", "aliases: takes keys of its own, not a list; write for instance aliases: {us: [America]}"),
    (
        "sources: {m: {path: in/, listings: «press}}",
        f'sources.m.listings: {ONE_VALUE} listings: {{press: ["press_*.txt"]}}',
    ),
    ("health: {«lisen: off}", "health.lisen: unknown key; did you mean 'listen'?"),
    (
        "health: «on",
        "health: takes keys of its own, not one value; write for instance health: {listen: 127.0.0.1:9877}",
    ),
    # folders
    ("state: «in/state", f"state: {STATE_INSIDE}"),
    ("state: «x/../in", f"state: {STATE_INSIDE}"),
    ("sources: {m: {path: «state/}}", f"sources.m.path: {STATE_INSIDE}"),
    # names that a source had before
    (
        "sources: {m: {path: in/, was: [«n]}, n: {path: on/}}",
        "sources.m.was[0]: 'n' is a source of its own here; a renamed source stands here once",
    ),
    (
        "sources: {m: {path: in/, was: [k]}, n: {path: on/, was: [l, «k]}}",
        "sources.n.was[1]: 'k' is an earlier name of 'm' already; only one can have it",
    ),
    # YAML that is not supported
    ("state: «!!str x", f"state: what begins with '!' is a YAML tag, which {UNSUPPORTED}"),
    ("«!!str state: x", f"state: what begins with '!' is a YAML tag, which {UNSUPPORTED}"),
    # anchors, aliases and merge keys
    ("state: «*s", f"state: {NO_ANCHOR}"),
    ("state: «*s\ntimezone: &s UTC", f"state: {NO_ANCHOR}"),
    ("channels: {c: «*t}", f"channels.c: {NO_ANCHOR}"),
    ("sources: {m: {path: in/, files: [«*txt]}}", f"sources.m.files[0]: {NO_ANCHOR}"),
    ("sources: {m: &m {path: in/, listings: {press: [«*m]}}}", f"sources.m.listings.press[0]: {NO_ANCHOR}"),
    ("sources: {m: &m {path: in/, <<: «*m}}", f"sources.m.<<: {NO_ANCHOR}"),
    ("watchlists: {v: &m {keywords: [a]}, w: &m {query: a, <<: «*m}}", f"watchlists.w.<<: {NO_ANCHOR}"),
    ("«*s : x", "a key must be one plain word; put a key that holds special signs in quotes"),
    ("watch: {«<<: 2s}", f"watch.<<: {NO_MERGE}"),
    ("watch: {«<<: [{mode: poll}, 2s]}", f"watch.<<: {NO_MERGE}"),
    ("watch: {<<: {mode: poll}, «<<: {mode: auto}}", "watch.<<: this key stands here twice, first in line 1; keep one"),
    (
        "watch: {<<: {mode: poll, «mode: poll}}",
        "watch.<<.mode: this key stands here twice, first in line 1; keep one",
    ),
    ("watch: {<<: {«setle: 2s}}", "watch.setle: unknown key; did you mean 'settle'?"),
    ("watch: {<<: {settle: «soon}}", f"watch.settle: 'soon' {NO_DURATION}"),
]


@pytest.mark.parametrize(("row", "expected"), BROKEN, ids=[row[:50] for row, _ in BROKEN])
def test_a_broken_setting_is_refused_where_it_stands(tmp_path: Path, row: str, expected: str) -> None:
    before, _, after = row.partition("«")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert as_lines(refused(tmp_path, completed(before + after))) == [f"{line}:{column} {expected}"]


def completed(text: str) -> str:
    """The text and below it, valid, the sections it does not speak of."""
    needed = {"sources:": "{m: {path: in/}}", "channels:": "{c: {url: 'console://'}}"}
    missing = [f"{key} {value}\n" for key, value in needed.items() if f"\n{key}" not in f"\n{text}"]
    return f"{text}\n{''.join(missing)}"


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader], ids=["libyaml", "pure"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2", "1:4 this '[' is never closed, or a comma is missing after an entry"),
        ("a: {b: 1", "1:4 this '{' is never closed, or a comma is missing after an entry"),
        ('a: "x\n', "1:4 this quote is never closed"),
        ("channels:\n\tteam:\n", "2:1 a tab stands here; indent with blanks, YAML allows nothing else"),
        ("files: [*.txt]", "1:9 a value that begins with '*' needs quotes, as in \"*.txt\""),
        ("a: & b", "1:4 a value that begins with '&' needs quotes"),
        ("a: !<x", "1:4 a value that begins with '!' needs quotes"),
        ("a: @x", "1:4 a value that begins with '@' needs quotes"),
        ("a: [${X}]", '1:6 a reference inside [ ] or { } needs quotes, as in "${NAME}"'),
        (
            "a: b: c",
            (
                "1:5 a ':' where no key can be: put a value that holds ': ' in quotes, and give keys of one level "
                "one indentation"
            ),
        ),
        ("a: 1\nb\nc: 2\n", "2:1 a key must be followed by ': ' and its value"),
        ("a: |x\n  d", "1:5 after '|' or '>' the text begins on the next line, further in"),
        (
            'a: "x" y\n',
            "1:8 this fits nothing above it: check the indentation, and that quotes close at the value's end",
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "3:2 this fits nothing above it: check the indentation, and that quotes close at the value's end",
        ),
        ("  a: 1\nb: 2\n", "2:1 this fits nothing above it: check the indentation"),
        ("%YAML x\n---\n", "1:7 this is not valid YAML: check indentation, quotes and brackets around here"),
        ("a: 1\n---\nb: 2\n", "2:1 a second document begins here; one file holds one"),
        ("a: \x07", "1:4 the character U+0007 cannot stand in a text file"),
        ("- a\n", "1:1 a configuration consists of keys such as sources: and channels:"),
        ("just words\n", "1:1 a configuration consists of keys such as sources: and channels:"),
        ("", "0:0 the file is empty; it needs at least sources: and channels:"),
        ("# only a comment\n", "0:0 the file is empty; it needs at least sources: and channels:"),
        ("~\n", "0:0 the file is empty; it needs at least sources: and channels:"),
        ("[" * 50 + "]" * 50, "1:14 more than 12 levels deep; no setting lies that deep"),
        ("a: &a [x]\n" + DEEP, "1:8 more than 12 levels deep; no setting lies that deep"),
        ("{<<: " * 50 + "}" * 50, "1:66 more than 12 levels deep; no setting lies that deep"),
        ("a: &a [x, x, x, x, x, x, x, x, x, x]\n" + LAUGHS, f"5:36 {TOO_MANY}"),
        ("[a]: b\n", "1:1 a key must be one plain word; put a key that holds special signs in quotes"),
    ],
)
def test_a_syntax_error_is_one_fault_whichever_parser_reads(text: str, expected: str, loader: object) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, Diagnostics("config.yaml", text), loader=loader)
    assert as_lines(caught.value.faults) == [expected]


def test_a_last_line_without_an_end_is_shown_at_its_end(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, "a: 1\nb: [")
    assert (fault.line, fault.column, fault.excerpt) == (2, 5, "b: [")


def test_every_section_and_every_required_key_has_an_example() -> None:
    for path, section in sections():
        examples = {key for key, field in section.model_fields.items() if field.examples}
        required = {key for key, field in section.model_fields.items() if field.is_required()}
        assert examples, path
        assert required <= examples, path


@pytest.mark.parametrize("escape", ["\\q", "\\UFFFFFFFF"])
def test_an_escape_that_names_no_character_is_one_fault_in_its_line(tmp_path: Path, escape: str) -> None:
    (fault,) = refused(tmp_path, f'a: "{escape}"\n')
    assert fault.line == 1
    assert fault.message.startswith("in double quotes a backslash begins an escape")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a: "\\UFFFFFFFF"', TOO_LARGE),
        ("%YAML " + "9" * 5000 + ".1\n---\n", TOO_LARGE),
        ('"\\ud800": b', "this key holds half a character; write the character itself"),
    ],
)
def test_the_pure_parser_slips_are_faults_too(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, Diagnostics("config.yaml", text), loader=yaml.SafeLoader)
    assert [fault.message for fault in caught.value.faults] == [message]


def test_half_a_character_in_a_value_is_noted_and_reading_goes_on() -> None:
    diagnostics = Diagnostics("config.yaml", 'a: "\\ud800"\n')
    read('a: "\\ud800"\n', diagnostics, loader=yaml.SafeLoader)
    with pytest.raises(ConfigError) as caught:
        diagnostics.raise_errors()
    assert as_lines(caught.value.faults) == ["1:4 a: holds half a character; write the character itself"]
