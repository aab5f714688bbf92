"""`check` names every fault of a configuration in its first run, and none that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.checks import check_rules
from monitor.errors import Diagnostic
from monitor.inspect.check import WITH_CHANNELS, check
from tests.config.support import loaded
from tests.config.test_broken import BROKEN, completed

GOOD_SLACK = "https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"

# Each row: a file with « before the place of each fault, and in the order of the file a part of each message.
# Where two faults have one place, it stands there twice.
ROWS = {
    "shape, address, rule and route": (
        """\
sources: {m: {path: in/, «max_fil: 2GB}}
channels: {team: {url: «"https://hooks.slack.com/services/T/B"}}
watchlists:
  fta: {query: "FTA AND «("}
  chips: {keywords: [chips], notify: [«taem]}
""",
        ["'max_file'", "three parts", "never closed", "'team'"],
    ),
    "two entries with one key": (
        """\
channels: {c: {url: «"slakc://x"}, ««c: {rate: «fast}}
watchlists:
  w: {query: "FTA OR«"}
  «w: {keywords: [«""], min_hits: «many, notify: [«x]}
""",
        ["slack://", "duplicate key", "url: is missing", "valid rate", "ends after OR", "duplicate key", "is empty",
         "valid count", "not a configured channel"],
    ),
    "a key three times": (
        "watch: {mode: «a, «mode: «b, «mode: «c}\n",
        ["'a' is not", "duplicate key", "'b' is not", "duplicate key", "'c' is not"],
    ),
    "a section twice": (
        """\
channels: {a: {url: «"jsn://x"}}
watchlists: {w: {keywords: [x], notify: [a, b]}}
«channels: {b: {url: «"gchatt://x"}}
«watchlists: {v: {keywords: [y], notify: [a, «z]}}
""",
        ["json://", "duplicate key", "gchat://", "duplicate key", "not a configured channel"],
    ),
    "variables that are not set": (
        """\
timezone: «${ZONE}
channels: {c: {url: «"${URL}", rate: «x}, d: {url: "console://", digest: «"${WHEN}"}}
watchlists: {w: {keywords: [«"${WORD}", «"NEAR/3"], notify: [c, «q]}}
""",
        ["ZONE is not set", "URL is not set", "valid rate", "WHEN is not set", "WORD is not set", "literal", "'q'"],
    ),
    "names": (
        """\
sources: {«a b: {path: in/, encoding: «utf-9}}
channels: {«a/b: {url: «"jsn://x"}}
watchlists: {«_w: {regex: «"(", notify: [a/b, «ab]}, «"v w": {query: "a «b"}}
""",
        ["valid name", "text encoding", "valid name", "json://", "valid name", "RE2", "did you mean 'a/b'",
         "valid name", "put AND or OR"],
    ),
    "columns": (
        """\
sources:
  m: {path: in/, format: csv, columns: [a, b], map: {title: «c, body: a}, max_file: «2 GB}
  «n: {format: csv, columns: [a], map: {date: «d}}
""",
        ["has no 'c'", "valid size", "path: is missing", "has no 'd'"],
    ),
    "formats": (
        """\
sources:
  m: {path: in/, format: «jsn, map: {title: "a |«"}}
  n: {path: on/, «columns: [a], delimiter: «","}
""",
        ["did you mean 'json'", "", "belongs to the format", "belongs to the format"],
    ),
    "rules": (
        """\
watchlists:
  a: {keywords: [ok, «"***"], exclude: [«"x OR y"], regex: ««"("}
  b: {query: "a «NEAR/x b", on_change: «add, case: «loud}
  «r: {fields: [«titel], when: [«stale]}
  d: {regex: «"a(?=b)"}
""",
        ["no letter", "literal", "combined", "RE2", "", "'added'", "'smart'", "keywords: is missing", "'title'",
         "never alerts", ""],
    ),
    "aliases": (
        """\
aliases: {us: «America, «AND: [x], eu: [«eu], ok: [Korea]}
watchlists: {w: {query: "ok AND «("}}
""",
        ["must be a list", "cannot name an alias", "refers to itself", "never closed"],
    ),
    "tests of watchlists": (
        """\
watchlists:
  a: {keywords: [x], tests: [«{match: nothing}, {«mach: y}, «{match: a, no_match: b}], notify: [«z]}
  b: {keywords: [x], tests: [«{no_match: "x y"}, «{match: nothing}]}
""",
        ["should match", "'match'", "both match", "not a configured", "should not match", "should match"],
    ),
    "sections that are no sections": (
        """\
watch: «auto
health: {listen: «9877}
«heartbeat: [x]
retention: {events: «never}
channels: {c: «slack, d: {url: «"slakc://x"}}
watchlists: {«w: [FTA], v: {keywords: «FTA, query: «"«("}}
""",
        ["must have keys", "address to listen", "must have keys", "number of days", "must have keys", "slack://",
         "must have keys", "must be a list", "combined", "never closed"],
    ),
    "no entries": (
        """\
«sources: {}
«channels:
watchlists: {w: {query: "«)"}}
""",
        ["at least one entry", "has no value", ""],
    ),
    "mistyped sections": (
        """\
