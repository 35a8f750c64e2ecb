"""One function for each figure; each takes an installation and gives numbers by name."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp

from benchmarks.scene import (
    COMMANDER,
    Place,
    launch,
    open_incident,
    peak_mebibytes,
    people_csv,
    wait_for_url,
    wait_until_told,
)
from incidents.audit import log as audit
from incidents.audit.bundle import export
from incidents.audit.checkpoints import checkpoint
from incidents.audit.note import public_key_of
from incidents.audit.sequencer import sequence_all
from incidents.audit.verifier import verify_bundle
from incidents.office import signing_key
from incidents.rules.catalogue import LAW, load
from incidents.rules.duties import assess
from incidents.rules.facts import parse_facts
from incidents.services.population_import import import_people
from incidents.work import TOCSIN, Office
from playbooks.sample.story import learned_later, opening_body
from tests.factories import make_token, make_user

CONNECTIONS = 32
API_SECONDS = 6.0
AUDIT_ENTRIES = 50_000
ASSESSMENTS = 10_000
TEN_PLACES = {
    "CN": 6_000, "DE": 1_500, "FR": 900, "GB": 700, "US-CA": 501, "US-TX": 250, "US-NY": 800,
    "JP": 1_001, "SG": 500, "BR": 300,
}  # fmt: skip


def people(place: Place, count: int) -> dict[str, float]:
    """Import `count` people, tell each by e-mail; rates, and the worker's peak memory."""
    office = place.office()
    incident_id = open_incident(office)
    began = time.perf_counter()
    import_people(office, COMMANDER, incident_id, people_csv(count))
    imported = time.perf_counter() - began
    verbs = ["serve"] if place.settings.embedded else ["worker --only-sends"] * 2
    told_before = place.fake.ledger()["people"]
    with place.running(*verbs) as workers:
        _wait_for_workers(place)
        began = time.perf_counter()
        launch(office, incident_id)
        wait_until_told(place.fake, told_before + count)
        told = time.perf_counter() - began
        peak = max(peak_mebibytes(worker) for worker in workers)
    office.engine.dispose()
    return {
        "people imported/s": count / imported,
        "e-mails/s": count / told,
        f"peak memory at {count:,} people, MiB": peak,
    }


def law_judged() -> dict[str, float]:
    """Load every law, then judge a breach in ten places by all of them; CPU of one core."""
    began = time.process_time()
    catalogue = load.__wrapped__(LAW)
    loaded = time.process_time() - began
    now = datetime.now(UTC)
    facts = opening_body(now)["facts"]
    for part in learned_later(now):
        facts |= part["facts"]
    people = {"people_by_place": TEN_PLACES, "people_count": sum(TEN_PLACES.values())}
    known = parse_facts(facts | people | {"data_categories": ["contact", "ssn", "health"]})
    began = time.process_time()
    for _ in range(ASSESSMENTS):
        duties = assess(known, catalogue, now)
    judged = (time.process_time() - began) / ASSESSMENTS
    return {
        f"loading {len(catalogue.rules)} rules, ms": loaded * 1000,
        f"judging by {len(catalogue.rules)} rules, {len(TEN_PLACES)} places, ms": judged * 1000,
        "duties of that breach": sum(duty.status != "not_owed" for duty in duties),
    }


def _wait_for_workers(place: Place) -> None:
    if place.settings.embedded:
        wait_for_url(f"http://127.0.0.1:{place.settings.port}/api/v1/health")
    else:
        time.sleep(4)  # they have nothing to show that they are up


def incidents_opened(place: Place) -> dict[str, float]:
    """Open incidents over HTTP on many connections at once."""
    office = place.office()
    with office.work(TOCSIN) as work:
        secret = make_token(work, make_user(work, "commander"))
    office.engine.dispose()
    with place.running("serve"):
        url = f"http://127.0.0.1:{place.settings.port}/api/v1"
        wait_for_url(f"{url}/health")
        count, latencies = asyncio.run(_open_many(f"{url}/incidents", secret))
    latencies.sort()
    return {
        "API incidents opened/s": count / API_SECONDS,
        "API p99, ms": 1000 * latencies[int(len(latencies) * 0.99)],
    }


async def _open_many(url: str, secret: str) -> tuple[int, list[float]]:
    end = time.perf_counter() + API_SECONDS
    latencies: list[float] = []

    async def one(session: aiohttp.ClientSession) -> None:
        while (began := time.perf_counter()) < end:
            body = {"title": "A leak", "kind": "personal_data_leak"}
            headers = {"Idempotency-Key": str(uuid4())}
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
            latencies.append(time.perf_counter() - began)

    auth = {"Authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(headers=auth, connector=connector) as session:
        await asyncio.gather(*(one(session) for _ in range(CONNECTIONS)))
    return len(latencies), latencies


def audit_verified(place: Place) -> dict[str, float]:
    """Write entries, give them their places, and verify the exported trail."""
    office = place.office()
    incident_id = open_incident(office)
    began = time.perf_counter()
    _write_entries(office, incident_id)
    written = AUDIT_ENTRIES / (time.perf_counter() - began)
    signer = signing_key(place.settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trail"
        with office.work(TOCSIN) as work:
            sequence_all(work.session)
            checkpoint(work.session, signer, work.now)
            work.session.flush()
            export(work.session, path, public_key_of(signer))
        began = time.perf_counter()
        result = verify_bundle(path)
        seconds = time.perf_counter() - began
    office.engine.dispose()
    if not result.ok:
        raise RuntimeError(result.reason)
    return {
        "audit entries written/s": written,
        "audit entries verified/s": result.entries_checked / seconds,
    }


def _write_entries(office: Office, incident_id: UUID) -> None:
    for _ in range(AUDIT_ENTRIES // 1_000):
        with office.work(TOCSIN) as work:
            for _ in range(1_000):
                audit.record(
                    work, "incident.open", incident_id=incident_id, mode="live", kind="other"
                )
