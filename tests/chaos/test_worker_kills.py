"""`kill -9` of workers in mid-campaign, and a broker that forgets everything: nobody is lost.

Real worker processes on PostgreSQL and Valkey, telling people through the provider fake over
HTTP. The fake's ledger is the judge. TOCSIN_TEST_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from incidents.office import open_office, prepare
from incidents.services import campaigns, equation
from incidents.settings import Settings
from incidents.wiring import routes_for
from incidents.work import TOCSIN, Office
from notifiers.fake.server import FakeProviders
from tests import factories
from tests.services.telling import make_notice, make_people

ROOT = Path(__file__).parents[2]
PEOPLE = 20_000
KILLS = 10
FLUSHES = 2
WORKERS = 2
WORKER = (
    "from incidents.processes import work; from incidents.settings import Settings;"
    " work(Settings())"
)

# What goes wrong at the provider meanwhile, besides.
FAULTS = {
    "latency_seconds": 0.15,
    "too_many": 0.02,
    "error_before": 0.01,
    "error_after": 0.01,
    "reset_after": 0.01,
    "hang_after": 0.005,
    "receipts": False,
}


@pytest.fixture
def settings(postgres, valkey, tmp_path) -> Iterator[tuple[Settings, FakeProviders]]:
    with FakeProviders(tmp_path / "fake") as fake:
        url = postgres.database()
        yield Settings(**_settings(url, valkey.url, fake, tmp_path)), fake
        postgres.drop(url)


def _settings(database: str, broker: str, fake: FakeProviders, folder: Path) -> dict[str, Any]:
    return {
        "data_folder": folder,
        "database_url": database,
        "broker_url": broker,
        "email_provider": "sendgrid",
        "sendgrid_url": fake.url,
        "sendgrid_api_key": fake.sendgrid_api_key,
        "sendgrid_public_key": fake.sendgrid_public_key,
        "sendgrid_activity": True,
        "sms_provider": "twilio_sms",
        "twilio_url": fake.url,
        "twilio_account_sid": fake.twilio_account_sid,
        "twilio_auth_token": fake.twilio_token,
        "people_per_envelope": 80,
        "envelopes_per_lease": 4,
        "messages_per_lease": 40,
        "http_timeout_seconds": 2.0,
        "lease_seconds": 4.0,
        "settle_seconds": 2.0,
        "sweep_seconds": 0.5,
    }


@dataclass
class Crew:
    """Worker processes that are killed and replaced."""

    settings: Settings
    seed: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: int = 0

    def start(self) -> None:
        """One more worker."""
        log = (self.settings.data_folder / "workers.log").open("ab")
        environment = os.environ | _environment(self.settings)
        self.processes.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        )

    def kill_one(self, chance: random.Random) -> None:
        """`kill -9` one of them, and start another in its place."""
        victim = self.processes.pop(chance.randrange(len(self.processes)))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.kills += 1
        self.start()

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def _environment(settings: Settings) -> Mapping[str, str]:
    values = settings.model_dump(exclude_unset=True)
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
    }
    return {f"TOCSIN_{name.upper()}": value for name, value in plain.items()}


@contextmanager
def _crew(settings: Settings, seed: int) -> Iterator[Crew]:
    crew = Crew(settings, seed)
    try:
        for _ in range(WORKERS):
            crew.start()
        yield crew
    finally:
        crew.end()


def _people(chance: random.Random) -> Iterator[dict[str, str]]:
    for number in range(PEOPLE):
        mailbox = number - 1 if number % 100 == 99 else number  # some share their mailbox
        by_phone = number % 50 < 2  # each a number of their own
        yield {
            "email": "" if by_phone else f"person{mailbox}@example.com",
            # Reserved for fiction, and none that the rehearsal rules would refuse.
            "phone": f"+1{200 + number // 50}555010{number % 50}" if by_phone else "",
            "locale": chance.choice(("en", "zh-CN")),
        }


@pytest.mark.chaos
def test_workers_are_killed_in_mid_campaign_and_each_person_is_told_once(settings, valkey):
    settings, fake = settings
    seed = int(os.environ.get("TOCSIN_TEST_SEED") or random.randrange(2**32))
    chance = random.Random(seed)
    prepare(settings)
    office = open_office(settings, routes=routes_for(settings))
    campaign_id = _launch(office, chance)
    fake.set_faults(**FAULTS, seed=seed % 1000)
    begun = time.monotonic()
    with _crew(settings, seed) as crew:
        for number in range(KILLS):
            # All through the campaign: each kill when another part of it has been sent.
            due = PEOPLE * (number + 0.5) / (KILLS + 1)
            _wait(lambda due=due: _accepted(fake) >= due, 30)
            time.sleep(chance.uniform(0, 0.3))
            crew.kill_one(chance)
            if number % (KILLS // FLUSHES) == 2:
                valkey.flush()
        accepted_at_last_kill = _accepted(fake)
        last_kill = time.monotonic()
        fake.set_faults(receipts=False)
        _wait(lambda: _status(office, campaign_id) == "finished", 60)
        ended = time.monotonic()
    told = fake.times_told("ref")
    counted = _equation(office, campaign_id)
    office.engine.dispose()
    lost = PEOPLE - len(told)
    twice = sum(1 for times in told.values() if times > 1)
    unknown = counted.buckets["unknown"]
    sys.stdout.write(
        f"\nseed={seed} kills={crew.kills} flushes={FLUSHES} sent={sum(told.values())}"
        f" lost={lost} twice={twice} unknown={unknown}"
        f" at_last_kill={accepted_at_last_kill} seconds={ended - begun:.1f}"
        f" settled_after={ended - last_kill:.1f}\n"
    )
    assert accepted_at_last_kill < PEOPLE, "the campaign was over before the last kill"
    assert (lost, twice, unknown) == (0, 0, 0)
    assert counted.holds
    assert counted.buckets["accepted"] == counted.total == PEOPLE


def _launch(office: Office, chance: random.Random) -> UUID:
    with office.work(TOCSIN) as work:
        incident = factories.make_incident(work)
        make_people(work, incident, _people(chance))
        notice = make_notice(work, incident)
    with office.work(TOCSIN) as work:
        return campaigns.launch(work, notice.id).id


def _equation(office: Office, campaign_id: UUID) -> equation.Equation:
    with office.look(TOCSIN) as work:
        return equation.equation(work, campaign_id)


def _status(office: Office, campaign_id: UUID) -> str:
    with office.look(TOCSIN) as work:
        return campaigns.read(work, campaign_id).status


def _accepted(fake: FakeProviders) -> int:
    return int(fake.ledger()["people"])


def _wait(done: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.05)
