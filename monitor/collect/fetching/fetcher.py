"""Fetch the file of one source into its folder, and remember beside it what the server said.

A file is dropped under a temporary name and renamed when it is whole, as any other program should do it; the path
behind it knows nothing of its origin. A name holds the time, so a later file is known to be newer. Nothing is dropped
where the server has nothing new, or sends the same bytes again.

What is remembered lies in a hidden file of the same folder: who removes the files gets them sent again.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zlib import crc32

from monitor.collect.fetching.download import DownloadError, Limits, Validators, download
from monitor.files import read_object, sync, write_cache
from monitor.frozen import dataclass
from monitor.secret import Secret
from monitor.times import is_rfc3339, rfc3339

if TYPE_CHECKING:
    from monitor.collect.source import Source

MAX_REST = timedelta(days=1)  # between two attempts while they fail, unless the source is fetched less often
TELL_AFTER = 3  # failures in a row that are no lasting ones: a server may be restarted
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,8}){1,2}$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """Where a source's file comes from, and how often."""

    url: Secret
    every: timedelta
    headers: Mapping[str, Secret] = field(default_factory=dict)
    allow_private: bool = False
    keep: int = 10  # files; older ones are deleted once they have been ingested
    timeout: float = 60.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What is remembered of a source's fetches. Times are RFC 3339; empty: never."""

    url: str = ""  # a digest of the address: of another one the rest says nothing
    etag: str = ""
    last_modified: str = ""
    file: str = ""  # the newest one
    digest: str = ""  # of its content
    tried: str = ""
    fetched: str = ""  # when the server last answered with the file, or that it has no newer one
    failures: int = 0  # in a row
    failing_since: str = ""
    reason: str = ""  # of the last failure
    rest: float = 0.0  # seconds that the server asked for
    is_told: bool = False  # the operators know of the failure


def is_due(state: FetchState, options: FetchOptions, *, now: datetime) -> bool:
    """Return whether it is time to fetch: later after each failure, and as much later as the server asked for."""
    if not state.tried or state.url != _fingerprint(options.url):
        return True
    longest, tried = max(options.every, MAX_REST), datetime.fromisoformat(state.tried)
    rest = min(options.every * 2 ** min(state.failures, 20), longest) if state.failures else options.every
    rest = max(rest, min(timedelta(seconds=state.rest), longest))
    jitter = crc32(f"{state.url} {state.tried}".encode()) / 2**32  # many monitors are not to ask at the same second
    return not tried <= now < tried + rest * (1 + jitter / 10)


