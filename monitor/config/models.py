"""Define every key of the configuration once: its type, default, description and example."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import PrivateAttr, model_validator

from monitor.collect.formats.registry import canonical, default_files
from monitor.collect.watching.file_names import IGNORED
from monitor.config import parsers
from monitor.config.diagnostics import Place
from monitor.config.section import ABSENT, Section, setting
from monitor.config.service import Health, Heartbeat, Operator, Retention, Watch
from monitor.config.text_types import (
    BaseAddress,
    Codec,
    Count,
    Dates,
    DigestTime,
    Event,
    ExpectedEvery,
    FieldPath,
    FirstRun,
    Flag,
    Folder,
    FormatName,
    Glob,
    Globs,
    Header,
    HeaderName,
    Html,
    Limit,
    LineGlob,
    MessageRate,
    Name,
    NonEmpty,
    PositiveDuration,
    QuietHours,
    RecordsPath,
    Size,
    StoreUrl,
    Url,
    WebAddress,
    Word,
    Words,
    Zone,
)
from monitor.config.web import Web
from monitor.errors import Diagnostic
from monitor.frozen import dataclass
from monitor.store_location import StoreLocation

FileStamp = tuple[int, int, int] | None  # a file's inode, size and time of change; None: it is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The origin of a configuration, which is ignored when two configurations are compared."""

    file: Path = field(compare=False)  # absolute; its folder is what relative paths start from
    stamps: Mapping[Path, FileStamp] = field(compare=False)  # of the file and those it refers to, as they were read
    places: Mapping[str, Place] = field(compare=False, repr=False, default_factory=dict)
    interpolated: Mapping[str, str] = field(
        compare=False, repr=False, default_factory=dict
    )  # what may be shown of these values
    withheld: frozenset[str] = field(compare=False, repr=False, default=frozenset())  # dotted paths
    warnings: tuple[Diagnostic, ...] = field(compare=False, repr=False, default=())
    faults: tuple[Diagnostic, ...] = field(compare=False, repr=False, default=())


class Fetch(Section):
    """A web address whose file is downloaded into the source's folder."""

    url: WebAddress = setting("The address, a secret.", example='"https://harbour.example/news.txt"')
    every: PositiveDuration = setting("How often it is asked whether the file has changed.", default="15m")
    headers: Mapping[HeaderName, Header] = setting(
        "HTTP headers for this server alone, such as a key; secrets.", default={}, example='{X-Api-Key: "${KEY}"}'
    )
    allow_private: Flag = setting(
        "Whether the address may be one of this machine or of a private network.", default=False
    )
    keep: Count = setting("How many downloaded files are kept; older ones are deleted.", default=10)


class Map(Section):
    """Where the fields of a release are in a record: names joined by dots, `a | b` for the first, `a + b` for all."""

    id: FieldPath | None = setting(
        "The publisher's own id of a release; by default none.", default=None, example="guid"
    )
    title: FieldPath | None = setting("The title; by default a usual name such as title or headline.", default=None)
    body: FieldPath | None = setting("The text; by default a usual name such as content or description.", default=None)
    date: FieldPath | None = setting("The day; by default a usual name such as date or published.", default=None)
    url: FieldPath | None = setting(
        "The link to the release; by default a usual name such as url or link.", default=None
    )
    category: FieldPath | None = setting("Its categories; by default a usual name such as category.", default=None)


