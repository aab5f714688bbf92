"""Define the types of values in the configuration: how each is written, read and described to an editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import ValidationInfo

from monitor.collect.formats.fields import Expression
from monitor.collect.formats.registry import NAMES
from monitor.config import parsers, store_address, web_parsers, window_parsers
from monitor.config.redact import mask_urls
from monitor.config.yaml_tree import Withheld
from monitor.model import Kind, Rate
from monitor.notify.time_windows import Digest, Expectation, Quiet
from monitor.secret import Secret


@dataclass(frozen=True, slots=True, eq=False)
class TextType:
    """A type of value that the file holds as text: how it is parsed, written again and described to an editor."""

    parse: Callable[[str], object]
    schema: Mapping[str, object]  # JSON schema of the text
    write: Callable[[Any], object] = str  # without secrets

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        write = core_schema.plain_serializer_function_ser_schema(self.write, when_used="unless-none")
        return core_schema.no_info_plain_validator_function(self._parse, serialization=write)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> dict[str, object]:
        return dict(self.schema)

    def _parse(self, value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError("text_type", "must be a single value")
        if isinstance(value, Withheld) and self.write is parsers.secret_text:
            return Secret(str(value))
        if isinstance(value, Withheld) and self.parse in (parsers.name, parsers.header_name):
            return str(value)  # what is wrong with the name is reported already
        return self.parse(value)


def _text(title: str, pattern: str) -> Mapping[str, object]:
    return {"title": title, "type": "string", "pattern": f"^({pattern})$"}


def _number(title: str, pattern: str, least: int, most: int) -> Mapping[str, object]:
    return {"title": title, "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": pattern}


def _from_folder(text: str, info: ValidationInfo[Any]) -> Path:
    """Resolve a relative path from the configuration's folder."""
    return parsers.folder_path(text, info.context.file.parent)


_ANY_TEXT = ["string", "number", "boolean"]
_BOOLEAN = "[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]"
_FLAG = {"title": "yes or no", "type": ["boolean", "string"], "pattern": f"^({_BOOLEAN})$"}
_DURATION = _text("duration", parsers.DURATION.pattern)
_DAYS = _number("days, or keep", "^([0-9]{1,5}|keep)$", 1, 99999)
_COUNT = _number("number from 1 to 1000", "^0{0,3}[1-9][0-9]{0,3}$", 1, 1000)
_QUIET = _text("range of hours", window_parsers.QUIET_PATTERN)
_DIGEST = _text("digest time", window_parsers.DIGEST_PATTERN)
_EXPECTATION = _text("duration", window_parsers.EXPECTATION_PATTERN)
_WEB_ADDRESS = _text("web address", parsers.WEB_ADDRESS.pattern)
_PLACE = {"title": "expression", "type": _ANY_TEXT, "pattern": r"\S"}
_HTML = {"title": "auto, yes or no", "type": ["boolean", "string"], "pattern": f"^(auto|{_BOOLEAN})$"}
_PATH = {"title": "path", "type": "string", "pattern": "^[^~]"}
_ADDRESS_PATTERN = r"[0-9.]{7,15}:[0-9]{1,5}|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}"
_ADDRESS = _text("address", "off|" + _ADDRESS_PATTERN)
_WEB_LISTEN = _text("address", f"off|localhost:[0-9]{{1,5}}|{web_parsers.WEB_SOCKET.pattern}|" + _ADDRESS_PATTERN)
_NAME = {"title": "name", "type": "string", "pattern": r"^[A-Za-z0-9가-힣][^\s/:,;!?]{0,63}$"}

