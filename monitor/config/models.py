"""Text settings → typed, frozen ones: the keys a configuration can have, with their defaults.

A key that is missing here does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core.core_schema import ValidationInfo

from monitor.config import parsers
from monitor.config.diagnostics import Place
from monitor.errors import Fault
from monitor.model import Kind, Rate
from monitor.notify.time_windows import Digest, Quiet
from monitor.secret import Secret

Look = tuple[int, int, int] | None  # a file's inode, size and time of change; None: it is not there

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Text:
    """Parses text and lets pydantic refuse the rest: a list or a table is the wrong form, not a wrong value."""

    parse: Callable[[str], object]

    def __call__(self, value: object) -> object:
        return self.parse(value) if isinstance(value, str) else value


def _text(parse: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(Text(parse))


def from_folder(value: object, info: ValidationInfo[Any]) -> object:
    """A relative path starts from the configuration's folder."""
    return parsers.folder_path(value, info.context.folder) if isinstance(value, str) else value


def needs_entry(entries: _T) -> _T:
    """Refuse a list or a table with nothing in it."""
    if not entries:
        raise ValueError("needs at least one entry")
    return entries


Duration = Annotated[timedelta, _text(parsers.duration)]
PositiveDuration = Annotated[timedelta, _text(parsers.positive_duration)]
Age = Annotated[timedelta | None, _text(parsers.age)]
Size = Annotated[int, _text(parsers.size)]
Count = Annotated[int, _text(parsers.count)]
Flag = Annotated[bool, _text(parsers.flag)]
Zone = Annotated[ZoneInfo, _text(parsers.zone)]
Codec = Annotated[str, _text(parsers.codec)]
Glob = Annotated[str, _text(parsers.glob)]
Word = Annotated[str, _text(parsers.word)]
Limit = Annotated[int, _text(parsers.limit)]
Speed = Annotated[Rate, _text(parsers.rate)]
DigestTime = Annotated[Digest, _text(parsers.digest)]
QuietHours = Annotated[Quiet, _text(parsers.quiet)]
Event = Annotated[Kind, _text(parsers.event)]
WebAddress = Annotated[Secret, _text(parsers.web_address)]
Listen = Annotated[str, _text(parsers.listen)]
Url = Annotated[Secret, _text(parsers.url)]
Name = Annotated[str, AfterValidator(parsers.name)]
Folder = Annotated[Path, BeforeValidator(from_folder)]
Some = AfterValidator(needs_entry)
FirstRun = Literal["alert", "baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a configuration came from; takes no part in comparing two of them."""

    file: Path = field(compare=False)  # absolute
    look: Look = field(compare=False)  # of the file as it was read
    folder: Path = field(compare=False)  # what its relative paths start from
    places: Mapping[str, Place] = field(compare=False, repr=False)
    filled: Mapping[str, str] = field(compare=False, repr=False)  # what interpolation made: dotted path → what may show
    warnings: list[Fault] = field(compare=False, repr=False, default_factory=list)


class Section(BaseModel):
    """Keys that belong together; one that is known and has no value counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_unset(cls, given: object) -> object:
        if given is None:  # `team:` with nothing below it: what it lacks will be said
            return {}
        if not isinstance(given, Mapping):
            return given
        return {key: value for key, value in given.items() if value is not None or key not in cls.model_fields}


class Source(Section):
    """A folder that dumps of one publisher are dropped into."""

    path: Folder
    files: Annotated[tuple[Glob, ...], Some] = ("*.txt",)
    encoding: Codec = "auto"
    categories: tuple[Word, ...] = ()
    as_of: Literal["auto", "filename", "newest_date", "mtime"] = "auto"
    max_record: Size = 10**6  # bytes
    max_file: Size = 2 * 10**9  # bytes
    recursive: Flag = False
    listings: Mapping[Name, Annotated[tuple[Glob, ...], Some]] = Field(default_factory=dict)
    first_run: FirstRun | None = None  # None: as the top level says
    expect_every: PositiveDuration | None = None  # None: however seldom
    was: tuple[Name, ...] = ()  # earlier names


class Channel(Section):
    """A way to reach people."""

    url: Url
    max_age: PositiveDuration = timedelta(hours=72)  # a message that waited longer is given up
    rate: Speed | None = None  # None: what the service bears
    max_per_hour: Limit = 60  # messages; 0: no limit; beyond it they fold into one summary
    digest: DigestTime | None = None  # None: every message at once
    quiet: QuietHours | None = None
    on_uncertain: Literal["resend", "hold"] = "resend"
    html: Literal["auto", "on", "off"] = "auto"  # auto: in mail


class Example(Section):
    """A text beside a watchlist that proves it right: exactly one of the two keys is there."""

    match: Word | None = None
    no_match: Word | None = None


class Watchlist(Section):
    """What to look for, and whom to tell; exactly one of keywords, query and regex is there."""

    keywords: Annotated[tuple[Word, ...], Some] = ()
    query: Word = ""
    regex: Word = ""
    exclude: Annotated[tuple[Word, ...], Some] = ()
    fields: Annotated[tuple[Literal["title", "body", "category"], ...], Some] = ("title", "body", "category")
    when: Annotated[tuple[Event, ...], Some] = parsers.WHEN
    on_change: Literal["any", "added", "newly"] = "any"
    min_hits: Count = 1
    case: Literal["smart", "ignore", "exact"] = "smart"
    inflect: Flag = True
    urgent: Flag = False  # passes digests, quiet hours and the limit per hour
    sources: Annotated[tuple[str, ...], Some] | None = None  # None: every source
    notify: tuple[str, ...] | None = None  # None: every channel; (): record only
    tests: tuple[Example, ...] = ()


class Watch(Section):
    """How folders are watched."""

    mode: Literal["auto", "events", "poll"] = "auto"
    settle: Duration = timedelta(seconds=2)
    partial_grace: Duration = timedelta(minutes=10)
    rescan: PositiveDuration = timedelta(seconds=60)
    ignore: tuple[Glob, ...] = ()
    follow_symlinks: Flag = False


class Operator(Section):
    """Who is told how the monitor itself fares."""

    notify: tuple[str, ...] | None = None  # None: every channel; (): the log alone


class Health(Section):
    """What machines can ask of the daemon over HTTP."""

    listen: Listen = "off"


class Heartbeat(Section):
    """A ping that goes out for as long as the daemon is ready."""

    url: WebAddress | None = None  # None: no ping
    every: PositiveDuration = timedelta(minutes=1)


class Retention(Section):
    """How long what is kept; None: for ever."""

    versions: Age | None = None  # texts that are no release's current one
    messages: Age | None = None  # that are sent, dead or dropped
    events: Age | None = None


class Config(Section):
    """One whole configuration, valid in itself."""

    timezone: Zone = Field(default="UTC", validate_default=True)
    state: Folder = Field(default="state/", validate_default=True)
    first_run: FirstRun = "alert"
    sources: Annotated[Mapping[Name, Source], Some]
    channels: Annotated[Mapping[Name, Channel], Some]
    watchlists: Mapping[Name, Watchlist] = Field(default_factory=dict)
    aliases: Mapping[str, Annotated[tuple[Word, ...], Some]] = Field(default_factory=dict)
    watch: Watch = Watch()
    operator: Operator = Operator()
    health: Health = Health()
    heartbeat: Heartbeat = Heartbeat()
    retention: Retention = Retention()

    _origin: Origin = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Keep where it came from; pydantic hands over the validation context."""
        self._origin = context

    @property
    def file(self) -> Path:
        """The configuration file, absolute."""
        return self._origin.file

    @property
    def look(self) -> Look:
        """What tells the file as it was read from what it has become."""
        return self._origin.look

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What should be looked at, in file order."""
        return tuple(self._origin.warnings)

    def origin(self, path: str) -> tuple[int, int]:
        """Line and column of a dotted path such as `watchlists.fta.keywords[0]`; (0, 0): a default, not in the file."""
        return self._origin.places.get(path, (0, 0))

    def is_interpolated(self, path: str) -> bool:
        """Whether the value at a dotted path was made by `${…}` and must not be shown."""
        return path in self._origin.filled

    def reference(self, path: str) -> str:
        """What may be shown of a value that interpolation made: its text in the file, secrets masked."""
        return self._origin.filled[path]

    def __repr__(self) -> str:
        names = (f"{key}={list(getattr(self, key))}" for key in ("sources", "channels", "watchlists"))
        return f"Config({self.file.name!r}, {', '.join(names)})"

    __str__ = __repr__