class Source(Section):
    """A folder into which dumps of one publisher are dropped."""

    path: Folder = setting("The folder; a relative one starts from the configuration's own folder.", example="seeds/")
    format: FormatName = setting("How the files are written.", default="text", example="json")
    files: Globs = setting(
        "Patterns for the names of dump files, by default those of the format; "
        "if several sources match, the first one is used.",
        default=default_files("text"),
    )
    ignore: tuple[Glob, ...] = setting(
        "Patterns for names that are never dumps; a list replaces the one for copies, conflicts and incomplete files.",
        default=IGNORED,
    )
    encoding: Codec = setting(
        "The encoding of the dumps; auto detects utf-8, utf-16, cp949 and cp1252, any other must be named.",
        default="auto",
    )
    categories: tuple[Word, ...] = setting("The category lines this publisher prints above titles.", default=())
    drop: tuple[LineGlob, ...] = setting(
        "Patterns for whole lines of a text that are no part of the release, such as hit counters.",
        default=(),
        example='["Views [0-9]*", "조회수*"]',
    )
    records: RecordsPath | None = setting(
        "Where the records are in a file: the keys that lead there, joined by dots.",
        default=None,
        example="data.results",
    )
    map: Map = ABSENT
    timezone: Zone | None = setting("The publisher's time zone; by default that of the top level.", default=None)
    dates: Dates = setting(
        "How dates are written whose day and month could be either: mdy, dmy or a strptime format.", default="auto"
    )
    html: Html = setting("Whether texts are HTML; auto: where one looks so.", default="auto")
    base: BaseAddress | None = setting(
        "The address that relative links start from.", default=None, example="https://example.org/press/"
    )
    empty: tuple[Word, ...] = setting("Values that stand for nothing, such as N/A.", default=())
    delimiter: Literal["auto", ",", ";", "tab", "|"] = setting("The sign between two values of a row.", default="auto")
    columns: tuple[Word, ...] = setting("The names of the columns, where no first row has them.", default=())
    between: Word | None = setting(
        "The line between two releases of one document; by default a file is one release.", default=None, example="=="
    )
    as_of: Literal["auto", "filename", "newest_date", "mtime", "arrival"] = setting(
        "How the age of a dump is found: from its file name, newest record, mtime or arrival; auto chooses.",
        default="auto",
    )
    max_record: Size = setting("A record beyond this size is rejected.", default="1MB")  # bytes
    max_file: Size = setting("A file beyond this size is rejected without being read.", default="2GB")  # bytes
    recursive: Flag = setting("Whether subfolders are watched as well.", default=False)
    listings: Mapping[Name, Globs] = setting(
        "Boards whose dumps are complete, by name, with file patterns: a release that one no longer shows "
        "within its range of days is withdrawn.",
        default={},
        example='{press: ["press_*.txt"]}',
    )
    fetch: Fetch | None = setting(
        "Where the file comes from, if the monitor is to download it itself.",
        default=None,
        example='{url: "https://harbour.example/news.txt"}',
    )
    first_run: FirstRun | None = setting("As at the top level, for this source only.", default=None)
    expect_every: ExpectedEvery | None = setting(
        "No new dump for this long notifies the operator. Days after it, as in 1d mon-fri, say which time counts.",
        default=None,
    )
    was: tuple[Name, ...] = setting("Earlier names of this source; data stored under them moves to it.", default=())

    @model_validator(mode="before")
    @classmethod
    def _files_of_format(cls, given: object) -> object:
        """Fill in the patterns of the format, unless the file has some."""
        if not isinstance(given, Mapping) or given.get("files") is not None:
            return given
        name = canonical(str(given.get("format") or "text"))
        return given if name is None else {**given, "files": default_files(name)}


