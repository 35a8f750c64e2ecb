"""What telling people starts from: a population, an approved notice, a campaign."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from incidents import rendering
from incidents.database.base import uuid7
from incidents.database.incidents import Incident
from incidents.database.notices import Notice, NoticeApproval, NoticeBody
from incidents.database.population import PopulationImport, Recipient
from incidents.services import freezing
from incidents.vault.data_keys import data_key
from incidents.vault.sealed import seal_many
from incidents.work import Work

NONCE = "a1b2c3d4"


def make_people(work: Work, incident: Incident, people: Iterable[Mapping[str, Any]]) -> list[UUID]:
    """Recipients as an import would leave them. Each has email, phone, push, locale, place …"""
    people = [dict(person) for person in people]
    source = PopulationImport(
        incident_id=incident.id,
        status="done",
        started_at=work.now,
        started_by=work.actor.id,
        heartbeat_at=work.now,
        finished_at=work.now,
        added_count=len(people),
    )
    work.session.add(source)
    work.session.flush()
    ids = [uuid7() for _ in people]
    blobs = _sealed(work, incident, ids, people)
    rows = [
        _row(incident, source, person_id, person, blob)
        for person_id, person, blob in zip(ids, people, blobs, strict=True)
    ]
    for at in range(0, len(rows), 10_000):
        work.session.execute(insert(Recipient), rows[at : at + 10_000])
    return ids


def _sealed(
    work: Work, incident: Incident, ids: list[UUID], people: list[dict[str, Any]]
) -> list[bytes | None]:
    if incident.mode == "drill":
        return [None] * len(ids)
    texts = [json.dumps(contact_of_dict(person)).encode() for person in people]
    key = data_key(work.session, work.keyring, incident.id)
    place = {"table": "recipient", "field": "sealed", "incident_id": incident.id}
    return list(seal_many(key, rows=zip(ids, texts, strict=True), **place))


def contact_of_dict(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": person.get("name", "Ada Example"),
        "email": person.get("email"),
        "phone": person.get("phone"),
        "push_token": person.get("push"),
        "postal_address": None,
        "fields": {},
    }


def _row(
    incident: Incident, source: PopulationImport, person_id: UUID, person: dict[str, Any], blob: Any
) -> dict[str, Any]:
    drill = incident.mode == "drill"
    return {
        "id": person_id,
        "incident_id": incident.id,
        "mode": incident.mode,
        "import_id": source.id,
        "person_key": person_id.bytes,
        "locale": person.get("locale", "en"),
        "place": person.get("place", "DE"),
        "sealed": blob,
        "email_index": _index(person.get("email")),
        "phone_index": _index(person.get("phone")),
        "push_index": _index(person.get("push")),
        "withheld": person.get("withheld", ""),
        "drill_name": person.get("name", "Ada Example") if drill else None,
        "drill_email": person.get("email") if drill else None,
        "drill_phone": person.get("phone") if drill else None,
    }


def _index(address: str | None) -> bytes | None:
    return hashlib.sha256(address.lower().encode()).digest()[:16] if address else None


def make_notice(
    work: Work, incident: Incident, locales: Iterable[str] = ("en", "zh-Hans")
) -> Notice:
    """An approved notice with frozen words for e-mail, SMS and push in each locale."""
    notice = Notice(
        incident_id=incident.id,
        mode=incident.mode,
        kind=incident.kind,
        reference=f"N-2026-{uuid7().hex[-6:]}",
        status="approved",
        nonce=NONCE,
        default_locale="en",
        locale_choices={},
        drafted_at=work.now,
        drafted_by=work.actor.id,
    )
    work.session.add(notice)
    work.session.flush()
    approve(work, notice, [(at, on) for at in locales for on in ("email", "sms", "push")])
    return notice


def approve(work: Work, notice: Notice, wanted: Iterable[tuple[str, str]]) -> NoticeApproval:
    """Freeze words for these (locale, channel) pairs, as approving does."""
    approval = NoticeApproval(
        id=uuid7(),
        notice_id=notice.id,
        sha256="",
        approver_id=uuid7(),
        approved_at=work.now,
    )
    bodies = [_body(notice, approval, locale, channel) for locale, channel in wanted]
    approval.sha256 = freezing.hash_of(notice, bodies)
    work.session.add(approval)
    work.session.flush()
    work.session.add_all(bodies)
    work.session.flush()
    return approval


def _body(notice: Notice, approval: NoticeApproval, locale: str, channel: str) -> NoticeBody:
    text = f"[{locale}] Dear %%{NONCE}.name.t%%, your answers were readable. {notice.reference}"
    html = f"<p>Dear %%{NONCE}.name.h%%, your answers were readable. {notice.reference}</p>"
    subject = f"About your data ({notice.reference})" if channel == "email" else ""
    made = rendering.Rendered(subject=subject, text=text, html=html if channel == "email" else "")
    return freezing._body(approval, locale, channel, made)
