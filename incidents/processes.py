"""The two kinds of process: `serve` opens the web doors, `work` tells people.

Embedded, one process does both. Each has threads that look at the rows every second, so that
nothing hangs on a bell: alarms, the house (audit trail, reviews, what was left behind), and
where people are told, senders and a tender of campaigns.
"""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from celery import Celery

import celeryconfig
from incidents import tasks
from incidents.celery_app import CeleryBell, create_celery
from incidents.embedded import ThreadBell
from incidents.housekeeping import alarm_parts, house_parts, proof_parts
from incidents.logs import configure_logs
from incidents.office import open_office
from incidents.services import campaigns, law_packs, sending
from incidents.settings import Settings
from incidents.sweep import Part, Sweep
from incidents.wiring import dispatches_for, routes_for, settle_too_soon
from incidents.work import Office
from notifiers.dispatch import Dispatch

log = structlog.get_logger(__name__)

_STOP_SECONDS = 20.0  # for what is on its way to a provider; later, the attempt is `unknown`
_TASK_THREADS = 4


def serve(settings: Settings, *, ready: Callable[[Office], None] = lambda office: None) -> None:
    """Open the web doors until SIGTERM; embedded, do everything else too.

    ready  called with the office before the first request is taken
    """
    import uvicorn  # noqa: PLC0415  a worker stays small without the web

    from incidents.app import create_app, warm_up  # noqa: PLC0415

    configure_logs(settings.log_format)
    bell = ThreadBell() if settings.embedded else CeleryBell(create_celery(settings.broker_url))
    office = open_office(settings, routes=routes_for(settings), bell=bell)
    law_packs.warn_of_waiting(office)
    with _threads(office, tells_people=settings.embedded) as desk:
        if isinstance(bell, ThreadBell):
            bell.listen(partial(tasks.run, desk))
        web = create_app(office)
        warm_up(office)
        ready(office)
        _spare_the_collector()
        uvicorn.run(
            web,
            host=settings.host,
            port=settings.port,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        bell.close()


def work(settings: Settings) -> None:
    """Hear bells and tell people, until SIGTERM; several at once share the work."""
    configure_logs(settings.log_format)
    if settings.embedded:
        raise ValueError(
            "a worker of its own needs TOCSIN_BROKER_URL; `tocsin serve` has one in it"
        )
    app = create_celery(settings.broker_url)
    bell = CeleryBell(app)
    office = open_office(settings, routes=routes_for(settings), bell=bell)
    law_packs.warn_of_waiting(office)
    with _threads(office, tells_people=True) as desk:
        tasks.give_to(app, desk)
        _spare_the_collector()
        _hear(app)
        bell.close()


def _spare_the_collector() -> None:
    """Look for cycles less often, and never again among what was loaded at the start.

    A batch of people is thousands of small tuples and holds no cycle: looking for one after
    every 700 of them took a third of an import's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@dataclass(frozen=True, slots=True)
class _Team:
    sweeps: list[Sweep]
    senders: list[Sweep]

    def wake_senders(self) -> None:
        for sender in self.senders:
            sender.wake()


@contextmanager
def _threads(office: Office, *, tells_people: bool) -> Iterator[tasks.Desk]:
    dispatches = dispatches_for(office.settings) if tells_people else {}
    for name, lag in settle_too_soon(office.settings).items() if tells_people else ():
        log.warning("settle_seconds is shorter than a provider's lag", provider=name, seconds=lag)
    # What is loaded by now stays: the collector need not go through it again and again, which
    # takes a fifth of the time of whatever makes many small things.
    gc.collect()
    gc.freeze()
    team = _team(office, dispatches)
    for sweep in team.sweeps:
        sweep.start()
    try:
        yield tasks.Desk(office, team.wake_senders)
    finally:
        for sweep in team.sweeps:
            sweep.stop()
        for sweep in team.sweeps:
            sweep.join(_STOP_SECONDS)
        for dispatch in dispatches.values():
            dispatch.close()
        office.engine.dispose()


def _team(office: Office, dispatches: Mapping[str, Dispatch]) -> _Team:
    every = office.settings.sweep_seconds
    house = Sweep("house", house_parts(office), every)
    alarms = Sweep("alarms", alarm_parts(office), every)
    if not dispatches:
        return _Team([alarms, house], [])
    senders = [
        _sender(office, dispatches, number) for number in range(office.settings.senders_per_process)
    ]
    tender = Sweep("tender", _tending(office, dispatches, senders), every)
    proofs = Sweep("proofs", proof_parts(office), every)
    return _Team([alarms, house, tender, proofs, *senders], senders)


def _sender(office: Office, dispatches: Mapping[str, Dispatch], number: int) -> Sweep:
    def pump(mode: str) -> None:
        sending.pump(office, dispatches[mode], mode=mode, stop=sweep.stopping)

    # Every other one looks at drills first: a long live campaign does not keep one waiting.
    modes = sorted(dispatches, reverse=number % 2 == 0)
    parts = {f"send {mode}": Part(partial(pump, mode)) for mode in modes}
    sweep = Sweep(f"sender-{number}", parts, office.settings.sweep_seconds)
    return sweep


def _tending(
    office: Office, dispatches: Mapping[str, Dispatch], senders: list[Sweep]
) -> dict[str, Part]:
    def tend(mode: str) -> None:
        if campaigns.tend(office, dispatches[mode], mode=mode):
            for sender in senders:
                sender.wake()

    return {f"tend {mode}": Part(partial(tend, mode)) for mode in dispatches}


def _hear(app: Celery) -> None:
    """Run Celery's worker until SIGTERM, which lets what runs end."""
    queues = sorted({route["queue"] for route in celeryconfig.task_routes.values()})
    worker = app.Worker(
        pool="threads",
        concurrency=_TASK_THREADS,
        queues=queues,
        hostname=f"tocsin-{os.getpid()}@{socket.gethostname()}",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