class Channel(Section):
    """A way to reach people: one recipient, one address."""

    url: Url = setting(
        "The address, a secret: use ${NAME}, ${file:/path} or ${credential:name}.", example='"console://"'
    )
    max_age: PositiveDuration = setting("A message that could not be sent for this long has expired.", default="3d")
    rate: MessageRate | None = setting("The highest message rate; by default what the service allows.", default=None)
    max_per_hour: Limit = setting("Further messages in an hour are combined into one summary; 0: no limit.", default=60)
    digest: DigestTime | None = setting(
        "When collected messages are sent, as in 08:30, mon-fri 08:30, 17:00 or 1h; by default each at once.",
        default=None,
        example='"mon-fri 08:30, 17:00; sat 10:00"',
    )
    quiet: QuietHours | None = setting(
        "Hours in which only urgent messages are sent, as in 22:00-07:00; sat-sun or fri 18:00-mon 08:00.",
        default=None,
        example='"22:00-07:00; sat-sun"',
    )
    on_uncertain: Literal["resend", "hold"] = setting(
        "What to do if it is unknown whether a message arrived: resend it, or hold it for a person.", default="resend"
    )
    html: Literal["auto", "on", "off"] = setting("Whether messages are HTML; auto: in mail only.", default="auto")
    body: Literal["lead", "full"] = setting(
        "How much of a release's text an alert shows: its first 200 characters, or all of it.", default="lead"
    )
    language: Literal["en", "ko"] = setting("The language of the fixed words of an alert.", default="en")


class Example(Section):
    """One text: exactly one of the two keys."""

    match: Word | None = setting("A text that must match.", default=None, example='"a text that it must match"')
    no_match: Word | None = setting("A text that must not match.", default=None)


class Watchlist(Section):
    """What to search for and whom to alert: one of keywords, query and regex."""

    keywords: Words = setting("Words or phrases; any one of them matches.", default=(), example="[FTA]")
    query: Word = setting("A query with AND, OR, NOT, NEAR and the like.", default="")
    regex: Word = setting("A regular expression.", default="")
    exclude: Words = setting(
        "Words or phrases; a release that contains one does not match.", default=(), example='["photo news"]'
    )
    fields: Annotated[tuple[Literal["title", "body", "category"], ...], NonEmpty] = setting(
        "The fields to search.", default=("title", "body", "category")
    )
    when: Annotated[tuple[Event, ...], NonEmpty] = setting("The kinds of events to alert on.", default=parsers.WHEN)
    on_change: Literal["any", "added", "newly"] = setting(
        "Which changes to alert on: any, those that add a match, or those that first make it match.", default="any"
    )
    min_hits: Count = setting("How many places must match.", default=1)
    case: Literal["smart", "ignore", "exact"] = setting(
        "Whether letter case counts; smart: only in everyday words such as IT.", default="smart"
    )
    inflect: Flag = setting("Whether plurals match, too.", default=True)
    urgent: Flag = setting("Whether alerts bypass digests, quiet hours and the limit per hour.", default=False)
    sources: Annotated[tuple[str, ...], NonEmpty] | None = setting("The sources; by default all.", default=None)
    notify: tuple[str, ...] | None = setting("The channels to alert; by default all; []: record only.", default=None)
    tests: tuple[Example, ...] = setting("Texts that must match or not, tested by `monitor check`.", default=())


