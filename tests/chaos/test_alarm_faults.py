"""Whatever dies, the alarm rings: workers and broker, the database, a sentinel in mid-send.

Real processes and real clocks; pages are mails to an SMTP server in this process, whose ledger is
the judge. TOCSIN_TEST_SEED repeats a run; TOCSIN_TEST_ROUNDS=nightly does more of each.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from incidents.audit.log import AuditEntry
from incidents.database.incidents import TimelineEntry
from incidents.office import open_office, prepare
from incidents.sentinel import kept
from incidents.sentinel.journal import Journal
from incidents.settings import Settings
from incidents.vault.keys import KeyRing
from incidents.work import TOCSIN, Office
from tests.sentinel.scene import clock_at_half, somebody_on_duty
from tests.servers import PostgresServer, postgres_server

ROOT = Path(__file__).parents[2]
NIGHTLY = os.environ.get("TOCSIN_TEST_ROUNDS") == "nightly"
WORKERS_DEAD = 20 if NIGHTLY else 5
DATABASE_DEAD = 10 if NIGHTLY else 3
SENTINEL_KILLS = 500 if NIGHTLY else 6
SENTINELS = 3
RUN = "from incidents.settings import Settings; from incidents.{} Settings())"
COMMANDS = {
    "worker": RUN.format("processes import work; work("),
    "serve": RUN.format("processes import serve; serve("),
    "sentinel": RUN.format("sentinel.watch import Sentinel; Sentinel(") + ".run()",
}
NUMBER = re.compile(r"INC-\d{4}-\d{4}")


@dataclass(frozen=True)
class Arrived:
    """One page as it came in."""

    incident: str
    subject: str
    at: datetime


@dataclass
class Mailbox:
    """An SMTP server with a ledger, which can take its time over a mail.

    slow      how long it keeps a sender waiting, after EHLO or before it takes the mail
    in_hand   the ports of those that wait now
    """

    ledger: list[Arrived] = field(default_factory=list)
    slow: dict[str, float] = field(default_factory=dict)
    in_hand: set[int] = field(default_factory=set)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        await self._keep_waiting("EHLO", session.peer[1])
        return responses

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        subject = str(mail["Subject"])
        number = NUMBER.search(subject)
        self.ledger.append(Arrived(number[0] if number else "", subject, datetime.now(UTC)))
        await self._keep_waiting("DATA", session.peer[1])
        return "250 OK"

    async def _keep_waiting(self, step: str, port: int) -> None:
        if step in self.slow:
            self.in_hand.add(port)
            await asyncio.sleep(self.slow[step])
            self.in_hand.discard(port)

    def pages(self, number: str) -> list[Arrived]:
        return [one for one in self.ledger if one.incident == number]


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


@dataclass
class Staff:
    """Processes of ours, killed without a word."""

    settings: Settings
    processes: dict[int, tuple[str, subprocess.Popen[bytes]]] = field(default_factory=dict)

    def start(self, kind: str) -> int:
        log = (self.settings.data_folder / f"{kind}.log").open("ab")
        command = [sys.executable, "-c", COMMANDS[kind]]
        environment = os.environ | _environment(self.settings)
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.processes[process.pid] = (kind, process)
        return process.pid

    def kill(self, pid: int) -> str:
        kind, process = self.processes.pop(pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return kind

    def of(self, kind: str) -> list[int]:
        return [pid for pid, (one, _) in self.processes.items() if one == kind]

    def sender(self, port: int) -> int | None:
        """Which of them holds a connection from this port."""
        for pid in self.processes:
            connections = psutil.Process(pid).net_connections("tcp")
            if any(one.laddr.port == port for one in connections if one.laddr):
                return pid
        return None

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.settings.data_folder.glob("*.log"))


def _environment(settings: Settings) -> dict[str, str]:
    values = settings.model_dump(exclude_unset=True)
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
    }
    return {f"TOCSIN_{name.upper()}": value for name, value in plain.items()}


@contextmanager
def staff_of(settings: Settings) -> Iterator[Staff]:
    staff = Staff(settings)
    try:
        yield staff
    finally:
        for pid in list(staff.processes):
            staff.kill(pid)


def settings_of(folder: Path, database: str, smtp_port: int, **changes: Any) -> Settings:
    return Settings(
        **{
            "data_folder": folder,
            "database_url": database,
            "broker_url": "redis://127.0.0.1:1/0",
            "email_provider": "smtp",
            "smtp_port": smtp_port,
            "smtp_starttls": False,
            "alarm_timeout_seconds": 4.0,
            "alarm_lease_seconds": 5.0,
            "sentinel_seconds": 1.0,
        }
        | changes
    )


@contextmanager
def house(settings: Settings) -> Iterator[Office]:
    """An office where one person is on duty, with an address."""
    prepare(settings)
    office = open_office(settings)
    somebody_on_duty(office)
    yield office
    office.engine.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def wait_for(done: Callable[[], Any], seconds: float, staff: Staff) -> Any:
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, f"it did not come to an end\n{staff.logs()[-4000:]}"
        time.sleep(0.02)
    return found


def all_rung(mailbox: Mailbox, due: dict[str, datetime]) -> bool:
    return all(mailbox.pages(number) for number in due)


def late_by(mailbox: Mailbox, due: dict[str, datetime]) -> list[float]:
    """How late the first page of each alarm was, in seconds."""
    firsts = {number: min(one.at for one in mailbox.pages(number)) for number in due}
    return sorted((firsts[number] - at).total_seconds() for number, at in due.items())


def tell(name: str, **figures: Any) -> None:
    told = " ".join(
        f"{key}={value:.1f}" if isinstance(value, float) else f"{key}={value}"
        for key, value in figures.items()
    )
    sys.stdout.write(f"\n{name}: {told}\n")


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("TOCSIN_TEST_SEED") or random.randrange(2**32))
    sys.stdout.write(f"\nseed={seed}\n")
    return random.Random(seed)


@pytest.mark.chaos
@pytest.mark.parametrize("survivor", ["serve", "sentinel"])
def test_with_workers_and_broker_dead_an_alarm_is_at_most_a_minute_late(
    survivor, postgres, valkey, tmp_path, chance
):
    url = postgres.database()
    with mail_server() as (mailbox, port):
        settings = settings_of(tmp_path, url, port, broker_url=valkey.url, port=_free_port())
        with house(settings) as office, staff_of(settings) as staff:
            for kind in ("worker", "worker", survivor):
                staff.start(kind)
            first = clock_at_half(office, now())
            wait_for(lambda: mailbox.pages(first), 60, staff)
            due = {}
            for _ in range(WORKERS_DEAD):
                at = now() + timedelta(seconds=chance.uniform(3, 10))
                due[clock_at_half(office, at)] = at
            for pid in staff.of("worker"):
                staff.kill(pid)
            valkey.kill()
            try:
                wait_for(lambda: all_rung(mailbox, due), 90, staff)
            finally:
                valkey.start()
    postgres.drop(url)
    late = late_by(mailbox, due)
    twice = _twice(mailbox, due)
    tell("workers and broker dead", left=survivor, rung=len(late), late_by=late[-1], twice=twice)
    assert 0 <= late[0] <= late[-1] <= 60
    assert twice == 0


@pytest.mark.chaos
@pytest.mark.parametrize("how", ["killed", "frozen"] if NIGHTLY else ["killed"])
def test_with_the_database_dead_an_alarm_is_at_most_two_minutes_late(how, tmp_path, chance):
    with postgres_server() as postgres, mail_server() as (mailbox, port):
        settings = settings_of(tmp_path, postgres.database(), port)
        with house(settings) as office, staff_of(settings) as staff:
            due = {}
            for _ in range(DATABASE_DEAD):
                at = now() + timedelta(seconds=chance.uniform(30, 45))
                due[clock_at_half(office, at)] = at
            first = staff.start("sentinel")
            wait_for(lambda: _copied(settings, due), 25, staff)
            memory = psutil.Process(first).memory_info().rss / 1e6
            postgres.kill() if how == "killed" else _freeze(postgres, signal.SIGSTOP)
            assert now() < min(due.values()), "the database died too late to be missed"
            wait_for(lambda: all_rung(mailbox, due), 150, staff)
            wait_for(lambda: len(Journal.of(settings).read()) == len(due), 10, staff)
            late, twice = late_by(mailbox, due), _twice(mailbox, due)
            staff.kill(first)
            staff.settings = settings.model_copy(update={"sentinel_patience_seconds": 2.0})
            staff.start("sentinel")
            time.sleep(10)  # it rings from the copy by now, and knows what the first one rang
            again = _twice(mailbox, due) - twice
            postgres.start() if how == "killed" else _freeze(postgres, signal.SIGCONT)
            wait_for(lambda: not Journal.of(settings).read(), 60, staff)
            told = _told(office, len(due))
    subjects = {one.subject.partition("]")[0] for number in due for one in mailbox.pages(number)}
    tell(f"database {how}", rung=len(late), late_by=late[-1], twice=twice, memory_mb=memory)
    assert -60 <= late[0] <= late[-1] <= 120
    assert subjects == {"[Database unreachable"}
    assert (twice, again) == (0, 0)
    assert told


@pytest.mark.chaos
def test_a_sentinel_killed_in_mid_send_leaves_no_alarm_unrung(postgres, tmp_path, chance):
    url = postgres.database()
    with mail_server() as (mailbox, port):
        settings = settings_of(tmp_path, url, port, sentinel_seconds=0.5)
        with house(settings) as office, staff_of(settings) as staff:
            for _ in range(SENTINELS):
                staff.start("sentinel")
            due, kills = {}, 0
            for _ in range(SENTINEL_KILLS):
                at = now() + timedelta(seconds=0.5)
                number = clock_at_half(office, at)
                due[number] = at
                mailbox.slow = {chance.choice(("EHLO", "DATA")): 3.0}
                (port_in_hand, *_) = wait_for(lambda: list(mailbox.in_hand), 60, staff)
                time.sleep(chance.uniform(0, 0.3))
                victim = staff.sender(port_in_hand)
                mailbox.slow = {}
                if victim is not None:
                    staff.kill(victim)
                    staff.start("sentinel")
                    kills += 1
                mailbox.in_hand.clear()
                wait_for(lambda number=number: mailbox.pages(number), 60, staff)
            time.sleep(settings.alarm_lease_seconds + 2)  # whoever takes it over has had time
    postgres.drop(url)
    late, twice = late_by(mailbox, due), _twice(mailbox, due)
    tell("sentinels killed", kills=kills, rung=len(late), late_by=late[-1], twice=twice)
    assert len(late) == SENTINEL_KILLS
    assert kills > 0
    assert twice <= kills
    assert late[-1] <= 60


def _twice(mailbox: Mailbox, due: dict[str, datetime]) -> int:
    return sum(len(mailbox.pages(number)) - 1 for number in due)


def _copied(settings: Settings, due: dict[str, datetime]) -> bool:
    path = kept.path_of(settings)
    if not path.exists():
        return False
    copy = kept.read(path, KeyRing.load_or_create(settings.key_folder))
    return due.keys() <= {one.incident for one in copy.alarms}


def _told(office: Office, count: int) -> bool:
    with office.look(TOCSIN) as work:
        kinds = list(work.session.scalars(select(AuditEntry.kind)))
        story = [one for one in work.session.scalars(select(TimelineEntry.text)) if "copy" in one]
    return kinds.count("alarm.ring_blind") == count == len(story)


def _freeze(server: PostgresServer, how: signal.Signals) -> None:
    """Stop it where it stands, or let it go on: connections stay open, and nobody answers."""
    head = psutil.Process(server._process.pid)
    for process in (head, *head.children(recursive=True)):
        process.send_signal(how)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
