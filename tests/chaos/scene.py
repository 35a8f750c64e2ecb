"""What disasters are staged on: real workers that die, a campaign, a provider with a ledger.

The fake's ledger is the judge. TOCSIN_TEST_SEED repeats a run; TOCSIN_TEST_ROUNDS=nightly does
more of each.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from incidents.database import doubts
from incidents.database.campaigns import Attempt, Envelope
from incidents.database.incidents import Incident
from incidents.office import open_office, prepare
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, decisions, equation
from incidents.settings import Settings
from incidents.wiring import routes_for
from incidents.work import TOCSIN, Office, Work
from notifiers.fake.server import FakeProviders
from tests import factories
from tests.services.telling import make_notice, make_people

ROOT = Path(__file__).parents[2]
ROUNDS = os.environ.get("TOCSIN_TEST_ROUNDS", "usual")
NIGHTLY = ROUNDS == "nightly"


def volume(*, nightly: int, usual: int, few: int) -> int:
    """How many, as TOCSIN_TEST_ROUNDS asks for."""
    return {"nightly": nightly, "few": few}.get(ROUNDS, usual)


def seed() -> int:
    """The seed of this run, new each time unless one was given."""
    return int(os.environ.get("TOCSIN_TEST_SEED") or random.randrange(2**32))


@dataclass
class Place:
    """One installation on PostgreSQL and Valkey, told by the environment, and its fake."""

    settings: Settings
    fake: FakeProviders
    office: Office

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings as a worker is told them."""
        values = self.settings.model_dump(exclude_unset=True)
        plain = {
            name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
            for name, value in values.items()
        }
        return {f"TOCSIN_{name.upper()}": value for name, value in plain.items()}


@contextmanager
def installed(folder: Path, database_url: str, broker_url: str, **settings: Any) -> Iterator[Place]:
    """An installation whose providers are a fake; quick to give up, so that tests end."""
    with FakeProviders(folder / "fake") as fake:
        given = {
            "data_folder": folder,
            "database_url": database_url,
            "broker_url": broker_url,
            "email_provider": "sendgrid",
            "sendgrid_url": fake.url,
            "sendgrid_api_key": fake.sendgrid_api_key,
            "sendgrid_public_key": fake.sendgrid_public_key,
            "sendgrid_activity": True,
            "sms_provider": "twilio_sms",
            "twilio_url": fake.url,
            "twilio_account_sid": fake.twilio_account_sid,
            "twilio_auth_token": fake.twilio_token,
            "people_per_envelope": 50,
            "envelopes_per_lease": 4,
            "messages_per_lease": 40,
            "http_timeout_seconds": 1.0,
            "connect_timeout_seconds": 0.5,
            "lease_seconds": 2.0,
            "settle_seconds": 1.5,
            "sweep_seconds": 0.3,
        }
        chosen = Settings(**given | settings)
        prepare(chosen)
        office = open_office(chosen, routes=routes_for(chosen))
        try:
            yield Place(chosen, fake, office)
        finally:
            office.engine.dispose()


@dataclass
class Crew:
    """Workers, forked by a nursery, that die and are replaced."""

    place: Place
    nursery: subprocess.Popen[str]
    pids: list[int] = field(default_factory=list)
    kills: int = 0

    def start(self, failpoints: str = "") -> int:
        """One more worker, which may be told where to die or freeze."""
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(f"{failpoints}\n")
        self.nursery.stdin.flush()
        self.pids.append(int(self.nursery.stdout.readline()))
        return self.pids[-1]

    def kill(self, pid: int) -> None:
        """`kill -9`."""
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not _lives(pid), 5)
        self.pids.remove(pid)
        self.kills += 1

    def kill_one(self, chance: random.Random, failpoints: str = "") -> None:
        """`kill -9` one of them, and start another in its place."""
        self.kill(chance.choice(self.pids))
        self.start(failpoints)

    def replace_dead(self, failpoints: str = "") -> int:
        """Start another for each that a failpoint has killed; how many died."""
        dead = [pid for pid in self.pids if not _lives(pid)]
        for pid in dead:
            self.pids.remove(pid)
            self.start(failpoints)
        self.kills += len(dead)
        return len(dead)