class Config(Section):
    """What to watch, what to search for, and whom to alert."""

    timezone: Zone = setting(
        "The time zone of publication days, digests, quiet hours and all times that people read; JSON is in UTC.",
        default="UTC",
    )
    state: Folder = setting(
        "The folder of the monitor's database; it must not be inside a watched folder.", default="state/"
    )
    store: StoreUrl | None = setting(
        "The PostgreSQL database that several monitors share; without it, the store is a SQLite file in `state`.",
        default=None,
        example='"${STORE_URL}"',
    )
    node: Name | None = setting(
        "What `status` and the log call this monitor where several share a store; without it, the name of the machine.",
        default=None,
        example="seoul-1",
    )
    pooler: Flag = setting(
        "Whether the address of `store` is that of a pooler, which gives each transaction another session.",
        default=False,
    )
    first_run: FirstRun = setting(
        "What the first scan of a source does: alert as usual, or baseline: record without alerts.", default="alert"
    )
    sources: Annotated[Mapping[Name, Source], NonEmpty] = setting(
        "The folders into which dumps are dropped, by a name of your choice.", example="{motie: {path: seeds/}}"
    )
    channels: Annotated[Mapping[Name, Channel], NonEmpty] = setting(
        "The ways to reach people, by a name of your choice.", example='{console: {url: "console://"}}'
    )
    watchlists: Mapping[Name, Watchlist] = setting(
        "What to search for and whom to alert, by a name of your choice.",
        default={},
        example="{fta: {keywords: [FTA]}}",
    )
    aliases: Mapping[str, Words] = setting(
        "Names that stand for a list of words wherever a rule uses them.", default={}, example="{us: [America]}"
    )
    watch: Watch = ABSENT
    operator: Operator = ABSENT
    health: Health = ABSENT
    web: Web = ABSENT
    heartbeat: Heartbeat = ABSENT
    retention: Retention = ABSENT

    _origin: Origin = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Keep the origin, which pydantic passes as the validation context."""
        self._origin = context

    @classmethod
    def bare(cls, file: Path, *, location: StoreLocation, timezone: ZoneInfo) -> Config:
        """Return a configuration that knows alone where its store is, for commands that read what is stored there."""
        kinds = Section.__subclasses__()
        unset = {key: kind() for key, about in cls.model_fields.items() for kind in kinds if kind is about.annotation}
        where = {"state": location.folder, "store": location.url, "pooler": location.is_pooled}
        config = cls.model_construct(None, **where, timezone=timezone, sources={}, channels={}, **unset)
        config.model_post_init(Origin(file=file, stamps={}))
        return config

    @property
    def is_bare(self) -> bool:
        """Return whether it is such a one, which knows no channel and no watchlist."""
        return not self.sources

    @property
    def location(self) -> StoreLocation:
        """Where the store is."""
        return StoreLocation(folder=self.state, url=self.store, is_pooled=self.pooler)

    @property
    def node_name(self) -> str:
        """What this monitor is called among those that share its store."""
        return self.node or os.uname().nodename

    @property
    def file(self) -> Path:
        """The absolute path of the configuration file."""
        return self._origin.file

    @property
    def stamps(self) -> Mapping[Path, FileStamp]:
        """The stamps of the file and of those that `${file:…}` and `${credential:…}` name, as they were read."""
        return self._origin.stamps

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, in file order."""
        return self._origin.warnings

    @property
    def faults(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the parts of the file that count as not set; see `load_what_is_valid`."""
        return self._origin.faults

    def with_origin(self, **changed: Any) -> Config:
        """Return the configuration with these parts of its origin changed."""
        copy = self.model_copy()
        copy.model_post_init(replace(self._origin, **changed))
        return copy

    def origin(self, path: str) -> tuple[int, int]:
        """Return line and column of a dotted path such as `watchlists.fta.keywords[0]`; (0, 0): not in the file."""
        return self._origin.places.get(path, (0, 0))

    def is_interpolated(self, path: str) -> bool:
        """Return whether the value at a dotted path comes from `${…}` and must not be shown."""
        return path in self._origin.interpolated

    @property
    def withheld(self) -> frozenset[str]:
        """The dotted paths of values that are not known: see `load_without_secrets` and `load_what_is_valid`."""
        return self._origin.withheld

    def reference(self, path: str) -> str:
        """Return what may be shown of an interpolated value: its text in the file, secrets masked."""
        return self._origin.interpolated[path]

    def __repr__(self) -> str:
        names = (f"{key}={list(getattr(self, key))}" for key in ("sources", "channels", "watchlists"))
        return f"Config({self.file.name!r}, {', '.join(names)})"

    __str__ = __repr__


def sections(section: type[Section] = Config, path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Yield this section and all below it by dotted path, with `*` in place of the user's own names."""
    yield path, section
    for key, about in section.model_fields.items():
        kinds = (about.annotation, *get_args(about.annotation))
        below = next((one for one in kinds if isinstance(one, type) and issubclass(one, Section)), None)
        if below:
            at = f"{path}.{key}" if path else key
            is_one = below is about.annotation or NoneType in kinds
            yield from sections(below, at if is_one else f"{at}.*")
