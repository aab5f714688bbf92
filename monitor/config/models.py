"""Text settings → typed, frozen ones: the keys a configuration can have, with their defaults.

A key that is missing here does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import ValidationInfo

from monitor.config import parsers, serialize
from monitor.config.diagnostics import Place
from monitor.config.redact import mask_urls
from monitor.errors import Diagnostic
from monitor.model import Kind, Rate
from monitor.notify.time_windows import Digest, Quiet
from monitor.secret import Secret

FileStamp = tuple[int, int, int] | None  # a file's inode, size and time of change; None: it is not there


@dataclass(frozen=True, slots=True, eq=False)
class TextType:
    """A kind of value that the file holds as text: how it is read, shown again and described to an editor."""

    parse: Callable[[str], object]
    schema: Mapping[str, object]  # JSON schema of the text
    show: Callable[[Any], object] = str  # without secrets

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        show = core_schema.plain_serializer_function_ser_schema(self._show)
        return core_schema.no_info_plain_validator_function(self._parse, serialization=show)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> dict[str, object]:
        return dict(self.schema)

    def _parse(self, value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError("text_type", "takes one value")
        return self.parse(value)

    def _show(self, value: object) -> object:
        return None if value is None else self.show(value)


def _pattern_schema(title: str, pattern: str) -> Mapping[str, object]:
    return {"title": title, "type": "string", "pattern": f"^({pattern})$"}


def _number_schema(title: str, pattern: str, least: int, most: int) -> Mapping[str, object]:
    return {"title": title, "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": pattern}


def _from_folder(text: str, info: ValidationInfo[Any]) -> Path:
    """A relative path starts from the configuration's folder."""
    return parsers.folder_path(text, info.context.folder)


_FLAG = "[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]"
_DAY = "[A-Za-z]{3}(-[A-Za-z]{3})?"
_TIME = "[0-9]{1,2}:[0-9]{2}"
_ANY_TEXT = ["string", "number", "boolean"]
_DURATION = _pattern_schema("duration", r"[0-9]{1,12}(\.[0-9]{1,12})?(ms|s|m|h|d|w)")
_SIZE = _pattern_schema("size", r"[0-9]{1,12}(\.[0-9]{1,12})?(B|kB|KB|MB|GB|TB)")
_DAYS = _number_schema("days, or keep", "^([0-9]{1,5}|keep)$", 1, 99999)
_DIGEST = _pattern_schema("digest time", f"({_DAY}(,{_DAY})* +)?{_TIME}")
_ADDRESS = _pattern_schema("address", r"off|[0-9.]{7,15}:[0-9]{1,5}|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}")
_NAME = {"title": "name", "type": "string", "pattern": r"^[A-Za-z0-9가-힣][^\s/:,;!?]{0,63}$"}

