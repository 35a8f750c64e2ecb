"""The sentinel rings through the database, without it, and tells it afterwards; or stays silent
towards the dead-man's switch."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from incidents.audit.log import AuditEntry
from incidents.clock import Clock, SystemClock
from incidents.database.alarms import Alarm
from incidents.database.incidents import TimelineEntry
from incidents.sentinel import kept as copies
from incidents.sentinel.dead_man import DeadMan
from incidents.sentinel.journal import Journal, Rang
from incidents.sentinel.watch import Sentinel
from incidents.settings import Settings
from incidents.work import TOCSIN
from tests.sentinel.conftest import KeepingPager
from tests.sentinel.scene import clock_at_half, somebody_on_duty

# What a small process must not carry: the web, and everything that reads the law.
HEAVY = ("fastapi", "starlette", "uvicorn", "holidays", "yaml", "playbooks", "celery", "alembic")


class Switch:
    """A dead-man's switch that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def switch() -> Iterator[Switch]:
    switch = Switch()
    yield switch
    switch.server.shutdown()
    switch.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


@pytest.fixture
def settings(database, tmp_path, switch) -> Settings:
    return Settings(
        data_folder=tmp_path,
        database_url=database,
        dead_man_url=switch.url,
        sentinel_patience_seconds=5.0,
    )


@pytest.fixture
def someone(office) -> None:
    somebody_on_duty(office)


@pytest.fixture
def sentinel(settings, office, someone, pager) -> Sentinel:
    return watching(settings, pager)


def watching(settings: Settings, pager: KeepingPager) -> Sentinel:
    """A sentinel whose pages are kept here."""
    sentinel = Sentinel(settings)
    sentinel._pagers = {"live": [pager], "drill": [pager]}
    return sentinel


def soon(seconds: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
def away(settings, tmp_path) -> Settings:
    """The same settings, where the database does not answer."""
    gone = "postgresql+psycopg://tocsin@127.0.0.1:1/tocsin"
    if settings.database.startswith("sqlite"):
        gone = f"sqlite:///{tmp_path / 'gone.db'}"
    return Settings(**settings.model_dump(exclude_unset=True) | {"database_url": gone})


def test_what_is_due_rings_through_the_database_and_a_copy_is_kept(
    sentinel, office, pager, settings, keyring, switch
):
    number = clock_at_half(office, soon(-1))
    later = clock_at_half(office, soon(3600))
    assert sentinel.once()
    ((name, page),) = pager.pages
    assert name == "Ada Example"
    assert number in page.subject
    assert "unreachable" not in page.subject
    assert page.link
    kept = copies.read(copies.path_of(settings), keyring)
    assert later in {one.incident for one in kept.alarms}
    assert [one.contact.email for one in kept.on_duty(soon())] == ["ada@example.com"]
    assert switch.heard == ["overdue=0; the database answers"]
    with office.look(TOCSIN) as work:
        assert [one.ring_count for one in work.session.scalars(select(Alarm))] == [1]


class Later:
    """The clock on the wall, some seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self.ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def watching_again(settings: Settings, pager: KeepingPager) -> Sentinel:
    """Another process, two minutes later."""
    sentinel = watching(settings, pager)
    sentinel._clock = Later(120)
    return sentinel


def test_without_the_database_it_rings_from_the_copy_once_and_tells_it_afterwards(
    sentinel, office, pager, settings, switch, away
):
    number = clock_at_half(office, soon(60))
    assert sentinel.once()
    assert watching_again(away, pager).once()
    assert watching_again(away, pager).once()
    ((_, page),) = pager.pages
    assert page.subject.startswith("[Database unreachable]")
    assert number in page.subject
    assert "the database is unreachable, copy of" in switch.heard[-1]
    assert not (settings.data_folder / "gone.db").exists()
    assert watching(settings, pager).once()
    assert Journal.of(settings).read() == []
    with office.look(TOCSIN) as work:
        kinds = list(work.session.scalars(select(AuditEntry.kind)))
    assert kinds.count("alarm.ring_blind") == 1


def test_what_rang_without_the_database_is_told_once_however_often(
    sentinel, office, settings, pager
):
    number = clock_at_half(office, soon(3600))
    rang = Rang(soon(), number, "live", "u1", 0, ("a",), {"email": "accepted", "sms": "refused"})
    for _ in range(2):
        Journal.of(settings).write(rang)
        assert sentinel.once()
    with office.look(TOCSIN) as work:
        entries = work.session.scalars(select(AuditEntry)).all()
        story = work.session.scalars(select(TimelineEntry.text)).all()
    assert [one.kind for one in entries].count("alarm.ring_blind") == 1
    assert [text for text in story if "1 pages (email 1)" in text]


def test_the_switch_hears_how_many_clocks_have_run_out(sentinel, office, switch):
    clock_at_half(office, soon(-40 * 3600))
    assert sentinel.once()
    assert switch.heard == ["overdue=1; the database answers"]


def test_the_switch_hears_nothing_when_nobody_on_duty_can_be_woken(
    settings, office, pager, switch, someone
):
    pager.channel = "sandbox"
    assert not watching(settings, pager).once()
    assert switch.heard == []


def test_the_switch_hears_nothing_when_no_provider_takes_a_page(
    sentinel, office, pager, settings, switch, away
):
    clock_at_half(office, soon(60))
    sentinel.once()
    switch.heard.clear()
    pager.answers = "refused"
    assert not watching_again(away, pager).once()
    assert switch.heard == []


def test_a_copy_that_cannot_be_written_keeps_no_alarm_from_ringing(
    sentinel, office, pager, settings, switch
):
    clock_at_half(office, soon(-1))
    (settings.data_folder / "sentinel").write_text("a file where a folder should be")
    assert not sentinel.once()
    assert len(pager.pages) == 1
    assert switch.heard == []


def test_the_switch_hears_nothing_without_database_and_copy(away, office, pager, switch):
    assert not watching(away, pager).once()
    assert switch.heard == []


def test_the_switch_is_not_pinged_more_often_than_it_likes(switch):
    dead_man = DeadMan(switch.url)
    for _ in range(3):
        dead_man.ping("fine")
        dead_man.wait()
    assert switch.heard == ["fine"]


def test_a_switch_that_is_not_there_stops_nothing():
    dead_man = DeadMan("http://127.0.0.1:1/")
    dead_man.ping("fine")
    dead_man.wait()
    DeadMan("").ping("fine")


def test_the_command_says_what_the_copy_would_ring(sentinel, office, settings):
    number = clock_at_half(office, soon(3600))
    sentinel.once()
    command = [sys.executable, "-m", "incidents.cli.main", "sentinel", "--check"]
    environment = os.environ | {"TOCSIN_DATA_FOLDER": str(settings.data_folder)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert number in said.stdout
    assert "Ada Example (level 0)" in said.stderr
    assert "ada@example.com" not in said.stdout + said.stderr


def test_a_sentinel_loads_neither_the_web_nor_the_law():
    code = f"import sys, incidents.sentinel.watch; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
