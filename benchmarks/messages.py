"""SMS, each a request over TLS that is answered after 50 ms; one worker, outcomes on record.

From the launch until PostgreSQL holds the outcome of every message. The worker trusts the fake's
certificate and checks it, as it would the vendor's.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from benchmarks.figures import Value
from benchmarks.intake import imported
from benchmarks.processes import wait_until
from benchmarks.scene import Place, approved, launch, postgresql_place
from incidents.database.campaigns import Attempt
from incidents.work import TOCSIN, Office

LATENCY_SECONDS = 0.05


def measure(asked: Namespace) -> Iterator[Value]:
    """Messages a second of one worker, and its memory."""
    with postgresql_place() as plain:
        place = plain.but(
            TOCSIN_TWILIO_URL=plain.fake.tls_url, SSL_CERT_FILE=str(plain.fake.certificate)
        )
        place.fake.set_faults(receipts=False, latency_seconds=LATENCY_SECONDS)
        yield from _told(place, imported(place, asked.messages).incident_id, asked.messages)


def _told(place: Place, incident_id: UUID, count: int) -> Iterator[Value]:
    with place.office() as office, place.running("worker --only-sends") as workers:
        wait_until(lambda: int(workers[0].is_up), 1, workers)
        notice_id = approved(office, incident_id)
        spent, began = workers[0].cpu_seconds, time.perf_counter()
        campaign_id = launch(office, notice_id, "sms")
        wait_until(lambda: _accepted(office, campaign_id), count, workers, each_seconds=0.2)
        seconds = time.perf_counter() - began
        yield Value("SMS/s, one worker", place.name, count / seconds)
        cpu_seconds = workers[0].cpu_seconds - spent
        yield Value("CPU of the worker for 1,000 SMS, ms", place.name, cpu_seconds * 1e6 / count)
        name = "peak memory of a worker that sends SMS, MiB"
        yield Value(name, place.name, workers[0].peak_mebibytes)


def _accepted(office: Office, campaign_id: UUID) -> int:
    query = select(func.count()).where(
        Attempt.campaign_id == campaign_id, Attempt.outcome == "accepted"
    )
    with office.look(TOCSIN) as work:
        return work.session.scalar(query) or 0
