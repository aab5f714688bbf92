"""Define the sections on the service itself: how it watches, whom it tells of problems, and what it keeps."""

from __future__ import annotations

from typing import Literal

from monitor.config.section import Section, setting
from monitor.config.text_types import Age, Duration, Flag, Glob, Listen, PositiveDuration, WebAddress


class Watch(Section):
    """How folders are watched."""

    mode: Literal["auto", "events", "poll"] = setting(
        "How new files are found: by events, by polling every few seconds, or auto.", default="auto", example="auto"
    )
    settle: Duration = setting(
        "A file not known to be closed is read once unchanged for this long; 15 times as long while open.", default="2s"
    )
    partial_grace: Duration = setting("How long an incomplete last record may still be completed.", default="10m")
    rescan: PositiveDuration = setting("How often folders are also listed, in case an event was lost.", default="1m")
    ignore: tuple[Glob, ...] = setting("More patterns for names to ignore, in every source.", default=())
    follow_symlinks: Flag = setting(
        "Whether links to files and folders are followed; if not, none leads out of a source.", default=False
    )


class Operator(Section):
    """Who is notified about problems of the monitor itself."""

    notify: tuple[str, ...] | None = setting(
        "The channels to notify of failing channels, rejects and lost messages; by default none: the log has them.",
        default=None,
        example="[console]",
    )


class Health(Section):
    """The health endpoints of the daemon: /healthz, /readyz and /metrics."""

    listen: Listen = setting(
        "The address to serve them on without a password, such as 127.0.0.1:9877, or off.",
        default="off",
        example="127.0.0.1:9877",
    )


class Heartbeat(Section):
    """A ping that is sent while the monitor is healthy."""

    url: WebAddress | None = setting(
        "The address to ping while the monitor is ready, otherwise with /fail appended; a secret.",
        default=None,
        example='"${HEARTBEAT_URL}"',
    )
    every: PositiveDuration = setting("How often it is sent.", default="1m")


class Retention(Section):
    """How long stored data is kept; by default forever."""

    versions: Age | None = setting("Days to keep versions that are not current.", default=None)
    messages: Age | None = setting("Days to keep sent, dead and dropped messages.", default=None, example="365")
    events: Age | None = setting("Days to keep events.", default=None)