Duration = Annotated[timedelta, TextType(parsers.duration, _DURATION, serialize.duration)]
PositiveDuration = Annotated[timedelta, TextType(parsers.positive_duration, _DURATION, serialize.duration)]
Age = Annotated[timedelta | None, TextType(parsers.age, _DAYS, serialize.days)]
Size = Annotated[int, TextType(parsers.size, _SIZE, serialize.size)]
Count = Annotated[
    int, TextType(parsers.count, _number_schema("number from 1 to 1000", "^0{0,3}[1-9][0-9]{0,3}$", 1, 1000), int)
]
Limit = Annotated[int, TextType(parsers.limit, _number_schema("number", "^[0-9]{1,5}$", 0, 99999), int)]
Flag = Annotated[
    bool, TextType(parsers.flag, {"title": "yes or no", "type": ["boolean", "string"], "pattern": f"^({_FLAG})$"}, bool)
]
Zone = Annotated[ZoneInfo, TextType(parsers.zone, {"title": "time zone", "type": "string", "minLength": 1})]
Codec = Annotated[str, TextType(parsers.codec, {"title": "encoding", "type": "string", "minLength": 1})]
Glob = Annotated[str, TextType(parsers.glob, {"title": "pattern", "type": _ANY_TEXT, "pattern": "^[^/]+$"}, mask_urls)]
Word = Annotated[str, TextType(parsers.word, {"title": "text", "type": _ANY_TEXT, "pattern": r"\S"}, mask_urls)]
MessageRate = Annotated[
    Rate, TextType(parsers.rate, _pattern_schema("rate", r"[0-9]{1,6}(\.[0-9]{1,6})?/(s|m|min|h)"), serialize.rate)
]
DigestTime = Annotated[Digest, TextType(parsers.digest, _DIGEST, serialize.digest)]
QuietHours = Annotated[
    Quiet, TextType(parsers.quiet, _pattern_schema("span of hours", f" *{_TIME} *- *{_TIME} *"), serialize.quiet)
]
Event = Annotated[Kind, TextType(parsers.event, {"title": "kind of event", "enum": [str(one) for one in parsers.WHEN]})]
WebAddress = Annotated[
    Secret, TextType(parsers.web_address, _pattern_schema("web address", r"https?://[!-~]+"), serialize.secret)
]
Listen = Annotated[str, TextType(parsers.listen, _ADDRESS)]
Url = Annotated[
    Secret, TextType(parsers.url, _pattern_schema("url", r"[A-Za-z][A-Za-z0-9+.-]*://\S*"), serialize.secret)
]
Name = Annotated[str, TextType(parsers.name, _NAME)]
Folder = Annotated[
    Path, TextType(str, {"title": "path", "type": "string", "pattern": "^[^~]"}), AfterValidator(_from_folder)
]
NonEmpty = Field(min_length=1)
FirstRun = Literal["alert", "baseline"]


