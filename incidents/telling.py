"""The threads that tell people, and a process that has no others.

`tell` runs nothing but them: no broker, no laws, no alarms. It finds what is ready by looking
at the rows, as every process does, and its size does not follow that of a campaign.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import structlog

from incidents import interpreter
from incidents.logs import configure_logs
from incidents.office import open_office
from incidents.services import campaign_tending, sending
from incidents.settings import Settings
from incidents.sweep import Part, Sweep
from incidents.wiring import dispatches_for, refuse_haste, routes_for
from incidents.work import Office
from notifiers.dispatch import Dispatch

log = structlog.get_logger(__name__)

# A statement is a few hundred objects that hold each other: of 20,000 at a time this process is
# 6 MB larger, and no faster.
_YOUNG = 5_000
# Here threads compute for most of the time: each turn more costs them both. Python's own.
_TURN_SECONDS = 0.005

_STOP_SECONDS = 20.0  # for what is on its way to a provider; later, the attempt is `unknown`


def tell(settings: Settings) -> None:
    """Tell people and do nothing else, until SIGTERM; any number of these share the work."""
    configure_logs(settings.log_format)
    office = open_office(settings, routes=routes_for(settings), judges=False)
    dispatches = dispatches_for(settings)
    senders = senders_of(office, dispatches)
    done = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: done.set())
    interpreter.tune(young=_YOUNG, turn_seconds=_TURN_SECONDS)
    with running(office, [tender_of(office, dispatches, senders), *senders], dispatches):
        done.wait()


@contextmanager
def running(
    office: Office, sweeps: Sequence[Sweep], dispatches: Mapping[str, Dispatch]
) -> Iterator[None]:
    """These sweeps, for as long as the block lasts; then what is on the wire ends."""
    for sweep in sweeps:
        sweep.start()
    try:
        yield
    finally:
        for sweep in sweeps:
            sweep.stop()
        for sweep in sweeps:
            sweep.join(_STOP_SECONDS)
        for dispatch in dispatches.values():
            dispatch.close()
        office.engine.dispose()


def senders_of(office: Office, dispatches: Mapping[str, Dispatch]) -> list[Sweep]:
    """The threads that lease and send side by side; none where nobody is told from here."""
    if not dispatches:
        return []
    refuse_haste(office.settings)
    return [_sender(office, dispatches, n) for n in range(office.settings.senders_per_process)]


def tender_of(
    office: Office, dispatches: Mapping[str, Dispatch], senders: Sequence[Sweep]
) -> Sweep:
    """The thread that looks after campaigns, and has senders look where it found something."""

    def tend(mode: str) -> None:
        if campaign_tending.tend(office, dispatches[mode], mode=mode):
            wake(senders)

    parts = {f"tend {mode}": Part(partial(tend, mode)) for mode in dispatches}
    return Sweep("tender", parts, office.settings.sweep_seconds)


def wake(senders: Sequence[Sweep]) -> None:
    """Have them look now."""
    for sender in senders:
        sender.wake()


def _sender(office: Office, dispatches: Mapping[str, Dispatch], number: int) -> Sweep:
    def pump(mode: str) -> None:
        sending.pump(office, dispatches[mode], mode=mode, stop=sweep.stopping)

    # Every other one looks at drills first: a long live campaign does not keep one waiting.
    modes = sorted(dispatches, reverse=number % 2 == 0)
    parts = {f"send {mode}": Part(partial(pump, mode)) for mode in modes}
    sweep = Sweep(f"sender-{number}", parts, office.settings.sweep_seconds)
    return sweep