def has_to_be_told(state: FetchState, *, is_lasting: bool) -> bool:
    """Return whether the operators are to hear of a failure now: once, and not of one that a server's restart makes."""
    return bool(state.failures) and not state.is_told and (is_lasting or state.failures >= TELL_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What one fetch led to."""

    state: FetchState
    name: str = ""  # of the file that was dropped; empty: none
    failure: DownloadError | None = None
    is_recovered: bool = False  # the operators know of a failure that is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches the file of one source; used from one thread at a time."""

    source: str
    folder: Path
    options: FetchOptions
    suffix: str  # of the files' names
    max_size: int  # bytes

    def read_state(self) -> FetchState:
        """Return what is remembered; nothing of what is damaged, or of another address."""
        return read_fetch_state(self.folder, self.source)

    def write_state(self, state: FetchState) -> None:
        """Remember the state. Raises OSError."""
        path = _state_path(self.folder, self.source)
        made = path.with_name(f"{path.name}.new")
        write_cache(made, json.dumps(asdict(state), ensure_ascii=False))
        made.replace(path)

    def fetch(self, *, now: datetime) -> FetchResult:
        """Fetch once; a failure is part of the result. Raises OSError where the state cannot be written."""
        before, tried = self.read_state(), rfc3339(now) or ""
        if before.url != _fingerprint(self.options.url):
            before = FetchState(url=_fingerprint(self.options.url), is_told=before.is_told)
        try:
            self.folder.mkdir(exist_ok=True)
            name, state = self._fetch(before, now)
        except DownloadError as error:
            failure = error
        except OSError as error:
            failure = DownloadError(error.strerror or type(error).__name__)
        else:
            good = FetchState(
                url=state.url,
                etag=state.etag,
                last_modified=state.last_modified,
                file=state.file,
                digest=state.digest,
                tried=tried,
                fetched=tried,
            )
            self.write_state(good)
            return FetchResult(state=good, name=name, is_recovered=before.is_told)
        state = replace(
            before,
            tried=tried,
            failures=before.failures + 1,
            failing_since=before.failing_since or tried,
            reason=failure.reason,
            rest=failure.retry_after or 0.0,
        )
        self.write_state(state)
        return FetchResult(state=state, failure=failure)

    def attempted(self, state: FetchState, *, now: datetime) -> FetchState:
        """Return the state of an attempt that has just begun."""
        return replace(state, url=_fingerprint(self.options.url), tried=rfc3339(now) or "")

    def rotate(self, is_ingested: Callable[[bytes], bool]) -> None:
        """Delete all but the newest files of our own; one that was not ingested yet stays."""
        form = re.compile(rf"{re.escape(self.source)}-\d{{8}}T\d{{6}}Z(_\d+)?{re.escape(self.suffix)}", re.ASCII)
        names = sorted(name for name in os.listdir(self.folder) if form.fullmatch(name))
        for name in names[: -self.options.keep]:
            path = self.folder / name
            if is_ingested(os.fsencode(path)):
                path.unlink(missing_ok=True)

    def name_at(self, now: datetime) -> str:
        """Return the name of a file that is dropped now."""
        return f"{self.source}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{self.suffix}"

    def _free_name(self, now: datetime) -> str:
        """Return the name of a file that does not exist: an earlier one of the same second may be unread."""
        first = self.name_at(now)
        stem = first.removesuffix(self.suffix)
        names = (f"{stem}_{number}{self.suffix}" for number in itertools.count(2))
        return next(name for name in itertools.chain([first], names) if not (self.folder / name).exists())

    def _fetch(self, before: FetchState, now: datetime) -> tuple[str, FetchState]:
        """Return the name of the file that was dropped ("": none was), and what is to be remembered."""
        is_there = bool(before.file) and (self.folder / before.file).is_file()
        known = Validators(etag=before.etag, last_modified=before.last_modified) if is_there else Validators()
        limits = Limits(size=self.max_size, timeout=self.options.timeout, allow_private=self.options.allow_private)
        made = self.folder / f".{self.source}-{os.getpid()}-{os.urandom(4).hex()}.part"
        try:
            with made.open("xb") as into:
                done = download(self.options.url, into, limits=limits, validators=known, headers=self.options.headers)
                into.flush()
                os.fsync(into.fileno())
            if done is None:
                return "", before
            etag, last_modified = done.validators.etag, done.validators.last_modified
            if is_there and done.digest == before.digest:
                return "", replace(before, etag=etag, last_modified=last_modified)
            name = self._free_name(now)
            made.replace(self.folder / name)
            sync(self.folder)
            return name, replace(before, etag=etag, last_modified=last_modified, file=name, digest=done.digest)
        finally:
            made.unlink(missing_ok=True)


def read_fetch_state(folder: Path, source: str) -> FetchState:
    """Return what is remembered of a source's fetches, each field only where it is of its type."""
    found = read_object(_state_path(folder, source))
    blank = asdict(FetchState())
    kept = {key: found[key] for key, value in blank.items() if type(found.get(key)) is type(value)}
    for key in ("tried", "fetched", "failing_since"):
        if not is_rfc3339(kept.get(key)):
            kept.pop(key, None)
    return FetchState(**kept)


def fetcher_of(source: Source) -> Fetcher:
    """Return the fetcher of a source that has `fetch`. Raises ValueError for another one."""
    if source.fetch is None:
        raise ValueError(f"source {source.name} has no address to fetch")
    folder = source.folder
    return Fetcher(
        source=source.name,
        folder=Path(os.fsdecode(folder.path)),
        options=source.fetch,
        suffix=suffix_of(source.fetch.url, files=folder.files, matches=folder.matches),
        max_size=source.max_file,
    )


def suffix_of(url: Secret, *, files: Sequence[str], matches: Callable[[bytes], bool]) -> str:
    """Return how the files' names end: as the address does where the source takes such names, else as its patterns."""
    found = (_SUFFIX.search(text) for text in (urlsplit(url.reveal()).path, *files))
    suffixes = [match[0].lower() for match in found if match]
    return next((each for each in suffixes if matches(f"a-20260101T000000Z{each}".encode())), ".txt")


def _state_path(folder: Path, source: str) -> Path:
    return folder / f".fetch-{source}.json"


def _fingerprint(url: Secret) -> str:
    """Return what tells one address from another; it may hold a token, so only a digest is written to a file."""
    return sha256(url.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:16]