@contextmanager
def crew(place: Place, workers: int = 2) -> Iterator[Crew]:
    """A nursery with some workers, for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.chaos.nursery"]
    with (place.settings.data_folder / "workers.log").open("ab") as log:
        nursery = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | place.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    made = Crew(place, nursery)
    try:
        for _ in range(workers):
            made.start()
        yield made
    finally:
        nursery.communicate(timeout=10)


@dataclass(frozen=True)
class Verdict:
    """What the ledger and the rows say at the end of a run."""

    people: int
    sent: int
    lost: int
    twice: int
    unknown: int
    resent: int
    looked_up: int
    buckets: Mapping[str, int]

    def print(self, what: str, **more: Any) -> None:
        """One line for whoever reads the run."""
        told = {"people": self.people, "sent": self.sent, "lost": self.lost, "twice": self.twice}
        told |= {"unknown": self.unknown, "resent": self.resent, "looked_up": self.looked_up}
        told |= more
        line = " ".join(f"{name}={value}" for name, value in told.items())
        sys.stdout.write(f"\n{what}: {line}\n")


def launch(place: Place, people: Iterable[Mapping[str, Any]], *ladder: str, **options: Any) -> UUID:
    """A campaign that has just been launched."""
    with place.office.work(TOCSIN) as work:
        incident = factories.make_incident(work)
        make_people(work, incident, people)
        notice = make_notice(work, incident)
    return begin(place, notice.id, *ladder, **options)


def begin(place: Place, notice_id: UUID, *ladder: str, **options: Any) -> UUID:
    """A campaign that has just been launched, on a population that is there."""
    with place.office.work(TOCSIN) as work:
        rungs = ladder or ("email", "sms", "announcement")
        return campaigns.launch(work, notice_id, LaunchOptions(rungs, **options)).id


def join(place: Place, campaign_id: UUID, people: Iterable[Mapping[str, Any]]) -> None:
    """People who were found only after the campaign had begun."""
    with place.office.work(TOCSIN) as work:
        incident_id = campaigns.read(work, campaign_id).incident_id
        make_people(work, work.session.get_one(Incident, incident_id), people)


def by_mail(count: int, first: int = 0) -> Iterator[dict[str, str]]:
    """People with a mailbox of their own."""
    for number in range(first, first + count):
        yield {"email": f"person{number}@example.com"}


def by_mail_and_phone(count: int) -> Iterator[dict[str, str]]:
    """Nearly all by e-mail, some of them sharing a mailbox; four in a hundred by phone only."""
    for number in range(count):
        mailbox = number - 1 if number % 100 == 99 else number
        by_phone = number % 50 < 2
        yield {
            "email": "" if by_phone else f"person{mailbox}@example.com",
            # Reserved for fiction, and none that the rehearsal rules would refuse.
            "phone": f"+1{200 + number // 50}555010{number % 50}" if by_phone else "",
        }


def finish(place: Place, campaign_id: UUID, seconds: float = 60) -> str:
    """Wait until the campaign is over; how long that took, '' if it does not come to an end."""
    begun = time.monotonic()
    while status(place, campaign_id) != "finished":
        if time.monotonic() - begun > seconds:
            return ""
        time.sleep(0.05)
    return f"{time.monotonic() - begun:.1f}s"


def see_through(place: Place, campaign_id: UUID) -> tuple[str, int]:
    """As `finish`, and lets go meanwhile what was parked because its workers were killed by us;
    how long it took, and how many envelopes were let go. Empty: nobody was told for a minute."""
    begun = moved = time.monotonic()
    told, parked = accepted(place), 0
    while not finish(place, campaign_id, seconds=1):
        if (now := accepted(place)) > told:
            told, moved = now, time.monotonic()
        if time.monotonic() - moved > 60:
            return "", parked
        parked += release(place, campaign_id)
    return f"{time.monotonic() - begun:.1f}s", parked


def release(place: Place, campaign_id: UUID) -> int:
    """Let go what was parked because workers had died over it; how many envelopes."""
    with place.office.work(TOCSIN) as work:
        parked = doubts.held(work.session, campaign_id, after=0, limit=decisions.HELD_AT_ONCE)
        assert all(attempt is None for _, attempt in parked), "it may have left: not ours to say"
        return decisions.resend_held(work, campaign_id, "the workers were killed by us")


def held(work: Work, campaign_id: UUID) -> int:
    """How many envelopes wait for somebody's decision."""
    parked = select(func.count()).where(
        Envelope.campaign_id == campaign_id, Envelope.state == "held"
    )
    return work.session.scalar(parked) or 0


def status(place: Place, campaign_id: UUID) -> str:
    """Where the campaign is in its life."""
    with place.office.look(TOCSIN) as work:
        return campaigns.read(work, campaign_id).status


def accepted(place: Place) -> int:
    """How many people the fake has accepted so far."""
    return int(place.fake.ledger()["people"])


def until_next(place: Place, people: int) -> float:
    """How long it takes until somebody else is told; at once where all are."""
    before, begun = accepted(place), time.monotonic()
    if before < people:
        wait_for(lambda: accepted(place) > before, 30)
    return time.monotonic() - begun


def judge(place: Place, campaign_id: UUID, people: int) -> Verdict:
    """Who was told how often, by the ledger; where everybody is, by the rows."""
    with place.office.look(TOCSIN) as work:
        counted = equation.equation(work, campaign_id)
        resent = _attempts(work, Attempt.outcome == "unresolved")
        looked_up = _attempts(work, Attempt.look_up_count > 0)
    assert counted.holds
    told = place.fake.times_told("ref")
    return Verdict(
        people=people,
        sent=sum(told.values()),
        lost=people - len(told),
        twice=sum(1 for times in told.values() if times > 1),
        unknown=counted.buckets["unknown"],
        resent=resent,
        looked_up=looked_up,
        buckets=counted.buckets,
    )


def _attempts(work: Work, such: ColumnElement[bool]) -> int:
    return work.session.scalar(select(func.count()).select_from(Attempt).where(such)) or 0


def wait_for(done: Callable[[], object], seconds: float) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to an end"
        time.sleep(0.03)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
