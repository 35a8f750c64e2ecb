"""E-mails of one campaign, from its launch to the last person in the fake's ledger.

Each is personalised, from encrypted rows, with attempts, audit and outcome on record; the import
before is not counted. Two workers that do nothing else, or `tocsin serve` with SQLite. The peers
run in the same round on the same machine, with a database and a fake of the same kind; how each
is run stands in its file in `benchmarks/peers/`. Only the one with anymail decrypts contacts and
commits an attempt before its request; none plans, settles doubts, audits or proves.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks import beside
from benchmarks.figures import Value
from benchmarks.intake import imported
from benchmarks.processes import Process, wait_until
from benchmarks.scene import Place, approved, launch, places, postgresql_place, wait_for_url

SMALL = 10_000
LATENCY_SECONDS = 0.1
RATE = "e-mails/s"


@dataclass(frozen=True, slots=True)
class Told:
    """One campaign told. peak_mebibytes: of the largest worker; cpu_seconds: of all workers."""

    count: int
    seconds: float
    peak_mebibytes: float
    cpu_seconds: float


def measure(asked: Namespace) -> Iterator[Value]:
    """Rates and memory; then the same at a provider's latency, and the peers."""
    rate = 0.0
    for place in places():
        for count in (SMALL, asked.people):
            told = tell(place, imported(place, count).incident_id, count)
            name = f"a worker's peak memory at {count:,} people, MiB"
            yield Value(name, place.name, told.peak_mebibytes)
        rate = count / told.seconds
        yield Value(RATE, place.name, rate)
        yield Value("CPU of the workers for 1,000, ms", place.name, told.cpu_seconds * 1e6 / count)
    yield _at_a_latency(asked.people)
    for name, peer in beside.rates(asked.peer_people):
        yield Value(RATE, name, peer)
        yield Value("times as fast: Tocsin with PostgreSQL", name, rate / peer)


def _at_a_latency(count: int) -> Value:
    with postgresql_place() as place:
        place.fake.set_faults(receipts=False, latency_seconds=LATENCY_SECONDS)
        told = tell(place, imported(place, count).incident_id, count)
    name = f"{RATE}, each answer after {LATENCY_SECONDS * 1000:.0f} ms"
    return Value(name, place.name, count / told.seconds)


def tell(
    place: Place, incident_id: UUID, count: int, channel: str = "email", workers: int = 2
) -> Told:
    """Launch a campaign, and wait until everybody is in the ledger."""

    def in_the_ledger() -> int:
        return int(place.fake.ledger()["people"])

    before = in_the_ledger()
    with place.office() as office, place.running(*_verbs(place, workers)) as processes:
        _wait_for(place, processes)
        notice_id = approved(office, incident_id)
        spent = _cpu(processes)
        began = time.perf_counter()
        launch(office, notice_id, channel)
        wait_until(in_the_ledger, before + count, processes)
        seconds = time.perf_counter() - began
        peak = max(process.peak_mebibytes for process in processes)
        return Told(count, seconds, peak, _cpu(processes) - spent)


def _verbs(place: Place, workers: int) -> list[str]:
    return ["serve"] if place.settings.embedded else ["worker --only-sends"] * workers


def _wait_for(place: Place, processes: Sequence[Process]) -> None:
    if place.settings.embedded:
        wait_for_url(f"{place.url}/api/v1/health")
    else:
        wait_until(lambda: sum(process.is_up for process in processes), len(processes), processes)


def _cpu(processes: Sequence[Process]) -> float:
    return sum(process.cpu_seconds for process in processes)
