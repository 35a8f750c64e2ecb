"""Plain functions that make what a test starts from; each takes the work first."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from incidents.auth import tokens
from incidents.database.base import uuid7
from incidents.database.duties import Duty
from incidents.database.incidents import Incident, next_number
from incidents.database.users import ApiToken, User
from incidents.vault.keys import KeyRing
from incidents.vault.signing import SigningKey
from incidents.work import TOCSIN, Work

__all__ = [
    "SANDBOX_ROUTES",
    "TOCSIN",
    "make_duty",
    "make_incident",
    "make_keyring",
    "make_token",
    "make_user",
    "uuid7",
]

_SANDBOX = dict.fromkeys(("email", "sms", "push"), "sandbox")
SANDBOX_ROUTES = {"live": _SANDBOX, "drill": _SANDBOX}
_NAMES = count(1)


def make_keyring(folder: Path) -> KeyRing:
    """Fresh keys in a folder: those that seal, and the one that signs the audit trail."""
    SigningKey.load_or_create(folder, "tocsin/test")
    return KeyRing.load_or_create(folder)


def make_user(work: Work, *roles: str, name: str = "") -> User:
    """Somebody on the team."""
    name = name or f"{'-'.join(roles) or 'nobody'}-{next(_NAMES)}"
    user = User(id=uuid7(), name=name, roles=list(roles), created_at=work.now)
    work.session.add(user)
    work.session.flush()
    return user


def make_token(work: Work, user: User, *, drills_only: bool = False, **changes: Any) -> str:
    """A token of theirs, valid for a year; gives the secret."""
    minted = tokens.mint(drills_only=drills_only)
    row: dict[str, Any] = {
        "user_id": user.id,
        "prefix": minted.prefix,
        "sha256": minted.sha256,
        "scopes": [],
        "drills_only": drills_only,
        "created_at": work.now,
        "expires_at": work.now + timedelta(days=365),
    }
    work.session.add(ApiToken(**row | changes))
    work.session.flush()
    return minted.secret


def make_incident(work: Work, **changes: Any) -> Incident:
    """An incident as a bare row, without the service: live, reported, without facts."""
    number = next_number(work.session, f"incident-{work.now.year}")
    row: dict[str, Any] = {
        "id": uuid7(),
        "number": f"INC-{work.now.year}-{number:04}",
        "mode": "live",
        "kind": "personal_data_leak",
        "title": "Survey answers were readable without signing in",
        "status": "reported",
        "opened_at": work.now,
        "opened_by": work.actor.id,
    }
    incident = Incident(**row | changes)
    work.session.add(incident)
    work.session.flush()
    return incident


def make_duty(work: Work, incident: Incident, **changes: Any) -> Duty:
    """A duty as a bare row, without the law: owed and open."""
    row: dict[str, Any] = {
        "incident_id": incident.id,
        "rule_version": "0" * 64,
        "stage": "initial",
        "place": "EEA",
        "audience": "authority",
        "authority": "",
        "standing": "owed",
        "status": "open",
        "is_target": False,
        "details": {"confidence": "high"},
        "met_when": {},
        "appeared_at": work.now,
        "status_at": work.now,
    }
    duty = Duty(**row | changes)
    work.session.add(duty)
    work.session.flush()
    return duty
