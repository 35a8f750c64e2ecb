"""A campaign is stopped in mid-flight: real workers, and the fake's ledger says what left after."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from incidents.office import open_office, prepare
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, equation
from incidents.settings import Settings
from incidents.wiring import routes_for
from incidents.work import TOCSIN, Office
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from tests import factories
from tests.services.telling import make_notice, make_people

ROOT = Path(__file__).parents[2]
WORKERS = 2
LATENCY = 0.2
TRAVEL = 0.02  # so long what has left may be on its way to the fake
PEOPLE = 4_000
ON_THE_WIRE = 100  # of one worker, for one mode
WORKER = (
    "from incidents.processes import work; from incidents.settings import Settings;"
    " work(Settings())"
)


@pytest.fixture
def scene(postgres, valkey, tmp_path) -> Iterator[tuple[Office, FakeProviders]]:
    with FakeProviders(tmp_path / "fake") as fake:
        url = postgres.database()
        settings = Settings(
            data_folder=tmp_path,
            database_url=url,
            broker_url=valkey.url,
            email_provider="sendgrid",
            sendgrid_url=fake.url,
            sendgrid_api_key=fake.sendgrid_api_key,
            sms_provider="twilio_sms",
            twilio_url=fake.url,
            twilio_account_sid=fake.twilio_account_sid,
            twilio_auth_token=fake.twilio_token,
            people_per_envelope=10,
            messages_per_lease=200,
            messages_on_the_wire=ON_THE_WIRE,
        )
        prepare(settings)
        office = open_office(settings, routes=routes_for(settings))
        fake.set_faults(latency_seconds=LATENCY, receipts=False)
        workers = [_worker(settings) for _ in range(WORKERS)]
        yield office, fake
        for worker in workers:
            worker.kill()
            worker.wait()
        office.engine.dispose()
        postgres.drop(url)


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    told = {
        f"TOCSIN_{name.upper()}": getattr(value, "get_secret_value", lambda value=value: value)()
        for name, value in settings.model_dump(exclude_unset=True).items()
    }
    environment = os.environ | {name: str(value) for name, value in told.items()}
    with (settings.data_folder / "workers.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=log, stderr=log
        )


def test_one_shared_envelope_of_each_worker_leaves_after_it_was_paused_and_no_more(scene):
    office, fake = scene
    people = [{"email": f"person{n}@example.com"} for n in range(PEOPLE)]
    left, counted = _stopped(office, fake, people, "email", "pause")
    assert len(left) <= WORKERS
    assert counted.holds
    assert 0 < counted.buckets["accepted"] < PEOPLE
    assert counted.buckets["accepted"] + counted.buckets["waiting"] == PEOPLE


def test_of_single_messages_only_what_is_on_the_wire_leaves(scene):
    office, fake = scene
    people = [{"phone": f"+1{200 + n // 50}55501{n % 50:02}"} for n in range(PEOPLE)]
    left, counted = _stopped(office, fake, people, "sms", "stop")
    assert len(left) <= WORKERS * ON_THE_WIRE
    assert counted.holds
    assert counted.buckets["accepted"] + counted.buckets["suppressed"] == PEOPLE


def _stopped(
    office: Office, fake: FakeProviders, people: list[dict[str, str]], channel: str, action: str
) -> tuple[list[Any], equation.Equation]:
    """What left for the provider after the stop was committed, and where everybody is then."""
    with office.work(TOCSIN) as work:
        incident = factories.make_incident(work)
        make_people(work, incident, people)
        notice = make_notice(work, incident)
    with office.work(TOCSIN) as work:
        campaign_id = campaigns.launch(work, notice.id, LaunchOptions([channel])).id
    _wait(lambda: fake.ledger()["people"] >= 300)
    with office.work(TOCSIN) as work:
        getattr(campaigns, action)(work, campaign_id)
    stopped_at = time.time()
    _wait(lambda: not _under_way(office, campaign_id))
    time.sleep(2)
    told = list(read(fake.ledger_path))
    assert max(one.at for one in told) - stopped_at < 2
    # The fake writes it down when its latency is over; on the wire it was before that.
    return [one for one in told if one.at - LATENCY - TRAVEL > stopped_at], _equation(
        office, campaign_id
    )


def _under_way(office: Office, campaign_id: UUID) -> bool:
    with office.look(TOCSIN) as work:
        envelopes = equation.progress(work, campaign_id).envelopes
        stopped = campaigns.read(work, campaign_id).status == "stopped"
    return bool(envelopes.get("leased") or (stopped and envelopes.get("ready")))


def _equation(office: Office, campaign_id: UUID) -> equation.Equation:
    with office.look(TOCSIN) as work:
        return equation.equation(work, campaign_id)


def _wait(done: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.05)
