"""Opening an office: from settings to what one process has at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from incidents.audit.checkpoints import FileAnchor, check_anchor
from incidents.clock import Clock, SystemClock
from incidents.database import migrate
from incidents.database.engine import open_engine, reading
from incidents.errors import IncidentsError
from incidents.settings import Settings
from incidents.vault.keys import KEK_FILE, KeyRing
from incidents.vault.signing import SIGNING_FILE, SigningKey
from incidents.work import Bell, Office, SilentBell

Routes = Mapping[str, Mapping[str, str]]


class NotReady(IncidentsError):
    """This process cannot start; `detail` says what to do first."""

    status = 503
    title = "Not ready to start"


def open_office(
    settings: Settings,
    *,
    routes: Routes | None = None,
    bell: Bell | None = None,
    clock: Clock | None = None,
    judges: bool = True,
) -> Office:
    """What this process has at hand; embedded, it makes what is missing.

    judges  whether it is to judge by laws; without them it is smaller
    Raises  InvalidInput when the settings say of us what no law knows;
            NotReady in production, when tables or keys are missing;
            TrailRewound, TrailTampered when the audit trail is not the one that was anchored
    """
    if judges:
        from incidents.services.ourselves import own_facts  # noqa: PLC0415  as below

        own_facts(settings)
    if settings.embedded:
        prepare(settings)
    engine = open_engine(settings.database)
    if not settings.embedded and not migrate.is_current(engine):
        raise NotReady("the database is not at this release: run `tocsin migrate`")
    with Session(reading(engine)) as session:
        check_anchor(session, anchor(settings))
    office = Office(
        settings,
        engine,
        _keyring(settings),
        clock or SystemClock(),
        bell or SilentBell(),
        routes or {},
    )
    if judges:
        from incidents.services import law_packs  # noqa: PLC0415  not for those who only tell

        law_packs.begin(office)
    return office


def prepare(settings: Settings) -> None:
    """Bring the tables up to date, and generate the keys where there are none."""
    engine = open_engine(settings.database)
    try:
        migrate.upgrade(engine)
    finally:
        engine.dispose()
    KeyRing.load_or_create(key_folder(settings))
    SigningKey.load_or_create(key_folder(settings))


def signing_key(settings: Settings) -> SigningKey:
    """The key that signs the audit trail. Raises NotReady where there is none."""
    _must_exist(key_folder(settings) / SIGNING_FILE)
    return SigningKey.load_or_create(key_folder(settings))


def anchor(settings: Settings) -> FileAnchor:
    """Where signed heads of the audit trail are kept outside the database."""
    return FileAnchor(settings.data_folder / "audit-anchor.jsonl")


def key_folder(settings: Settings) -> Path:
    """The folder of the keys; back it up apart from the database."""
    return settings.key_folder


def _keyring(settings: Settings) -> KeyRing:
    path = key_folder(settings) / KEK_FILE
    _must_exist(path)
    return KeyRing.load(path)


def _must_exist(path: Path) -> None:
    # Never made up here: a second key ring would seal what the first cannot open.
    if not path.exists():
        raise NotReady(
            f"{path} is missing: copy the folder of keys from where `tocsin migrate` made it"
        )
