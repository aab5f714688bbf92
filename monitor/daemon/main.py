"""Working parts → the daemon on them, anew for each configuration, until a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from monitor import __version__
from monitor.control.commands import Verb, desk_of
from monitor.control.server import Control
from monitor.daemon.bootstrap import Works
from monitor.daemon.daemon import Daemon, Duties
from monitor.daemon.dispatcher import Office
from monitor.daemon.ingest_worker import Pace, Pickup
from monitor.daemon.reload import Renewal
from monitor.daemon.signals import Bell
from monitor.daemon.silence import Listening
from monitor.health.daemon_state import write
from monitor.health.heartbeat import Heartbeat
from monitor.health.http import Reception
from monitor.health.liveness import unready
from monitor.health.metrics import CONTENT_TYPE, exposed, metrics
from monitor.health.pages import Page, alive, ready
from monitor.health.publisher import Speaker
from monitor.health.vigil import Vigil
from monitor.inspect.status import status
from monitor.ports import Row
from monitor.store.sqlite.source_states import Silences

if TYPE_CHECKING:
    from monitor.config import Config


def run(works: Works) -> int:
    """The daemon, until a signal; the exit code. A changed configuration starts it anew, in the same process."""
    bell, reception = Bell(), Reception()
    try:
        while True:
            vigil = Vigil()
            renewal = Renewal(works.config, works.successor, works.office.operator)
            _receive(reception, works, vigil)
            code = daemon_of(works, bell, renewal, vigil).run()
            if code is not None or renewal.next is None:
                return code or 0
            works = renewal.next.settled()
    finally:
        reception.close()


def _receive(reception: Reception, works: Works, vigil: Vigil) -> None:
    """Have machines answered about this daemon, at the address it is configured with."""
    address = works.config.health.listen
    reception.show(
        {"/healthz": alive, "/readyz": lambda: ready(vigil.pulse()), "/metrics": partial(_metrics, works.office)}
    )
    fault = reception.listen(address)
    if fault:
        works.office.operator.unserved(address, fault)


def _metrics(office: Office) -> Page:
    told = metrics(office.counters.figures(), version=__version__, now=office.clock.now())
    return Page(text=exposed(told), kind=CONTENT_TYPE)


def daemon_of(works: Works, bell: Bell, renewal: Renewal[Works], vigil: Vigil) -> Daemon:
    """One daemon on one configuration."""
    office = works.office
    speaker = Speaker(vigil, partial(write, works.config.state), refusal=lambda: renewal.refusal)
    pickup = Pickup(
        works.intake,
        office.operator,
        store=works.store,
        clock=office.clock,
        pace=_pace(works.config),
        vigil=vigil,
        speaker=speaker,
    )
    duties = duties_of(works, vigil)
    control = _control(works, bell, speaker)
    return Daemon(pickup, office, control=control, bell=bell, renewal=renewal, vigil=vigil, duties=duties)


def duties_of(works: Works, vigil: Vigil) -> Duties:
    """What a daemon does on the side; the proof that the store can be written comes first."""
    office = works.office
    tidying = (office.form_unclaimed, office.expire, office.remind, office.count)
    return Duties(
        each_tick=(works.handle.prove_writable, _listening(works, vigil).look, *tidying),
        beside={"upkeep": works.upkeep.run, **_heartbeat(works.config, vigil)},
    )


def _listening(works: Works, vigil: Vigil) -> Listening:
    office, sources = works.office, works.config.sources
    return Listening(
        expected={name: source.expect_every for name, source in sources.items() if source.expect_every},
        silences=Silences(works.handle),
        counters=office.counters,
        operator=office.operator,
        clock=office.clock,
        is_busy=lambda: vigil.is_busy,
    )


def _heartbeat(config: Config, vigil: Vigil) -> dict[str, Callable[[threading.Event], None]]:
    """The thread that pings, where an address is configured."""
    url, every = config.heartbeat.url, config.heartbeat.every
    if url is None:
        return {}
    return {"heartbeat": Heartbeat(url=url, every=every, unready=lambda: unready(vigil.pulse())).run}


def _pace(config: Config) -> Pace:
    watch = config.watch
    return Pace(
        settle=watch.settle.total_seconds(),
        rescan=watch.rescan.total_seconds(),
        partial_grace=watch.partial_grace.total_seconds(),
        mode=watch.mode,
    )


def _control(works: Works, bell: Bell, speaker: Speaker) -> Control:
    office = works.office
    desk = desk_of(works.config, outbox=office.outbox, switchboard=office.switchboard, clock=office.clock)
    reload = Verb(words=0, do=partial(_asked_to_reload, bell))
    look = Verb(words=0, do=lambda: _standing(works.config, office.clock.now(), speaker.word()), is_look=True)
    said = Verb(
        words=0, do=lambda: {"verb": "state", "text": "how the daemon is", "state": speaker.word()}, is_look=True
    )
    return Control(works.config.state, {**desk.verbs(), "reload": reload, "status": look, "state": said})


def _standing(config: Config, now: datetime, word: Mapping[str, Any]) -> Row:
    """Return all that `status` shows, for one that cannot read the configuration any more."""
    standing = status(config, word, now=now)
    return {"verb": "status", "text": "how things stand", "zone": config.timezone.key, "standing": standing}


def _asked_to_reload(bell: Bell) -> Row:
    bell.ring(signal.SIGHUP)
    return {"verb": "reload", "text": "the configuration is read again; the log says whether it can be used"}
