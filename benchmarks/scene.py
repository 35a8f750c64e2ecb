"""What the benchmarks play: an installation, a list of people, a campaign on approved words."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID

from benchmarks.processes import Process, running
from incidents.database.base import uuid7
from incidents.database.notices import Notice, plain_versions
from incidents.office import open_office, prepare
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.notice_words import Contact, NoticeWords
from incidents.rules.permissions import Role
from incidents.services import campaigns, incidents, notice_drafts, notices
from incidents.settings import Settings
from incidents.wiring import routes_for
from incidents.work import Actor, Office
from notifiers.fake.server import FakeProviders
from tests.servers import postgres_server, valkey_server

COMMANDER = Actor.with_roles(uuid7(), "commander", Role.COMMANDER)
APPROVER = Actor.with_roles(uuid7(), "approver", Role.APPROVER)
AREAS = (202, 212, 213, 303, 305, 312, 404, 415, 503, 617, 702, 713)
WORDS = NoticeWords(
    organisation="Example Surveys",
    title="About your survey answers",
    what_happened=("Between 3 and 5 March, survey answers could be read without signing in.",) * 2,
    possible_effect=("Somebody may have read what you answered, with your name beside it.",) * 2,
    what_we_did=("We closed the gap within an hour and checked who had read what.",) * 2,
    what_you_can_do=("Be wary of messages that quote your answers. Change your password.",) * 2,
    what_help_we_offer=("Our team answers your questions for free and in your language.",) * 2,
    contact=Contact(name="Privacy office", email="privacy@example.com"),
    issued_on=datetime.now(UTC).date(),
)


@dataclass
class Place:
    """One installation: its settings as the environment says them, and the fake beside it."""

    name: str
    environment: Mapping[str, str]
    fake: FakeProviders

    def but(self, **settings: str) -> Place:
        """The same one, with these settings of the environment."""
        return replace(self, environment={**self.environment, **settings})

    @property
    def url(self) -> str:
        """Where `tocsin serve` answers."""
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def settings(self) -> Settings:
        """The same settings, for this process."""
        ours = {name: v for name, v in self.environment.items() if name.startswith("TOCSIN_")}
        given = {name.removeprefix("TOCSIN_").lower(): value for name, value in ours.items()}
        return Settings.model_validate(given)

    @contextmanager
    def office(self) -> Iterator[Office]:
        """An office on it, whose bell nobody hears."""
        office = open_office(self.settings, routes=routes_for(self.settings))
        try:
            yield office
        finally:
            office.engine.dispose()

    @contextmanager
    def running(self, *verbs: str) -> Iterator[list[Process]]:
        """`tocsin VERB` for each verb, for as long as the block lasts."""
        command = [sys.executable, "-m", "incidents.cli.main"]
        with ExitStack() as stack:
            yield [
                stack.enter_context(running([*command, *verb.split()], self.environment))
                for verb in verbs
            ]


@contextmanager
def sqlite_place() -> Iterator[Place]:
    """Embedded: SQLite, everything in one process."""
    with tempfile.TemporaryDirectory() as folder, FakeProviders(tls=True) as fake:
        place = Place("SQLite", _environment(Path(folder), fake), fake)
        prepare(place.settings)
        yield place


@contextmanager
def postgresql_place() -> Iterator[Place]:
    """PostgreSQL with fsync, and a broker."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        fake = stack.enter_context(FakeProviders(tls=True))
        postgres = stack.enter_context(postgres_server(durable=True))
        valkey = stack.enter_context(valkey_server())
        urls = {"TOCSIN_DATABASE_URL": postgres.database(), "TOCSIN_BROKER_URL": valkey.url}
        environment = _environment(Path(folder), fake) | urls
        place = Place("PostgreSQL", environment, fake)
        prepare(place.settings)
        yield place


def places() -> Iterator[Place]:
    """Each kind of installation in turn, gone when the next one is asked for."""
    for place_of in (sqlite_place, postgresql_place):
        with place_of() as place:
            yield place


def _environment(folder: Path, fake: FakeProviders) -> dict[str, str]:
    return {
        "TOCSIN_DATA_FOLDER": str(folder),
        "TOCSIN_PORT": str(_free_port()),
        "TOCSIN_EMAIL_PROVIDER": "sendgrid",
        "TOCSIN_SENDGRID_URL": fake.url,
        "TOCSIN_SENDGRID_API_KEY": fake.sendgrid_api_key,
        "TOCSIN_SENDGRID_PUBLIC_KEY": fake.sendgrid_public_key,
        "TOCSIN_SMS_PROVIDER": "twilio_sms",
        "TOCSIN_TWILIO_URL": fake.url,
        "TOCSIN_TWILIO_ACCOUNT_SID": fake.twilio_account_sid,
        "TOCSIN_TWILIO_AUTH_TOKEN": fake.twilio_token,
    }


def people_csv(count: int) -> Iterator[bytes]:
    """A list of `count` people; telephone numbers are reserved for fiction."""
    yield b"name,email,phone,locale,place\n"
    for first in range(0, count, 1_000):
        yield "".join(_line(i) for i in range(first, min(first + 1_000, count))).encode()


def _line(i: int) -> str:
    phone = f"+1{AREAS[i % len(AREAS)]}55501{i % 90:02}"  # from 90 on the fake plays trouble
    return f"Person {i},person{i}@example.com,{phone},en,DE\n"


def open_incident(office: Office) -> UUID:
    """A live incident with nobody in it."""
    with office.work(COMMANDER) as work:
        return incidents.open_incident(work, title="A leak", kind="personal_data_leak").id


def approved(office: Office, incident_id: UUID) -> UUID:
    """A notice to the people of an incident, approved; gives its id."""
    with office.work(COMMANDER) as work:
        notice = notice_drafts.draft(work, incident_id)
        notices.edit(work, notice.id, notice.version, "en", WORDS)
        for locale in set(plain_versions(work.session, notice.id)) - {"en"}:
            notices.leave_out(work, notice.id, notice.version, locale)
    with office.work(APPROVER) as work:
        notices.approve(work, notice.id, work.session.get_one(Notice, notice.id).version)
    return notice.id


def launch(office: Office, notice_id: UUID, channel: str = "email") -> UUID:
    """Launch a campaign with an approved notice on a channel; gives its id."""
    with office.work(COMMANDER) as work:
        return campaigns.launch(work, notice_id, LaunchOptions([channel])).id


def wait_for_url(url: str, seconds: float = 30.0) -> None:
    """Until something answers there."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=1) as answer:
                json.load(answer)
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
