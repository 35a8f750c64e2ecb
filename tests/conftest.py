"""What tests stand on: a fresh database each, an office to work in, a way through the door.

TOCSIN_TEST_DATABASE=postgresql runs the same tests on PostgreSQL; SQLite is the default.
A test that needs the clock on the wall overrides the fixture `clock`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from incidents.clock import Clock, SetClock
from incidents.database.engine import open_engine
from incidents.database.migrate import upgrade
from incidents.rules.permissions import Role
from incidents.settings import Settings
from incidents.work import Actor, Bell, Office
from tests import factories
from tests.servers import PostgresServer, ValkeyServer, postgres_server, valkey_server

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from incidents.vault.keys import KeyRing
    from tests.services.telling import Campaigning

DATABASE = os.environ.get("TOCSIN_TEST_DATABASE", "sqlite")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches the database: only that differs between SQLite and PostgreSQL."""
    for item in items:
        if "database_template" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


class RecordingBell:
    """Hears every bell and does nothing: `rung` holds (name, subject id) in order."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, UUID | None]] = []

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Keep it."""
        self.rung.append((name, subject_id))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TOCSIN_") and not name.startswith("TOCSIN_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the run; started by the first test that asks."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey server for the run; started by the first test that asks."""
    with valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The URL of a migrated, empty database that nobody is connected to."""
    if DATABASE == "postgresql":
        url = request.getfixturevalue("postgres").database()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'tocsin.db'}"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@contextmanager
def fresh_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database, for as long as the block lasts."""
    template: str = request.getfixturevalue("database_template")
    if DATABASE == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.database(template=template.rpartition("/")[2])
        yield url
        server.drop(url)
    else:
        path = folder / "tocsin.db"
        shutil.copyfile(template.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"


@contextmanager
def opened(settings: Settings, keyring: KeyRing, clock: Clock, bell: Bell) -> Iterator[Office]:
    """An office on these, where every provider is the sandbox."""
    engine = open_engine(settings.database)
    yield Office(settings, engine, keyring, clock, bell, routes=factories.SANDBOX_ROUTES)
    engine.dispose()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, database_template: str, tmp_path: Path
) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    with fresh_database(request, tmp_path) as url:
        yield url


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Settings of an embedded process with everything in a temporary folder."""
    return Settings(data_folder=tmp_path, database_url=database)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at NOW until the test sets it."""
    return SetClock(NOW)


@pytest.fixture
def bell() -> RecordingBell:
    """Hears what is rung."""
    return RecordingBell()


@pytest.fixture
def keyring(tmp_path: Path) -> KeyRing:
    """Freshly generated keys, where an office would keep them."""
    return factories.make_keyring(tmp_path / "keys")


@pytest.fixture
def office(
    settings: Settings, keyring: KeyRing, clock: Clock, bell: RecordingBell
) -> Iterator[Office]:
    """An office on a fresh database, whose bell is heard by nobody."""
    with opened(settings, keyring, clock, bell) as office:
        yield office


@pytest.fixture
def telling(office: Office) -> Iterator[Callable[..., Campaigning]]:
    """Makes incidents whose people are to be told; their couriers end with the test."""
    from tests.services.telling import Campaigning  # noqa: PLC0415  most tests tell nobody

    made: list[Campaigning] = []

    def make(people: Iterable[Mapping[str, Any]], **settings: Any) -> Campaigning:
        made.append(Campaigning(office, people, **settings))
        return made[-1]

    yield make
    for one in made:
        one.dispatch.close()


@contextmanager
def web(office: Office) -> Iterator[TestClient]:
    """The web doors of an office; they answer 500 as in life, and raise nothing."""
    from fastapi.testclient import TestClient  # noqa: PLC0415  most tests need no web

    app = _app_of(office)
    app.state.office = office
    app.state.receipt_desks = {}  # those of another test's office
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _app_of(office: Office, made: list[FastAPI] = []) -> FastAPI:  # noqa: B006  kept on purpose
    # Made once for all tests: it takes a second, and holds nothing but the office.
    if not made:
        from incidents.app import create_app  # noqa: PLC0415

        made.append(create_app(office))
    return made[0]


def headers_by_role(office: Office) -> Callable[..., dict[str, str]]:
    """A function from roles to the headers of somebody who has them; one person each."""
    known: dict[tuple[Any, ...], dict[str, str]] = {}

    def headers(*roles: str, name: str = "", drills_only: bool = False) -> dict[str, str]:
        asked = (roles, name, drills_only)
        if asked not in known:
            with office.work(factories.TOCSIN) as work:
                user = factories.make_user(work, *roles, name=name)
                secret = factories.make_token(work, user, drills_only=drills_only)
            known[asked] = {"Authorization": f"Bearer {secret}"}
        return known[asked]

    return headers


@pytest.fixture
def client(office: Office) -> Iterator[TestClient]:
    """The web doors over an office."""
    with web(office) as client:
        yield client


@pytest.fixture
def as_role(office: Office) -> Callable[..., dict[str, str]]:
    """`as_role("commander")` gives the headers of somebody with that role; one person each."""
    return headers_by_role(office)


@pytest.fixture
def actor() -> Callable[..., Actor]:
    """`actor("approver")` gives an actor with that role, without a row of their own."""
    return lambda *roles: Actor.with_roles(factories.uuid7(), "-".join(roles), *map(Role, roles))