def setting(about: str, *, default: Any = ..., example: str = "") -> Any:
    """Describe one key: what it is for, its default (as the file would have it where that is text) and an example."""
    is_text = isinstance(default, str) and default != ""
    return Field(default, description=about, examples=[example] if example else None, validate_default=is_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a configuration came from; takes no part in comparing two of them."""

    file: Path = field(compare=False)  # absolute
    look: FileStamp = field(compare=False)  # of the file as it was read
    folder: Path = field(compare=False)  # what its relative paths start from
    places: Mapping[str, Place] = field(compare=False, repr=False)
    interpolated: Mapping[str, str] = field(
        compare=False, repr=False
    )  # what interpolation made: dotted path → what may show
    warnings: list[Diagnostic] = field(compare=False, repr=False, default_factory=list)


class Section(BaseModel):
    """Keys that belong together; one that is known and has no value counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

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

    path: Folder = setting("The folder; a relative one starts from the configuration's own folder.", example="seeds/")
    files: Annotated[tuple[Glob, ...], NonEmpty] = setting(
        "Patterns for the names of dump files; where several sources fit, the first counts.", default=("*.txt",)
    )
    encoding: Codec = setting("The dumps' encoding, such as utf-8 or cp949; auto finds it.", default="auto")
    categories: tuple[Word, ...] = setting("The category lines this publisher prints above titles.", default=())
    as_of: Literal["auto", "filename", "newest_date", "mtime"] = setting(
        "What tells a dump's age: the stamp in its name, its newest record, the file's time, or auto.", default="auto"
    )
    max_record: Size = setting("A record beyond this size is rejected.", default="1MB")  # bytes
    max_file: Size = setting("A file beyond this size is rejected unread.", default="2GB")  # bytes
    recursive: Flag = setting("Whether folders below are watched, too.", default=False)
    listings: Mapping[Name, Annotated[tuple[Glob, ...], NonEmpty]] = setting(
        "Boards whose dumps are complete, by name, with patterns for their files: what one no longer "
        "shows within its days is withdrawn.",
        default={},
        example='{press: ["press_*.txt"]}',
    )
    first_run: FirstRun | None = setting("As at the top level, for this source alone.", default=None)
    expect_every: PositiveDuration | None = setting(
        "The operator is told when no new dump came for that long.", default=None
    )
    was: tuple[Name, ...] = setting("Earlier names of this source: what is stored under them is its own.", default=())


class Channel(Section):
    """A way to reach people: one recipient, one address."""

    url: Url = setting(
        "The address, a secret: best as ${NAME}, ${file:/path} or ${credential:name}.", example='"console://"'
    )
    max_age: PositiveDuration = setting("A message that could not be sent for that long is given up.", default="3d")
    rate: MessageRate | None = setting(
        "How fast messages may follow one another; by itself what the service bears.", default=None
    )
    max_per_hour: Limit = setting(
        "Beyond so many messages an hour they fold into one summary; 0: no limit.", default=60
    )
    digest: DigestTime | None = setting(
        "When gathered messages go out, as in 08:30 or mon-fri 08:30; without it, each at once.", default=None
    )
    quiet: QuietHours | None = setting(
        "Hours in which nothing is sent but what is urgent, as in 22:00-07:00.", default=None
    )
    on_uncertain: Literal["resend", "hold"] = setting(
        "When a message may or may not have arrived: resend it, or hold it for a person.", default="resend"
    )
    html: Literal["auto", "on", "off"] = setting("Whether messages are pages; auto: in mail.", default="auto")


class Example(Section):
    """One text: exactly one of the two keys."""

    match: Word | None = setting("A text that must match.", default=None, example='"a text that it must match"')
    no_match: Word | None = setting("A text that must not match.", default=None)


class Watchlist(Section):
    """What to look for, and whom to tell: one of keywords, query and regex."""

    keywords: Annotated[tuple[Word, ...], NonEmpty] = setting(
        "Words or phrases of which any one counts.", default=(), example="[FTA]"
    )
    query: Word = setting("A query with AND, OR, NOT, NEAR and the like.", default="")
    regex: Word = setting("A regular expression.", default="")
    exclude: Annotated[tuple[Word, ...], NonEmpty] = setting(
        "Words or phrases that make a release not count.", default=(), example='["photo news"]'
    )
    fields: Annotated[tuple[Literal["title", "body", "category"], ...], NonEmpty] = setting(
        "Where to look.", default=("title", "body", "category")
    )
    when: Annotated[tuple[Event, ...], NonEmpty] = setting("The kinds of events that are told.", default=parsers.WHEN)
    on_change: Literal["any", "added", "newly"] = setting(
        "Which changes are told: any, those that add a match, or those that first make it match.", default="any"
    )
    min_hits: Count = setting("How many places must match.", default=1)
    case: Literal["smart", "ignore", "exact"] = setting(
        "Whether capitals count; smart: only in everyday words such as IT.", default="smart"
    )
    inflect: Flag = setting("Whether plurals count as the word.", default=True)
    urgent: Flag = setting("Whether it passes digests, quiet hours and the limit per hour.", default=False)
    sources: Annotated[tuple[str, ...], NonEmpty] | None = setting(
        "The sources it is for; without it, all.", default=None
    )
    notify: tuple[str, ...] | None = setting(
        "The channels that are told; without it, all; []: recorded only.", default=None
    )
    tests: tuple[Example, ...] = setting("Texts that must match or must not; check tries them.", default=())


class Watch(Section):
    """How folders are watched."""

    mode: Literal["auto", "events", "poll"] = setting(
        "How news of files comes: as events, by looking every few seconds (poll), or as fits (auto).",
        default="auto",
        example="auto",
    )
    settle: Duration = setting(
        "A file that nobody vouches for is read once it has not changed for that long.", default="2s"
    )
    partial_grace: Duration = setting(
        "How long an unfinished last record may still be completed before it is rejected.", default="10m"
    )
    rescan: PositiveDuration = setting("Folders are listed that often as well, should an event get lost.", default="1m")
    ignore: tuple[Glob, ...] = setting("Patterns for names to pass over.", default=())
    follow_symlinks: Flag = setting("Whether links are followed.", default=False)


class Operator(Section):
    """Who hears how the monitor itself fares."""

    notify: tuple[str, ...] | None = setting(
        "Who hears of failing channels, rejects and lost messages; without it, all; []: nobody.",
        default=None,
        example="[console]",
    )


class Health(Section):
    """Pages for machines: /healthz, /readyz and /metrics, from the daemon."""

    listen: Listen = setting(
        "The address to serve them on, such as 127.0.0.1:9877, without a password; off: none.",
        default="off",
        example="127.0.0.1:9877",
    )


class Heartbeat(Section):
    """A ping that goes out while the monitor is well."""

    url: WebAddress | None = setting(
        "The address that is asked for while the monitor is ready, with /fail behind it else; a secret.",
        default=None,
        example='"${HEARTBEAT_URL}"',
    )
    every: PositiveDuration = setting("How often.", default="1m")


class Retention(Section):
    """How long the past is kept; without a value, for ever."""

    versions: Age | None = setting(
        "Days that old versions are kept.", default=None
    )  # texts that are no release's current one
    messages: Age | None = setting(
        "Days that delivered messages are kept.", default=None, example="365"
    )  # that are sent, dead or dropped
    events: Age | None = setting("Days that events are kept.", default=None)


class Config(Section):
    """What to watch, for what, and whom to tell."""

    timezone: Zone = setting(
        "Whose midnight a publication day starts at, and whose clock digests and quiet hours follow.", default="UTC"
    )
    state: Folder = setting("The folder of the monitor's memory; it may not lie in a watched folder.", default="state/")
    first_run: FirstRun = setting(
        "What the first look into a source does: alert like any other, or baseline: record and tell nobody.",
        default="alert",
    )
    sources: Annotated[Mapping[Name, Source], NonEmpty] = setting(
        "The folders that dumps are dropped into, by a name of your own.", example="{motie: {path: seeds/}}"
    )
    channels: Annotated[Mapping[Name, Channel], NonEmpty] = setting(
        "The ways to reach people, by a name of your own.", example='{console: {url: "console://"}}'
    )
    watchlists: Mapping[Name, Watchlist] = setting(
        "What to look for and whom to tell, by a name of your own.", default={}, example="{fta: {keywords: [FTA]}}"
    )
    aliases: Mapping[str, Annotated[tuple[Word, ...], NonEmpty]] = setting(
        "Names that stand for a list of words wherever a rule writes them.",
        default={},
        example="{us: [America]}",
    )
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
    def look(self) -> FileStamp:
        """What tells the file as it was read from what it has become."""
        return self._origin.look

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What should be looked at, in file order."""
        return tuple(self._origin.warnings)

    def origin(self, path: str) -> tuple[int, int]:
        """Line and column of a dotted path such as `watchlists.fta.keywords[0]`; (0, 0): a default, not in the file."""
        return self._origin.places.get(path, (0, 0))

    def is_interpolated(self, path: str) -> bool:
        """Whether the value at a dotted path was made by `${…}` and must not be shown."""
        return path in self._origin.interpolated

    def reference(self, path: str) -> str:
        """What may be shown of a value that interpolation made: its text in the file, secrets masked."""
        return self._origin.interpolated[path]

    def __repr__(self) -> str:
        names = (f"{key}={list(getattr(self, key))}" for key in ("sources", "channels", "watchlists"))
        return f"Config({self.file.name!r}, {', '.join(names)})"

    __str__ = __repr__


def sections(section: type[Section] = Config, path: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Yield every section below this one, itself first, by its dotted path; a name of the user's own is `*`."""
    yield path, section
    for key, about in section.model_fields.items():
        kinds = (about.annotation, *get_args(about.annotation))
        below = next((one for one in kinds if isinstance(one, type) and issubclass(one, Section)), None)
        if below:
            at = f"{path}.{key}" if path else key
            yield from sections(below, at if below is about.annotation else f"{at}.*")
