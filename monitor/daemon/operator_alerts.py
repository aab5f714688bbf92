"""Alert the people who run the monitor to its own problems, with system messages.

No alert goes through the channel that it is about, and one event is alerted at most once an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.channel_health import ChannelState
from monitor.errors import StoreDamaged, StoreError, StoreReplaced
from monitor.frozen import dataclass
from monitor.ingest_values import BaselineCounts, CutOffBaseline, IngestReport
from monitor.logs import warn, warn_store
from monitor.model import Delivery, Message
from monitor.notify.retry import Decision, Transition
from monitor.ports import Clock, Outbox
from monitor.state_values import OverdueDumps
from monitor.times import in_zone, parse_timestamp

_REMIND_AFTER = timedelta(hours=1)
_UTC = ZoneInfo("UTC")
_LOGGED = 1_000  # keys that are remembered
_SEE_REJECTS = "`monitor dumps --rejects` says why; the files are left as they are."
_HELD_COMMANDS = (
    "`monitor alerts --state held` lists all; `monitor alerts retry ID` sends one again, `drop ID` gives it up."
)


class Told(StrEnum):
    """What became of an alert."""

    NOW = "now"  # it is stored, or logged where there is no channel to tell
    BEFORE = "before"  # one of the same key was stored or logged before
    NOT_YET = "not yet"  # the store failed for some channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAlerts:
    """The channels that are alerted, and the outbox of the alerts; each public method alerts one event.

    Where no channel is left to alert, the log has the whole text, once for each key.
    Used from several threads: each change of `postponed` and `logged` is one step.
    """

    channels: Sequence[str]
    outbox: Outbox
    clock: Clock
    timezone: ZoneInfo = _UTC  # of the times in the alerts
    postponed: dict[str, Message] = field(default_factory=dict)  # by key: alerts that the store could not take yet
    logged: dict[str, None] = field(default_factory=dict)  # keys of alerts that no channel got; the newest of them

    def channel_state_changed(self, channel: str, transition: Transition, state: ChannelState) -> None:
        """Alert that a channel fails, or works again."""
        since = f" since {self._local(state.since)}" if state.since else ""
        if transition is Transition.RECOVERED:
            text = f"channel {channel} works again\nIt failed{since}; what waited for it is on its way."
        elif state.is_refused:
            text = (
                f"channel {channel} refuses everything\n{state.reason}. Its messages wait; it is tried again once its"
                f" settings or the file of its secret have changed, and by `monitor channels resume {channel}`."
            )
        else:
            text = (
                f"channel {channel} is failing\n{state.failures} failures in a row{since}; last: {state.reason}."
                " Its messages wait and are tried again by themselves."
            )
        self._alert(text, key=f"{transition}:{channel}:{self._hour(state.since)}{_resumed(state)}", about=channel)

    def channel_still_down(self, channel: str, state: ChannelState) -> None:
        """Alert once more that a channel is down, an hour after it began to fail or was resumed."""
        began = max(filter(None, (state.since, state.resumed)), default=None)
        if began and state.since and self.clock.now() - began >= _REMIND_AFTER and {*self.channels} - {channel}:
            self._alert(
                f"channel {channel} is still down\nSince {self._local(state.since)}; last: {state.reason}."
                f" Its messages wait; `monitor channels resume {channel}` tries it at once.",
                key=f"lasting:{channel}:{state.since}{_resumed(state)}",
                about=channel,
            )

    def message_dead(self, delivery: Delivery, decision: Decision) -> None:
        """Alert that a message was given up; a dead system message is only logged."""
        message = delivery.message
        if message.kind != "system":
            self._alert(
                f"a message to channel {message.channel} was given up\nMessage {delivery.id}:"
                f" {decision.verdict.reason}. `monitor alerts --state dead` lists all.",
                key=f"dead:{message.channel}:{self._hour()}",
                about=message.channel,
            )

    def message_held(self, delivery: Delivery, decision: Decision) -> None:
        """Alert that a message may have arrived, and that a person decides whether to send it again."""
        message = delivery.message
        if message.kind != "system":
            self._alert(
                f"a message to channel {message.channel} waits for you\nMessage {delivery.id} may have arrived or not:"
                f" {decision.verdict.reason}. {_HELD_COMMANDS}",
                key=f"held:{message.channel}:{self._hour()}",
                about=message.channel,
            )

    def sends_interrupted(self, counts: Mapping[str, int]) -> None:
        """Alert that the monitor ended during sends, whose messages may have arrived."""
        for channel, count in counts.items():
            self._alert(
                f"{_plural(count, 'message')} to channel {channel} {'waits' if count == 1 else 'wait'} for you\n"
                f"The monitor ended during the send: it may have arrived or not. {_HELD_COMMANDS}",
                key=f"held-over:{channel}:{self._hour()}",
                about=channel,
            )

    def messages_expired(self, counts: Mapping[str, int]) -> None:
        """Alert that messages have expired while they waited."""
        for channel, count in counts.items():
            self._alert(
                f"{_plural(count, 'message')} to channel {channel} {'was' if count == 1 else 'were'} given up\n"
                "Waited longer than max_age. `monitor alerts --state dead` lists what was given up.",
                key=f"expired:{channel}:{self._hour()}",
                about=channel,
            )

    def store_failed(self, failure: StoreError | None) -> None:
        """Alert that the store is damaged or was replaced, once a day; any other failure passes by itself.

        Where the store itself cannot take the alert, it is queued when the store works again.
        """
        if isinstance(failure, StoreDamaged | StoreReplaced):
            what = "is damaged" if isinstance(failure, StoreDamaged) else "was replaced while it was in use"
            self._alert(
                f"the state store {what}\n{failure.message}.",
                key=f"store:{type(failure).__name__}:{self.clock.now():%Y-%m-%d}",
            )

    def config_rejected(self, reason: str, *, when: str) -> None:
        """Alert that a changed configuration cannot be used. when: identifies the change."""
        self._alert(
            f"the changed configuration cannot be used\n{reason}\nThe monitor continues with the previous one;"
            " `monitor check` lists everything that is wrong.",
            key=f"config:{when}",
        )

    def config_accepted(self, file: str, *, when: str) -> None:
        """Alert that the configuration can be used again, and is in force."""
        self._alert(
            f"the configuration can be used again\nThe monitor works with {file} as it is now.",
            key=f"config-mended:{when}",
        )

    def health_unavailable(self, address: str, reason: str) -> None:
        """Alert that the health pages cannot be served at their address."""
        self._alert(
            f"the health pages cannot be served\n{address}: {reason}. The monitor goes on without them; name another"
            " address in health.listen, or free this one and run `monitor reload`.",
            key=f"health:{address}:{self._hour()}",
        )

    def dump_rejected(self, report: IngestReport, *, earlier: int = 0) -> Told:
        """Alert that parts of a dump could not be read, and `earlier` parts of dumps before it."""
        others = f", and {earlier} of dumps before it" if earlier else ""
        told, _ = self._queue(
            f"{_plural(report.rejected + earlier, 'part')} of {'dumps' if earlier else 'a dump'} could not be read\n"
            f"Dump {report.name} of source {report.source}{others}. {_SEE_REJECTS}",
            key=f"rejected:{report.source}:{self._hour()}",
        )
        return told

    def more_rejected(self, source: str, count: int, *, occasion: str = "") -> Told:
        """Alert that more parts of a source's dumps could not be read. occasion: as in RejectAlerts."""
        told, _ = self._queue(
            f"{_plural(count, 'more part')} of dumps could not be read\nOf source {source}. {_SEE_REJECTS}",
            key=f"rejected:{source}:{self._hour()}{occasion}",
        )
        return told

    def listing_incomplete(self, report: IngestReport) -> None:
        """Alert that a dump of a declared listing lacks more of its releases than it still shows."""
        self._alert(
            f"a listing of source {report.source} lacks {_plural(report.missing, 'release')}\nDump {report.name} still"
            " shows fewer than that; a page that was half loaded looks the same. They are withdrawn if the next dump of"
            " the listing lacks them, too.",
            key=f"missing:{report.source}:{report.name}:{self._hour()}",
        )

    def dump_failed(self, source: str, name: str, error: str) -> None:
        """Alert that an error in this program kept a dump from being ingested."""
        self._alert(
            f"a dump could not be ingested\nDump {name} of source {source}: {error}, an error in the monitor itself;"
            " its log has the details. The file is left as it is and tried again: at least every hour, and at the next"
            " start.",
            key=f"failed:{source}:{self._hour()}",
        )

    def files_unsettled(self, source: str, names: Sequence[str]) -> None:
        """Alert that files of a source have waited for an hour: somebody keeps writing, or they cannot be read."""
        self._alert(
            f"{_plural(len(names), 'file')} of source {source} cannot be read for an hour\n{', '.join(names)}: still"
            " being written to, or unreadable. `monitor status` lists them; the log says why.",
            key=f"unsettled:{source}:{self._hour()}:{names[0]}",
        )

    def paths_unreadable(self, source: str, names: Sequence[str]) -> None:
        """Alert that parts of a source's folder cannot be read."""
        self._alert(
            f"a part of the folder of source {source} cannot be read\n{'; '.join(names)}. Everything else in the folder"
            " is watched.",
            key=f"unreadable:{source}:{self._hour()}",
        )

    def dumps_overdue(self, overdue: OverdueDumps) -> Told:
        """Alert that dumps ended in the middle of a release, or before any, and were not completed."""
        headlines, reasons = list[str](), list[str]()
        if overdue.unfinished:
            headlines.append(f"{_plural(overdue.unfinished, 'unfinished dump')} stayed unfinished")
            reasons.append("The last release of each was rejected.")
        if overdue.empty:
            headlines.append(f"{_plural(overdue.empty, 'dump')} stayed empty")
            reasons.append("An empty file holds no release.")
        return self._alert(
            f"{', and '.join(headlines)}\n{' '.join(reasons)} `monitor dumps --rejects` lists them.",
            key=f"overdue:{self._hour()}",
        )

    def source_silent(self, source: str, *, since: datetime, has_dumps: bool) -> Told:
        """Alert that no dump came for longer than `expect_every`. since: the last dump, else the first start."""
        what = "no new dump of source" if has_dumps else "no dump at all of source"
        return self._alert(
            f"{what} {source} since {self._local(since)}\nOne is expected more often (expect_every). Look after"
            " the program that drops its files; `monitor status` says how its folder is watched.",
            key=f"silent:{source}:{since:%Y-%m-%dT%H:%M:%S}",
        )

    def source_resumed(self, source: str, *, since: datetime) -> Told:
        """Alert that dumps come again after a silence."""
        return self._alert(
            f"dumps of source {source} come again\nNone had come since {self._local(since)}.",
            key=f"heard:{source}:{since:%Y-%m-%dT%H:%M:%S}",
        )

    def fetch_failed(self, source: str, *, since: str, reason: str) -> Told:
        """Alert that the file of a source cannot be fetched. since: RFC 3339."""
        begin = self._local(parse_timestamp(since))
        return self._alert(
            f"the file of source {source} cannot be fetched\nSince {begin}; last: {reason}. It is tried again by"
            " itself, later each time; `monitor status` shows when it works.",
            key=f"fetch:{source}:{since}",
        )

    def fetch_recovered(self, source: str) -> Told:
        """Alert that the file of a source can be fetched again."""
        return self._alert(
            f"the file of source {source} can be fetched again\nWhat it shows now has been read.",
            key=f"fetched:{source}:{self._hour()}",
        )

    def clock_jumped(self, by: timedelta, *, wall: datetime) -> None:
        """Alert that the machine's clock was set by so much. wall: what it shows now."""
        direction = "forward" if by > timedelta(0) else "back"
        self._alert(
            f"the machine's clock jumped {direction}\nIt shows {self._local(wall)} now. What waits keeps the time"
            " that it has left; `monitor status` says while the monitor does not go by that clock.",
            key=f"clock:{self._hour()}:{direction}",
        )

    def baseline_taken(self, source: str, counts: BaselineCounts) -> Told:
        """Alert that the first releases of a source were recorded without alerts."""
        return self._alert(
            f"baseline of {source} taken: {_recorded(counts)}\nNobody was alerted"
            " of them; from now on the watchlists alert.",
            key=":".join(filter(None, ("baseline", source, counts.place))),
        )

    def baseline_cut_off(self, baseline: CutOffBaseline) -> Told:
        """Alert that a baseline stands still with its monitor."""
        return self._alert(
            f"baseline of {baseline.source} was cut off: {_recorded(baseline.counts)}\nNobody was alerted of them. The"
            f" monitor {baseline.node or 'that recorded them'} has been silent for an hour. Once it runs again, it"
            " records the rest of what it found at its start, without alerts as well.",
            key=":".join(filter(None, ("baseline-cut-off", baseline.source, baseline.counts.place))),
        )

    def settings_differ(self, key: str, nodes: str) -> None:
        """Alert that monitors of one store go by different settings. nodes: those that agree, against the others."""
        self._alert(
            f"the monitors of this store do not agree on {key}\n{nodes}. The one that ingests a dump decides who is"
            " alerted, and any of them may deliver: give all of them the same settings. They go on meanwhile.",
            key=f"differs:{key}:{nodes}:{self.clock.now():%Y-%m-%d}",
        )

    def retry_postponed(self) -> None:
        """Queue the alerts that the store could not take before; what it still cannot take stays."""
        for key, message in list(self.postponed.items()):
            try:
                is_new = self.outbox.enqueue(message, key=key, now=self.clock.now())
            except StoreError as error:
                warn_store(error)
                return
            self.postponed.pop(key, None)
            if is_new:
                warn("operator_told", what=_headline(message.text), channels=message.channel)

    def _alert(self, text: str, *, key: str, about: str = "") -> Told:
        """Queue and log an alert; where the store fails it is kept, and queued by `retry_postponed`."""
        told, failed = self._queue(text, key=key, about=about)
        self.postponed.update(failed)
        return told

    def _queue(self, text: str, *, key: str, about: str = "") -> tuple[Told, Mapping[str, Message]]:
        """Queue an alert for each channel and log it; return also the messages that the store could not take."""
        channels = [name for name in self.channels if name != about]
        if not channels:
            return self._log(text, key), {}
        stored, failed = list[str](), dict[str, Message]()
        for name in channels:
            message, message_key = Message(channel=name, kind="system", source="", text=text), f"y:{name}:{key}"
            try:
                if self.outbox.enqueue(message, key=message_key, now=self.clock.now()):
                    stored.append(name)
            except StoreError as error:
                warn_store(error)
                failed[message_key] = message
        told = Told.NOT_YET if failed else Told.NOW if stored else Told.BEFORE
        if told is Told.NOW or failed.keys() - self.postponed.keys():
            warn("operator_told", what=_headline(text), channels=", ".join(stored) or "none")
        return told, failed

    def _log(self, text: str, key: str) -> Told:
        """Log an alert that no channel gets, unless one of the same key was logged before."""
        if key in self.logged:
            return Told.BEFORE
        if len(self.logged) >= _LOGGED:
            self.logged.clear()
        self.logged[key] = None
        what, _, details = text.partition("\n")
        warn("operator_told", what=what, details=details.replace("\n", " "), channels="none")
        return Told.NOW

    def _local(self, at: datetime) -> str:
        """Return a time with its zone, because these alerts also reach people elsewhere: `2026-11-22 21:00 KST`."""
        return f"{in_zone(at, self.timezone):%Y-%m-%d %H:%M %Z}"

    def _hour(self, at: datetime | None = None) -> str:
        return f"{at or self.clock.now():%Y-%m-%dT%H}"


def _recorded(counts: BaselineCounts) -> str:
    return f"{_plural(counts.releases, 'release')}, {counts.matched} would match"


def _headline(text: str) -> str:
    return text.partition("\n")[0]


def _resumed(state: ChannelState) -> str:
    """Return the part of a key that changes with each resume: what follows one is news, in the same hour too."""
    return f":{state.resumed:%Y-%m-%dT%H:%M:%S}" if state.resumed else ""


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
