"""The two kinds of process: `serve` opens the web doors, `work` tells people.

Embedded, one process does both. Each has threads that look at the rows every second, so that
nothing hangs on a bell: alarms, the house (audit trail, reviews, what was left behind), and
where people are told, senders and a tender of campaigns.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

import structlog
from celery import Celery
from celery.platforms import EX_FAILURE

import celeryconfig
from incidents import interpreter, tasks
from incidents.celery_app import CeleryBell, create_celery, refuse_forgetful
from incidents.embedded import ThreadBell
from incidents.housekeeping import alarm_parts, house_parts, proof_parts
from incidents.logs import configure_logs
from incidents.office import open_office
from incidents.services import law_packs
from incidents.settings import Settings
from incidents.sweep import Sweep
from incidents.telling import running, senders_of, tender_of, wake
from incidents.wiring import dispatches_for, routes_for
from incidents.work import Office

_TASK_THREADS = 4
_DEAF_SECONDS = 10.0  # between two tries to listen to a broker that refuses

log = structlog.get_logger(__name__)


def serve(settings: Settings, *, ready: Callable[[Office], None] = lambda office: None) -> None:
    """Open the web doors until SIGTERM; embedded, do everything else too.

    ready  called with the office before the first request is taken
    """
    import uvicorn  # noqa: PLC0415  a worker stays small without the web

    from incidents.app import create_app, warm_up  # noqa: PLC0415

    configure_logs(settings.log_format)
    bell = ThreadBell() if settings.embedded else _celery_bell(settings)
    office = open_office(settings, routes=routes_for(settings), bell=bell)
    law_packs.warn_of_waiting(office)
    with _threads(office, tells_people=settings.embedded) as desk:
        if isinstance(bell, ThreadBell):
            bell.listen(partial(tasks.run, desk))
        web = create_app(office)
        warm_up(office)
        ready(office)
        interpreter.tune()
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
    bell = _celery_bell(settings)
    office = open_office(settings, routes=routes_for(settings), bell=bell)
    law_packs.warn_of_waiting(office)
    with _threads(office, tells_people=True) as desk:
        tasks.give_to(bell.app, desk)
        interpreter.tune()
        _hear(bell.app)
        bell.close()


def _celery_bell(settings: Settings) -> CeleryBell:
    refuse_forgetful(settings.broker_url)
    return CeleryBell(create_celery(settings.broker_url))


@contextmanager
def _threads(office: Office, *, tells_people: bool) -> Iterator[tasks.Desk]:
    dispatches = dispatches_for(office.settings) if tells_people else {}
    every = office.settings.sweep_seconds
    senders = senders_of(office, dispatches)
    sweeps = [
        Sweep("alarms", alarm_parts(office), every),
        Sweep("house", house_parts(office), every),
    ]
    if dispatches:
        proofs = Sweep("proofs", proof_parts(office), every)
        sweeps += [tender_of(office, dispatches, senders), proofs, *senders]
    with running(office, sweeps, dispatches):
        yield tasks.Desk(office, partial(wake, senders))


def _hear(app: Celery) -> None:
    """Hear bells until SIGTERM, which lets what runs end.

    A broker that cannot be listened to (it is full, it refuses us) is tried again and again: the
    sweeps of this process need none.
    """
    while _heard(app) == EX_FAILURE:
        log.error("the broker cannot be listened to; sweeps go on without it")
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, _leave)
        time.sleep(_DEAF_SECONDS)


def _leave(*_: object) -> None:
    raise SystemExit


def _heard(app: Celery) -> int | None:
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
    return cast("int | None", worker.exitcode)
