"""Broken configurations are refused, each at the exact place and with the exact message."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from monitor.config.diagnostics import Diagnostics
from monitor.config.models import Source, sections
from monitor.config.yaml_tree import LOADER, read
from monitor.errors import ConfigError
from tests.config.support import HEAD, as_lines, refused

WHEN = "new, changed, completed, enriched, reread, reappeared, withdrawn"
TAG = "YAML tags, which begin with '!', are not supported: remove the tag, or put the value in quotes"
NO_ANCHOR = "no complete value above has the anchor of this alias: put a value that begins with '*' in quotes"
ONE_VALUE = "must have keys, not a single value: write for example"
NO_MERGE = "must be keys to merge: write <<: *name, or a list such as <<: [*a, *b]"
NO_NAME = (
    "is not a valid name: begin with a letter, a digit or a Hangul syllable, then use letters, digits, "
    "'.', '_' or '-' (at most 64 characters)"
)
NO_DURATION = (
    "is not a valid duration: write a number and a unit without a space, for example 90s or 1.5h "
    "(units: ms, s, m, h, d, w)"
)
NO_TIME = "is zero: write a longer duration, for example 1s"
NO_SIZE = "is not a valid size: write a number and a unit without a space, for example 500kB (units: B, kB, MB, GB)"
NO_URL = "is not a valid channel URL: write scheme://… without spaces, for example console://"
NO_FLAG = "is neither true nor false: write one of the two"
NO_WORD = "is empty: write a word, or remove the entry"
NO_CODEC = "is not a known text encoding: write auto, utf-8, cp949 or another encoding"
NO_ZONE = "is not a known time zone: write a name such as Asia/Seoul or UTC"
NO_GLOB = "has a '/': write a pattern for the file name only, without its folder"
NO_LIST = "must have keys, not a list: write for example"
TOO_LARGE = "this is not valid YAML: correct the number in an escape or a directive"
SOURCE_KEYS = f"use one of {', '.join(Source.model_fields)}"
NO_RULE = "is missing: write for example keywords: [FTA], or use query: or regex:"
NO_QUOTES = "unknown key without a value: if it belongs to the value before it, put that in quotes"
CHANNEL_KEYS = "use one of url, max_age, rate, max_per_hour, digest, quiet, on_uncertain, html, body, language"
NO_RATE = "is not a valid rate: write a number and /s, /min or /h without a space, for example 1/s or 10/min"
NO_DIGEST = (
    'is not a valid digest time: write times such as "08:30, 17:00" or an interval such as 1h, '
    'and days before them as in "mon-fri 08:30; sat 10:00"'
)
DAYS_ALONE = 'names days without a time: write a list of days without spaces, for example "mon,wed 08:30"'
NO_TIME_OF_DAY = "has no valid time of day: write hours and minutes from 00:00 to 23:59"
NO_DAY = "has an unknown day: write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri"
NO_QUIET = (
    'is not a valid range of quiet hours: write two times, for example "22:00-07:00", '
    'or with days "fri 18:00-mon 08:00" or "22:00-07:00; sat-sun"'
)
SAME_TIME = "has the same time twice: write two different times"
NO_WEB = "is not a valid web address: write https://… in plain ASCII without spaces"
NO_STORE = "is no address of a PostgreSQL database: write postgresql://USER@HOST/DATABASE"
UNREADABLE_STORE = "cannot be read: write @ / ? and # of a password as %40 %2F %3F and %23"
NO_LIMIT = "is not a valid limit: write a whole number from 0 to 99999 (0: no limit)"
TOO_LONG = "is too long: write a duration of at most 365000d"
TOP_KEYS = (
    "use one of timezone, state, store, node, pooler, first_run, sources, channels, watchlists, aliases, watch, "
    "operator, health, web, heartbeat, retention"
)
STATE_INSIDE = "the state folder is inside the folder of source 'm': use separate folders"

BAD_RATES = ("1", "1/d", "0/s", "-1/s", "1 / s", "ten/min")
BAD_DIGESTS = {
    "8.30": NO_DIGEST,
    "": NO_DIGEST,
    "08:30 mon": NO_DIGEST,
    "daily 08:30": NO_DAY,
    "mon-friday 08:30": NO_DAY,
    "mon, 08:30": DAYS_ALONE,
    "24:00": NO_TIME_OF_DAY,
    "mon 08:60": NO_TIME_OF_DAY,
}
BAD_QUIET = {
    "22:00": NO_QUIET,
    "": NO_QUIET,
    "22-07": NO_TIME_OF_DAY,
    "22:00-25:00": NO_TIME_OF_DAY,
    "mo 22:00-07:00": NO_DAY,
    "mon 22:00-24:00": NO_TIME_OF_DAY,
    "22:00-22:00": SAME_TIME,
    "9:00-09:00": SAME_TIME,
}

TOO_MANY = "the aliases up to here expand to more than 100000 values: use fewer of them"
DEEP = "".join(f"{here}: &{here} [*{above}]\n" for above, here in pairwise("abcdefghijklmn"))
LAUGHS = "".join(f"{here}: &{here} [{', '.join([f'*{above}'] * 10)}]\n" for above, here in pairwise("abcdefghi"))

# Each row: a text with « before the place of the error, and the message. Sections that a row does not have
# are added below it.
BROKEN = [
    # keys
    ("«statee: x", "statee: unknown key; did you mean 'state'?"),
    ("«zzz: x", f"zzz: unknown key: {TOP_KEYS}"),
    ("«zzz:", f"zzz: unknown key: {TOP_KEYS}"),
    ("«'[key]': x", f"[key]: unknown key: {TOP_KEYS}"),
    ("sources: {m: {path: in/, «'[key]': x}}", f"sources.m.[key]: unknown key: {SOURCE_KEYS}"),
    ("watch: {«setle: 2s}", "watch.setle: unknown key; did you mean 'settle'?"),
    ("sources: {m: {path: in/, «Path: x}}", "sources.m.Path: unknown key; did you mean 'path'?"),
    ("sources: {m: {«Path: x}}", "sources.m.Path: unknown key; did you mean 'path'?"),
    ("channels: {c: {url: a://, «rates: 1}}", "channels.c.rates: unknown key; did you mean 'rate'?"),
    ("channels: {c: {url: a://, «zzz: 1}}", f"channels.c.zzz: unknown key: {CHANNEL_KEYS}"),
    ("«operators: {notify: [c]}", "operators: unknown key; did you mean 'operator'?"),
    ("watchlists: {w: {«keyword: x}}", "watchlists.w.keyword: unknown key; did you mean 'keywords'?"),
    ("state: a\n«state: b", "state: duplicate key, first used in line 1: remove one of them"),
    (
        "channels: {c: {url: a://}, «c: {url: b://}}",
        "channels.c: duplicate key, first used in line 1: remove one of them",
    ),
    # what is not there
    ("«sources:", "sources: has no value: write for example sources: {motie: {path: seeds/}}"),
    ("«sources: {}", "sources: needs at least one entry: write for example sources: {motie: {path: seeds/}}"),
    ("«channels: []", f'channels: {NO_LIST} channels: {{console: {{url: "console://"}}}}'),
    ("sources: {«m: {encoding: auto}}", "sources.m.path: is missing: write for example path: seeds/"),
    ("sources: {m: {«path: }}", "sources.m.path: has no value: write for example path: seeds/"),
    ("channels: {«c: {max_age: 1h}}", 'channels.c.url: is missing: write for example url: "console://"'),
    (
        "watchlists: {«w: }",
        "watchlists.w.keywords: is missing: write for example keywords: [FTA], or use query: or regex:",
    ),
    # forms
    ("watch: «auto", "watch: must have keys, not a single value: write for example watch: {mode: auto}"),
    ("watchlists: {«w: [FTA]}", f"watchlists.w: {NO_LIST} w: {{keywords: [FTA]}}"),
    ("watchlists: {w: {keywords: «FTA}}", "watchlists.w.keywords: must be a list: write [FTA]"),
    ("watchlists: {w: {keywords: «'a]'}}", 'watchlists.w.keywords: must be a list: write ["a]"]'),
    ("watchlists: {w: {keywords: «'${X:-a}'}}", 'watchlists.w.keywords: must be a list: write ["${X:-a}"]'),
    ("watchlists: {w: {«keywords: {a: b}}}", "watchlists.w.keywords: must be a list such as [first, second], not keys"),
    (
        "watchlists: {w: {keywords: [«[a]]}}",
        "watchlists.w.keywords[0]: must be a single value, not a list: write a",
    ),
    ("«timezone: [UTC]", "timezone: must be a single value, not a list: write UTC"),
    ("«state: [a, b]", "state: must be a single value, not a list"),
    ("watch: {«settle: {a: b}}", "watch.settle: must be a single value, not keys"),
    (
        "sources: {m: {path: in/, «recursive: [yes]}}",
        "sources.m.recursive: must be a single value, not a list: write yes",
    ),
    ("channels: {c: {«url: [a://b]}}", "channels.c.url: must be a single value, not a list"),
    # values
    ("timezone: «Asia/Soul", "timezone: 'Asia/Soul' is not a known time zone; did you mean 'Asia/Seoul'?"),
    ("timezone: «seoul", "timezone: 'seoul' is not a known time zone; did you mean 'Asia/Seoul'?"),
    ("timezone: «Asia", f"timezone: 'Asia' {NO_ZONE}"),
    ("timezone: «../UTC", f"timezone: '../UTC' {NO_ZONE}"),
    ("state: «~/x", "state: '~/x' begins with '~', which is not expanded here: write ${HOME}/… or the full path"),
    ("state: «''", "state: '' is empty: write the path of a folder"),
    ('state: «"a\\0b"', "state: 'a\\x00b' has a NUL character, which no path can have: remove it"),
    ("sources: {m: {path: in/, files: [«a/b]}}", f"sources.m.files[0]: 'a/b' {NO_GLOB}"),
    (
        "sources: {m: {path: in/, files: [«'']}}",
        "sources.m.files[0]: '' is empty: write a pattern, for example \"*.txt\"",
    ),
    ("sources: {m: {path: in/, «files: []}}", "sources.m.files: needs at least one entry"),
    ("sources: {m: {path: in/, encoding: «utf-9}}", f"sources.m.encoding: 'utf-9' {NO_CODEC}"),
    ("sources: {m: {path: in/, encoding: «hex}}", f"sources.m.encoding: 'hex' {NO_CODEC}"),
    ("sources: {m: {path: in/, categories: [«' ']}}", f"sources.m.categories[0]: ' ' {NO_WORD}"),
    (
        "sources: {m: {path: in/, as_of: «newest}}",
        (
            "sources.m.as_of: 'newest' is not valid: write 'auto', 'filename', 'newest_date', 'mtime' or 'arrival'; "
            "did you mean 'newest_date'?"
        ),
    ),
    ("sources: {m: {path: in/, max_file: «2GiB}}", f"sources.m.max_file: '2GiB' {NO_SIZE}"),
    (
        "sources: {m: {path: in/, max_record: «0MB}}",
        "sources.m.max_record: '0MB' is not a valid size: write at least 1B",
    ),
    ("sources: {m: {path: in/, recursive: «1}}", f"sources.m.recursive: '1' {NO_FLAG}"),
    (
        "sources: {m: {path: in/, first_run: «never}}",
        "sources.m.first_run: 'never' is not valid: write 'alert' or 'baseline'",
    ),
    ("first_run: «basline", "first_run: 'basline' is not valid: write 'alert' or 'baseline'; did you mean 'baseline'?"),
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
    # delivery settings of channels
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
        "channels: {c: {url: a://, digest: 08:30, «17:00}}",
        f"channels.c.17:…: {NO_QUOTES}; else {CHANNEL_KEYS}",
    ),
    (  # a fault inside a value has its own place
        "channels: {c: {url: a://, digest: 'mon-fri 08:30, «25:00; sat 10:00'}}",
        f"channels.c.digest: 'mon-fri 08:30, 25:00; sat 10:00' {NO_TIME_OF_DAY}",
    ),
    (
        "channels: {c: {url: a://, quiet: '22:00-07:00, «weekend'}}",
        f"channels.c.quiet: '22:00-07:00, weekend' {NO_DAY}",
    ),
    (
        "sources: {m: {path: in/, expect_every: 1d «weekdays}}",
        f"sources.m.expect_every: '1d weekdays' {NO_DAY}",
    ),
    ("sources: {m: {path: in/, expect_every: «daily}}", f"sources.m.expect_every: 'daily' {NO_DURATION}"),
    (
        "channels: {c: {url: a://, on_uncertain: «resent}}",
        "channels.c.on_uncertain: 'resent' is not valid: write 'resend' or 'hold'; did you mean 'resend'?",
    ),
    ("channels: {c: {url: a://, html: «yes}}", "channels.c.html: 'yes' is not valid: write 'auto', 'on' or 'off'"),
    ("watchlists: {w: {keywords: [a], urgent: «very}}", f"watchlists.w.urgent: 'very' {NO_FLAG}"),
    ("watch: {rescan: «0s}", f"watch.rescan: '0s' {NO_TIME}"),
    (
        "watch: {mode: «polling}",
        "watch.mode: 'polling' is not valid: write 'auto', 'events' or 'poll'; did you mean 'poll'?",
    ),
    ("watch: {ignore: [«a/b]}", f"watch.ignore[0]: 'a/b' {NO_GLOB}"),
    (
        "watchlists: {w: {«keywords: []}}",
        "watchlists.w.keywords: needs at least one entry: write for example keywords: [FTA]",
    ),
    ("watchlists: {w: {keywords: [a, «'']}}", f"watchlists.w.keywords[1]: '' {NO_WORD}"),
    (
        "watchlists: {w: {keywords: [a], fields: [«titel]}}",
        "watchlists.w.fields[0]: 'titel' is not valid: write 'title', 'body' or 'category'; did you mean 'title'?",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [new, «stale]}}",
        f"watchlists.w.when[1]: 'stale' is recorded but never alerts: choose from {WHEN}",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [«chnged]}}",
        "watchlists.w.when[0]: 'chnged' is not a known kind of event; did you mean 'changed'?",
    ),
    (
        "watchlists: {w: {keywords: [a], when: [«xyz]}}",
        f"watchlists.w.when[0]: 'xyz' is not a known kind of event: choose from {WHEN}",
    ),
    ("watchlists: {w: {keywords: [a], «when: []}}", "watchlists.w.when: needs at least one entry"),
    (
        "watchlists: {w: {keywords: [a], case: «loud}}",
        "watchlists.w.case: 'loud' is not valid: write 'smart', 'ignore' or 'exact'",
    ),
    ("watchlists: {w: {keywords: [a], inflect: «maybe}}", f"watchlists.w.inflect: 'maybe' {NO_FLAG}"),
    # names
    ("watchlists: {«_x: {keywords: [a]}}", f"watchlists._x: '_x' {NO_NAME}"),
    ('watchlists: {«"a\\ab": {keywords: [a]}}', f"watchlists.a\\x07b: 'a\\x07b' {NO_NAME}"),
    (f"watchlists: {{«{'x' * 65}: {{keywords: [a]}}}}", f"watchlists.{'x' * 65}: '{'x' * 60}…' {NO_NAME}"),
    ("sources: {«a b: {path: in/}}", f"sources.a b: 'a b' {NO_NAME}"),
    ("channels: {«a/b: {url: a://}}", f"channels.a/b: 'a/b' {NO_NAME}"),
    (
        "watchlists: {w: {keywords: [a], notify: [«x]}}",
        "watchlists.w.notify[0]: 'x' is not a configured channel: choose from c",
    ),
    (
        "watchlists: {w: {keywords: [a], notify: [«taem]}}\nchannels: {team: {url: a://}}",
        "watchlists.w.notify[0]: 'taem' is not a configured channel; did you mean 'team'?",
    ),
    ("operator: {notify: [«x]}", "operator.notify[0]: 'x' is not a configured channel: choose from c"),
    (
        "operator: {notify: [c, «taem]}\nchannels: {c: {url: a://}, team: {url: a://}}",
        "operator.notify[1]: 'taem' is not a configured channel; did you mean 'team'?",
    ),
    ("operator: {«notfy: [c]}", "operator.notfy: unknown key; did you mean 'notify'?"),
    ("operator: {notify: «c}", "operator.notify: must be a list: write [c]"),
    (
        "watchlists: {w: {keywords: [a], sources: [«x]}}",
        "watchlists.w.sources[0]: 'x' is not a configured source: choose from m",
    ),
    ("watchlists: {w: {keywords: [a], «sources: []}}", "watchlists.w.sources: needs at least one entry"),
    (
        "watchlists: {«c: {keywords: [a]}}",
        "watchlists.c: a channel has the same name, and commands accept either: rename one of them",
    ),
    (
        "health: {listen: «9877}",
        "health.listen: '9877' is not a valid address to listen on: write 127.0.0.1:9877, [::1]:9877 or off",
    ),
    ("heartbeat: {url: «hc-ping.com/1}", f"heartbeat.url: '…' {NO_WEB}"),
    ("heartbeat: {url: «ftp://hc-ping.com/1}", f"heartbeat.url: 'ftp://…' {NO_WEB}"),
    ("heartbeat: {url: «'https://hc-ping.com/한'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {url: «'https:///token'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {url: «'https://h:99999/token'}", f"heartbeat.url: 'https://…' {NO_WEB}"),
    ("heartbeat: {every: «0s}", "heartbeat.every: '0s' is zero: write a longer duration, for example 1s"),
    ("aliases: «us", "aliases: must have keys, not a single value: write for example aliases: {us: [America]}"),
    ("«aliases: [us]", "aliases: must have keys, not a list: write for example aliases: {us: [America]}"),
    (
        "sources: {m: {path: in/, listings: «press}}",
        f'sources.m.listings: {ONE_VALUE} listings: {{press: ["press_*.txt"]}}',
    ),
    ("health: {«lisen: off}", "health.lisen: unknown key; did you mean 'listen'?"),
    (
        "health: «on",
        "health: must have keys, not a single value: write for example health: {listen: 127.0.0.1:9877}",
    ),
    # folders
    ("state: «in/state", f"state: {STATE_INSIDE}"),
    ("state: «x/../in", f"state: {STATE_INSIDE}"),
    ("sources: {m: {path: «state/}}", f"sources.m.path: {STATE_INSIDE}"),
    # names that a source had before
    (
        "sources: {m: {path: in/, was: [«n]}, n: {path: on/}}",
        "sources.m.was[0]: 'n' is also a current source: remove the name here, or that source",
    ),
    (
        "sources: {m: {path: in/, was: [k]}, n: {path: on/, was: [l, «k]}}",
        "sources.n.was[1]: 'k' is already an earlier name of 'm': remove one of them",
    ),
    # YAML that is not supported
    ("state: «!!str x", f"state: {TAG}"),
    ("«!!str state: x", f"state: {TAG}"),
    # anchors, aliases and merge keys
    ("state: «*s", f"state: {NO_ANCHOR}"),
    ("state: «*s\ntimezone: &s UTC", f"state: {NO_ANCHOR}"),
    ("channels: {c: «*t}", f"channels.c: {NO_ANCHOR}"),
    ("sources: {m: {path: in/, files: [«*txt]}}", f"sources.m.files[0]: {NO_ANCHOR}"),
    ("sources: {m: &m {path: in/, listings: {press: [«*m]}}}", f"sources.m.listings.press[0]: {NO_ANCHOR}"),
    ("sources: {m: &m {path: in/, <<: «*m}}", f"sources.m.<<: {NO_ANCHOR}"),
    ("watchlists: {v: &m {keywords: [a]}, w: &m {query: a, <<: «*m}}", f"watchlists.w.<<: {NO_ANCHOR}"),
    ("«*s : x", "a key must be a single word: put a key with special characters in quotes"),
    ("watch: {«<<: 2s}", f"watch.<<: {NO_MERGE}"),
    ("watch: {«<<: [{mode: poll}, 2s]}", f"watch.<<: {NO_MERGE}"),
    (
        "watch: {<<: {mode: poll}, «<<: {mode: auto}}",
        "watch.<<: duplicate key, first used in line 1: remove one of them",
    ),
    (
        "watch: {<<: {mode: poll, «mode: poll}}",
        "watch.<<.mode: duplicate key, first used in line 1: remove one of them",
    ),
    ("store: «mysql://db/monitor", f"store: 'mysql://…' {NO_STORE}"),
    ("store: «postgres://db/monitor", f"store: 'postgres://…' {NO_STORE}"),
    ("store: «postgresql://monitor:a@b@db/monitor", f"store: 'postgresql://…' {UNREADABLE_STORE}"),
    (
        "store: «postgresql://monitor:a@db/monitor?sslmod=require",
        "store: 'postgresql://…' has an unknown parameter 'sslmod'; did you mean 'sslmode'?",
    ),
    ("node: «a b", f"node: 'a b' {NO_NAME}"),
    ("pooler: «maybe", f"pooler: 'maybe' {NO_FLAG}"),
    ("watch: {<<: {«setle: 2s}}", "watch.setle: unknown key; did you mean 'settle'?"),
    ("watch: {<<: {settle: «soon}}", f"watch.settle: 'soon' {NO_DURATION}"),
]


@pytest.mark.parametrize(("row", "expected"), BROKEN, ids=[row[:50] for row, _ in BROKEN])
def test_a_broken_setting_is_refused_where_it_stands(tmp_path: Path, row: str, expected: str) -> None:
    before, _, after = row.partition("«")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert as_lines(refused(tmp_path, completed(before + after))) == [f"{line}:{column} {expected}"]


def completed(text: str) -> str:
    """Append valid sections that the text does not have."""
    needed = {"sources:": "{m: {path: in/}}", "channels:": "{c: {url: 'console://'}}"}
    missing = [f"{key} {value}\n" for key, value in needed.items() if f"\n{key}" not in f"\n{text}"]
    return f"{text}\n{''.join(missing)}"


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader], ids=["libyaml", "pure"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2", "1:4 this '[' is never closed, or a comma is missing after an entry"),
        ("a: {b: 1", "1:4 this '{' is never closed, or a comma is missing after an entry"),
        ('a: "x\n', "1:4 this quote is never closed: add the closing quote"),
        ("channels:\n\tteam:\n", "2:1 this is a tab: indent with spaces, because YAML does not allow tabs"),
        ("files: [*.txt]", "1:9 a value that begins with '*' needs quotes, for example \"*.txt\""),
        ("a: & b", "1:4 a value that begins with '&' needs quotes"),
        ("a: !<x", "1:4 a value that begins with '!' needs quotes"),
        ("a: @x", "1:4 a value that begins with '@' needs quotes"),
        ("a: [${X}]", '1:6 a reference inside [ ] or { } needs quotes, for example "${NAME}"'),
        (
            "a: b: c",
            (
                "1:5 a ':' is not allowed here: put a value that contains ': ' in quotes, and indent keys "
                "of one level equally"
            ),
        ),
        ("a: 1\nb\nc: 2\n", "2:1 a key must be followed by ': ' and a value"),
        ("a: |x\n  d", "1:5 after '|' or '>' the text must begin on the next line, indented further"),
        (
            'a: "x" y\n',
            "1:8 this does not fit the lines above: check the indentation, and that quotes close at the end of a value",
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "3:2 this does not fit the lines above: check the indentation, and that quotes close at the end of a value",
        ),
        ("  a: 1\nb: 2\n", "2:1 this does not fit the lines above: check the indentation"),
        ("%YAML x\n---\n", "1:7 this is not valid YAML: check indentation, quotes and brackets near here"),
        ("a: 1\n---\nb: 2\n", "2:1 a second YAML document begins here: keep only one in the file"),
        ("a: \x07", "1:4 the character U+0007 is not allowed in YAML: remove it"),
        ("- a\n", "1:1 the file must consist of keys such as sources: and channels:"),
        ("just words\n", "1:1 the file must consist of keys such as sources: and channels:"),
        ("", "0:0 the file is empty: write at least sources: and channels:"),
        ("# only a comment\n", "0:0 the file is empty: write at least sources: and channels:"),
        ("~\n", "0:0 the file is empty: write at least sources: and channels:"),
        ("[" * 50 + "]" * 50, "1:14 this is more than 12 levels deep: no setting is that deep"),
        ("a: &a [x]\n" + DEEP, "1:8 this is more than 12 levels deep: no setting is that deep"),
        ("{<<: " * 50 + "}" * 50, "1:66 this is more than 12 levels deep: no setting is that deep"),
        ("a: &a [x, x, x, x, x, x, x, x, x, x]\n" + LAUGHS, f"5:36 {TOO_MANY}"),
        ("[a]: b\n", "1:1 a key must be a single word: put a key with special characters in quotes"),
    ],
)
def test_a_syntax_error_is_one_fault_whichever_parser_reads(text: str, expected: str, loader: object) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, Diagnostics("config.yaml", text), loader=loader)
    assert as_lines(caught.value.faults) == [expected]


def test_a_last_line_without_an_end_is_shown_at_its_end(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, f"{HEAD}state: a\nwatch: [")
    assert (fault.line, fault.column, fault.excerpt) == (4, 9, "watch: [")


def test_every_section_and_every_required_key_has_an_example() -> None:
    for path, section in sections():
        examples = {key for key, field in section.model_fields.items() if field.examples}
        required = {key for key, field in section.model_fields.items() if field.is_required()}
        assert examples, path
        assert required <= examples, path


@pytest.mark.parametrize("escape", ["\\q", "\\UFFFFFFFF"])
def test_an_escape_that_names_no_character_is_one_fault_in_its_line(tmp_path: Path, escape: str) -> None:
    (fault,) = refused(tmp_path, f'{HEAD}state: "{escape}"\n')
    assert fault.line == 3
    assert fault.message.startswith("in double quotes a backslash begins an escape")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a: "\\UFFFFFFFF"', TOO_LARGE),
        ("%YAML " + "9" * 5000 + ".1\n---\n", TOO_LARGE),
        ('"\\ud800": b', "this key contains half of a surrogate pair: write the character itself"),
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
    assert as_lines(caught.value.faults) == ["1:4 a: contains half of a surrogate pair: write the character itself"]