«source: {m: {path: in/}}
«chanels: {c: {url: "console://"}}
watchlists: {w: {query: "a «b"}}
sources: {m: {path: in/, encoding: «utf9x}}
channels: {c: {url: «"mailto:kim@example.org"}}
""",
        ["'sources'", "'channels'", "put AND or OR", "text encoding", "mail needs a server"],
    ),
    "folders": (
        """\
state: «in/state
sources: {m: {path: in/, as_of: «newest}, n: {path: «"~/x"}, o: {path: on/, was: [«m]}}
channels: {c: {url: «"tgram://1:a"}}
""",
        ["inside the folder", "'newest_date'", "begins with '~'", "also a current source", "tgram://BOT-TOKEN/CHAT"],
    ),
    "the page": (
        """\
web: {listen: «0.0.0.0:80, url: «ftp://x, hosts: [«"a b"]}
channels: {c: {url: «"https://discord.com/api/webhooks/1"}}
watchlists: {«c: {keywords: [x]}}
""",
        ["nobody may open", "address of the page", "host name", "two parts", "the same name"],
    ),
    "downloads": (
        """\
sources: {m: {path: in/, fetch: {url: «"ftp://x", every: «0s, headers: {«"X Y": a}, keep: «0}, files: [«"a/b"]}}
channels: {c: {url: «"ntfys://ntfy.sh"}}
""",
        ["web address", "is zero", "header", "valid count", "has a '/'", "a topic"],
    ),
    "anchors": (
        """\
channels: {a: &c {url: "console://", rate: ««x}, b: {<<: *c, «rat: 1/s}, d: «*e}
watchlists: {w: &w {query: "««OR a"}, v: {<<: *w, notify: [«z]}}
""",
        ["a.rate: 'x'", "b.rate: 'x'", "'rate'", "no complete value", "w.query: OR is at", "v.query: OR is at", "'z'"],
    ),
    "addresses": (
        f"""\
channels:
  a: {{url: "{GOOD_SLACK}"}}
  b: {{url: «"{GOOD_SLACK}/x", quiet: «"22"}}
  c: {{url: «"hooks.slack.com/services/T/B/C"}}
  d: {{url: «"https://example.org/hook"}}
  e: {{url: «"mailto://example.org", html: «yes}}
  f: {{url: «"console://", html: on}}
""",
        ["this one has 4", "quiet hours", "https:// before it", "jsons://", "recipient", "'auto'", "plain text"],
    ),
    "entries that are no YAML": (
        """\
timezone: «Asia/Soul
sources: {m: {path: in/, «max_fil: 2GB}}
channels:
  team: «{url: "slack://T/B/C}
  desk: {url: «"mailto:kim@example.org", rate: «fast}
watchlists:
  fta:
    keywords: «[FTA, ok
    notify: [team]
  chips:
    keywords: [a]
   «notify: [x]
  w3: {query: "a AND «("}
  w4: {keywords: [x], notify: [«taem, desk, team]}
  w5: {keywords: [«*.txt]}
health:
«\tlisten: x
watch: {«setle: 1s}
""",
        ["Asia/Seoul", "'max_file'", "never closed", "mail needs a server", "valid rate", "'[' is never closed",
         "indentation", "bracket", "'team'", "needs quotes", "a tab", "'settle'"],
    ),
    "a quote that is closed by another": (
        """\
channels:
  a: {url: "console://"}
  b: {url: "console://", digest: «x}
watchlists:
  w: «{query: 'a}
  v: {query: 'b', min_hits: «0}
  u: {keywords: [x], notify: [a, «c]}
""",
        ["valid digest", "never closed", "valid count", "not a configured channel"],
    ),
    "Korean": (
        """\
timezone: «Asia/Soul
channels: {팀: {url: «"slack://T/B"}}
watchlists: {무역: {keywords: [무역, «"!!"], notify: [«팀장]}, 수출: {query: "수출 AND«"}}
""",
        ["'Asia/Seoul'", "three parts", "no letter", "'팀'", ""],
    ),
}  # fmt: skip


def faults_of(folder: Path, text: str) -> list[Diagnostic]:
    found = check(lambda checks: loaded(folder, text, checks=(check_rules, *checks)), WITH_CHANNELS)
    return [fault for fault in found.faults if fault.severity == "error"]


@pytest.mark.parametrize(("marked", "messages"), ROWS.values(), ids=ROWS)
def test_every_fault_is_named_in_the_first_run_and_none_is_invented(
    tmp_path: Path, marked: str, messages: list[str]
) -> None:
    found = faults_of(tmp_path, completed(marked.replace("«", "")))
    places = [
        (number, column + 1 - line[:column].count("«"))
        for number, line in enumerate(marked.split("\n"), 1)
        for column, char in enumerate(line)
        if char == "«"
    ]
    assert [(fault.line, fault.column) for fault in found] == places, [fault.message for fault in found]
    assert [
        text for text, fault in zip(messages, found, strict=True) if text not in f"{fault.path}: {fault.message}"
    ] == []


@pytest.mark.parametrize(("row", "expected"), BROKEN, ids=[row[:50] for row, _ in BROKEN])
def test_one_fault_does_not_lead_to_others(tmp_path: Path, row: str, expected: str) -> None:
    text = completed(row.replace("«", "")).replace("b://", "console://").replace("a://", "console://")
    assert len(faults_of(tmp_path, text)) == 1, expected
