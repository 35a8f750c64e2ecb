"""What telling people starts from: a population, an approved notice, a campaign."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from incidents import rendering
from incidents.clock import SetClock
from incidents.database import leases
from incidents.database.base import uuid7
from incidents.database.imports import PopulationImport
from incidents.database.incidents import Incident
from incidents.database.notices import Notice, NoticeApproval, NoticeBody
from incidents.database.population import Recipient
from incidents.rules.launch_options import LaunchOptions
from incidents.services import (
    campaign_tending,
    campaigns,
    equation,
    freezing,
    pacing,
    receipts,
    sending,
)
from incidents.vault.blind_index import indexer
from incidents.vault.data_keys import data_key
from incidents.vault.keys import DataKey
from incidents.vault.sealed import seal_many
from incidents.work import TOCSIN, Office, Work
from notifiers.courier import AttemptQuery, Capabilities
from notifiers.dispatch import Dispatch
from notifiers.envelope import (
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptKind,
)
from notifiers.errors import BadSignature
from tests import factories

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
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
    indexes = _indexes(data_key(work.session, work.keyring, incident.id))
    rows = [
        _row(incident, source, person_id, person, blob, indexes)
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
    return list(seal_many(key, rows=zip([i.bytes for i in ids], texts, strict=True), **place))


def contact_of_dict(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": person.get("name", "Ada Example"),
        "email": person.get("email"),
        "phone": person.get("phone"),
        "push_token": person.get("push"),
        "postal_address": person.get("post"),
        "fields": {},
    }


def _row(
    incident: Incident,
    source: PopulationImport,
    person_id: UUID,
    person: dict[str, Any],
    blob: Any,
    indexes: Callable[[dict[str, Any]], dict[str, bytes | None]],
) -> dict[str, Any]:
    drill = incident.mode == "drill"
    return {
        "id": person_id,
        "incident_id": incident.id,
        "mode": incident.mode,
        "import_id": source.id,
        "person_key": person_id.bytes,
        **indexes(person),
        "locale": person.get("locale", "en"),
        "place": person.get("place", "DE"),
        "sealed": blob,
        "mail_host": person.get("mail_host", 0),
        "withheld": person.get("withheld", ""),
        "drill_name": person.get("name", "Ada Example") if drill else None,
        "drill_email": person.get("email") if drill else None,
        "drill_phone": person.get("phone") if drill else None,
    }


def _indexes(key: DataKey) -> Callable[[dict[str, Any]], dict[str, bytes | None]]:
    kinds = {kind: indexer(key, kind) for kind in ("email", "phone", "push", "post")}
    who = indexer(key, "person")

    def indexes(person: dict[str, Any]) -> dict[str, bytes | None]:
        found = {
            f"{kind}_index": index(person[kind].lower()) if person.get(kind) else None
            for kind, index in kinds.items()
        }
        if "ref" in person:
            found["person_key"] = who(f"ref\0{person['ref']}")
        return found

    return indexes


def make_notice(
    work: Work, incident: Incident, locales: Iterable[str] = ("en", "zh-Hans")
) -> Notice:
    """An approved notice with frozen words for e-mail, SMS, push and calls in each locale."""
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
    approve(
        work,
        notice,
        [(at, on) for at in locales for on in ("email", "sms", "push", "call", "letter")],
    )
    return notice


def approve(work: Work, notice: Notice, wanted: Iterable[tuple[str, ...]]) -> NoticeApproval:
    """Freeze words for these, as approving does: (locale, channel) or (locale, channel, place)."""
    approval = NoticeApproval(
        id=uuid7(),
        notice_id=notice.id,
        sha256="",
        approver_id=uuid7(),
        approved_at=work.now,
    )
    bodies = [_body(notice, approval, *one) for one in wanted]
    approval.sha256 = freezing.hash_of(notice, bodies)
    work.session.add(approval)
    work.session.flush()
    work.session.add_all(bodies)
    work.session.flush()
    return approval


def _body(
    notice: Notice, approval: NoticeApproval, locale: str, channel: str, place: str = ""
) -> NoticeBody:
    text = (
        f"[{locale}{place}] Dear %%{NONCE}.name.t%%, your answers were readable. {notice.reference}"
    )
    html = f"<p>Dear %%{NONCE}.name.h%%, your answers were readable. {notice.reference}</p>"
    whole = channel in {"email", "letter"}
    subject = f"About your data ({notice.reference})" if whole else ""
    made = rendering.Rendered(subject=subject, text=text, html=html if whole else "")
    return freezing.body_of(approval, (locale, place), channel, made)


class Scripted:
    """A courier of one name that does as told and keeps a ledger; it reaches nobody.

    answers  outcomes in turn, each an Outcome or a function of the envelope; then: accepted
    findings what look-ups show, in turn; then: absent
    """

    channel = None

    def __init__(self, name: str = "sendgrid", **capabilities: Any) -> None:
        self.name = name
        self.capabilities = Capabilities(
            **{
                "max_people": 1000,
                "native_key": False,
                "echoes_attempt": True,
                "looks_up": True,
                "settle_seconds": 0.0,
                "live": True,
            }
            | capabilities
        )
        self.answers: list[Any] = []
        self.findings: list[Finding] = []
        self.ledger: list[Envelope] = []
        self.bodies: dict[str, bytes] = {}

    def body(self, envelope: Envelope) -> bytes:
        people = "\n".join(f"{p.ref} {p.address} {p.fields['name']}" for p in envelope.people)
        return f"{envelope.attempt} {envelope.words.text}\n{people}".encode()

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        outcome = answer(envelope) if callable(answer) else answer
        if outcome.kind is OutcomeKind.ACCEPTED:
            self.ledger.append(envelope)
            self.bodies[envelope.attempt] = body
        return outcome

    async def look_up(self, query: AttemptQuery) -> Finding:
        return self.findings.pop(0) if self.findings else Finding(FindingKind.ABSENT)

    def parse_receipts(self, request: Any) -> list[Receipt]:
        raise BadSignature("nobody signs here")

    async def close(self) -> None:
        pass

    def told(self) -> list[str]:
        """Every address in the ledger, as often as it was told."""
        return sorted(person.address for one in self.ledger for person in one.people)


ACCEPTED = Outcome(OutcomeKind.ACCEPTED, 202, "ref")
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, 500, reason="sendgrid 500")
REFUSED = Outcome(OutcomeKind.REFUSED, 400, reason="sendgrid 400")


class Campaigning:
    """A live incident with its people, an office to tell them from, and two scripted couriers."""

    def __init__(self, office: Office, people: Iterable[Mapping[str, Any]], **settings: Any):
        clock = SetClock(NOW)
        self.office = replace(
            office,
            clock=clock,
            settings=office.settings.model_copy(update=settings),
            routes={"live": {"email": "sendgrid", "sms": "twilio", "call": "twilio_voice"}},
        )
        self.clock = clock
        self.email = Scripted("sendgrid")
        self.sms = Scripted("twilio", max_people=1)
        self.call = Scripted("twilio_voice", max_people=1)
        self.dispatch = Dispatch([self.email, self.sms, self.call])
        with self.office.work(TOCSIN) as work:
            self.incident = factories.make_incident(work)
            self.people = make_people(work, self.incident, people)
            self.notice = make_notice(work, self.incident)

    def launch(self, *ladder: str, **more: Any) -> UUID:
        with self.office.work(TOCSIN) as work:
            rungs = ladder or ("email", "sms", "announcement")
            self.id = campaigns.launch(work, self.notice.id, LaunchOptions(rungs, **more)).id
        return self.id

    def leave_in_doubt(self, **options: Any) -> None:
        """Launch it and send once; whether that left, no evidence will ever come of it."""
        self.email.capabilities = replace(self.email.capabilities, looks_up=False)
        self.email.findings = [Finding(FindingKind.CANNOT_TELL)] * 20
        self.launch(**options)
        self.email.answers = [UNKNOWN]
        self.pump()
        self.tend(later=61)

    def pump(self) -> int:
        return sending.pump(self.office, self.dispatch, mode="live")

    def lease(self, work: Work, seconds: float) -> list[leases.Lease]:
        """What a sender takes for so long, of whichever kind there is."""
        until = work.now + timedelta(seconds=seconds)
        for bulk in (True, False):
            gate = pacing.Gate(work, work.now)
            taken = leases.lease(
                work.session, self.id, bulk=bulk, limit=8, now=work.now, until=until, gate=gate
            )
            if taken:
                return taken
        return []

    def tend(self, later: float = 0) -> bool:
        self.later(later)
        return campaign_tending.tend(self.office, self.dispatch, mode="live")

    def later(self, seconds: float) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def buckets(self) -> dict[str, int]:
        """The buckets that hold somebody; the equation must hold each time one looks."""
        with self.office.look(TOCSIN) as work:
            found = equation.equation(work, self.id)
        assert found.holds
        return {bucket: count for bucket, count in found.buckets.items() if count}

    def rows(self, kind: type[Any]) -> list[Any]:
        with self.office.look(TOCSIN) as work:
            return list(work.session.scalars(select(kind)))

    def status(self) -> str:
        with self.office.look(TOCSIN) as work:
            return campaigns.read(work, self.id).status

    def fold(self, *receipts_: Receipt) -> int:
        with self.office.work(TOCSIN) as work:
            return receipts.fold(work, "sendgrid", receipts_)

    def receipt(self, envelope: Envelope, kind: ReceiptKind, person: int = 0) -> Receipt:
        ref = envelope.people[person].ref
        key = f"{envelope.attempt}:{ref}:{kind}"
        return Receipt(key, envelope.attempt, ref, kind, NOW, "sendgrid", "ref", "5.1.1")


def mailbox(number: int, **more: Any) -> dict[str, Any]:
    """A person with an address of their own."""
    return {"email": f"person{number}@example.com", **more}