Duration = Annotated[timedelta, TextType(parsers.duration, _DURATION, parsers.duration_text)]
PositiveDuration = Annotated[timedelta, TextType(parsers.positive_duration, _DURATION, parsers.duration_text)]
Age = Annotated[timedelta | None, TextType(parsers.age, _DAYS, lambda age: str(age.days))]
Size = Annotated[int, TextType(parsers.size, _text("size", parsers.SIZE.pattern), parsers.size_text)]
Count = Annotated[int, TextType(parsers.count, _COUNT, int)]
Limit = Annotated[int, TextType(parsers.limit, _number("number", "^[0-9]{1,5}$", 0, 99999), int)]
Flag = Annotated[bool, TextType(parsers.flag, _FLAG, bool)]
Zone = Annotated[ZoneInfo, TextType(parsers.zone, {"title": "time zone", "type": "string", "minLength": 1})]
Codec = Annotated[str, TextType(parsers.codec, {"title": "encoding", "type": "string", "minLength": 1})]
Glob = Annotated[str, TextType(parsers.glob, {"title": "pattern", "type": _ANY_TEXT, "pattern": "^[^/]+$"}, mask_urls)]
LineGlob = Annotated[
    str, TextType(parsers.line_glob, {"title": "line pattern", "type": _ANY_TEXT, "pattern": r"\S"}, mask_urls)
]
Word = Annotated[str, TextType(parsers.word, {"title": "text", "type": _ANY_TEXT, "pattern": r"\S"}, mask_urls)]
MessageRate = Annotated[Rate, TextType(parsers.rate, _text("rate", parsers.RATE.pattern), parsers.rate_text)]
DigestTime = Annotated[Digest, TextType(window_parsers.digest, _DIGEST, window_parsers.digest_text)]
QuietHours = Annotated[Quiet, TextType(window_parsers.quiet, _QUIET, window_parsers.quiet_text)]
ExpectedEvery = Annotated[
    Expectation, TextType(window_parsers.expectation, _EXPECTATION, window_parsers.expectation_text)
]
Event = Annotated[Kind, TextType(parsers.event, {"title": "kind of event", "enum": [str(one) for one in parsers.WHEN]})]
WebAddress = Annotated[Secret, TextType(parsers.web_address, _WEB_ADDRESS, parsers.secret_text)]
Header = Annotated[
    Secret,
    TextType(parsers.header, {"title": "header value", "type": _ANY_TEXT, "pattern": r"\S"}, parsers.secret_text),
]
HeaderName = Annotated[str, TextType(parsers.header_name, _text("header name", parsers.HEADER_NAME.pattern))]
Listen = Annotated[str, TextType(parsers.listen, _ADDRESS)]
WebListen = Annotated[str, TextType(web_parsers.web_listen, _WEB_LISTEN)]
PageUrl = Annotated[str, TextType(web_parsers.page_url, _WEB_ADDRESS)]
HostName = Annotated[str, TextType(web_parsers.host_name, _text("host name", web_parsers.HOST_NAME.pattern))]
PasswordLine = Annotated[
    Secret,
    TextType(web_parsers.password_line, _text("password line", web_parsers.PASSWORD_LINE.pattern), parsers.secret_text),
]
Url = Annotated[Secret, TextType(parsers.url, _text("url", parsers.URL.pattern), parsers.secret_text)]
StoreUrl = Annotated[
    Secret,
    TextType(
        store_address.store_url, _text("address of a database", store_address.STORE_URL.pattern), parsers.secret_text
    ),
]
Name = Annotated[str, TextType(parsers.name, _NAME)]
FormatName = Annotated[str, TextType(parsers.format_name, {"title": "format", "enum": list(NAMES)})]
RecordsPath = Annotated[
    tuple[str, ...], TextType(parsers.records_path, {**_PLACE, "title": "names joined by dots"}, ".".join)
]
FieldPath = Annotated[Expression, TextType(parsers.expression, _PLACE)]
Dates = Annotated[str, TextType(parsers.dates, _text("auto, mdy, dmy or a strptime format", "auto|mdy|dmy|.*%.*"))]
Html = Annotated[str, TextType(parsers.html, _HTML)]
BaseAddress = Annotated[str, TextType(parsers.base_address, _WEB_ADDRESS)]
Folder = Annotated[Path, TextType(str, _PATH), AfterValidator(_from_folder)]
NonEmpty = Field(min_length=1)
Words = Annotated[tuple[Word, ...], NonEmpty]
Globs = Annotated[tuple[Glob, ...], NonEmpty]
FirstRun = Literal["alert", "baseline"]
