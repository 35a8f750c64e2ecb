"""Duties over HTTP: what is owed to whom by when and why; evidence, history, waivers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Page, Shape, View, WantedPage, needs, router_for
from incidents.api.extensions import ExtensionView
from incidents.database.duties import Duty
from incidents.rules.packs import is_contractual
from incidents.rules.permissions import Permission
from incidents.services import duties, extensions

router = router_for("duties")


class DutyView(View):
    """One duty, with all that a lawyer would ask about it.

    due_at         what we keep to
    law_due_at     what the law answers by what is known now; later than `due_at` where a second
                   person has not agreed to that
    unheld_due_at  while a hold is on, until `held_until`: the due time without it
    contractual    it is a clause of a contract of ours, not of a law
    counts_from    the filing, message or page of ours that the clock counts from, if one does
    """

    id: UUID
    incident_id: UUID
    rule: str
    rule_version: str
    contractual: bool
    title: str
    stage: str
    place: str
    audience: str
    authority: str | None
    authority_portal: str | None
    standing: str
    status: str
    status_reason: str
    is_target: bool
    clock: str
    arithmetic: list[str]
    trigger: str | None
    start_at: datetime | None
    due_at: datetime | None
    law_due_at: datetime | None
    unheld_due_at: datetime | None
    held_until: datetime | None
    counts_from: UUID | None
    latest_arguable: datetime | None
    why: list[str]
    why_not: list[str]
    missing: list[str]
    could_end: list[str]
    source: str
    confidence: str
    met_when: dict[str, Any]

    @classmethod
    def of(cls, duty: Duty) -> "DutyView":
        """The view of a row: what the law answered, and what became of it."""
        answered = {
            name: duty.details.get(name) for name in cls.model_fields if name in duty.details
        }
        kept = {
            name: getattr(duty, name)
            for name in cls.model_fields
            if hasattr(duty, name) and name != "authority"
        }
        shown = {"authority": duty.authority or None, "contractual": is_contractual(duty.rule)}
        return cls(**{**answered, **kept, **shown})


class EvidenceView(View):
    """One proof."""

    id: UUID
    kind: str
    subject_id: UUID
    facts: dict[str, Any]
    at: datetime


class ChangeView(View):
    """One change of a duty."""

    at: datetime
    kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    actor_id: UUID


class DutyWithProof(DutyView):
    """A duty, its evidence, every time it was to be lengthened, and its history."""

    evidence: list[EvidenceView]
    extensions: list[ExtensionView]
    history: list[ChangeView]


class Decide(Shape):
    """A decision on a duty."""

    action: Literal["waive", "reopen"]
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


@router.get("/duties", **needs(Permission.READ_INCIDENT))
def list_duties(
    work: LookWork,
    page: WantedPage,
    status: Literal["", "open", "met", "no_longer_owed", "waived"] = "open",
) -> Page[DutyView]:
    """The deadline radar: the duties of all incidents, soonest due first."""
    query = duties.radar(work, status=status)
    order = (Duty.due_at.is_(None), Duty.due_at, Duty.id)
    rows, total, following = page.rows(work.session, query, *order)
    return Page(items=[DutyView.of(row) for row in rows], total=total, next=following)


@router.get("/incidents/{incident_id}/duties", **needs(Permission.READ_INCIDENT))
def read_duties(incident_id: UUID, work: LookWork) -> list[DutyView]:
    """Every duty of an incident: soonest due first, with why."""
    return [DutyView.of(duty) for duty in duties.of_incident(work, incident_id)]


@router.get("/duties/{duty_id}", **needs(Permission.READ_INCIDENT))
def read_duty(duty_id: UUID, work: LookWork) -> DutyWithProof:
    """One duty with its evidence and everything that ever changed about it."""
    duty = duties.read(work, duty_id)
    asked = extensions.of_duties(work, {duty_id})
    return DutyWithProof(
        **DutyView.of(duty).model_dump(),
        evidence=[EvidenceView.model_validate(row) for row in duties.proof(work, duty_id)],
        extensions=[ExtensionView.model_validate(row) for row in asked.get(duty_id, ())],
        history=[ChangeView.model_validate(row) for row in duties.history(work, duty_id)],
    )


@router.post("/duties/{duty_id}/decisions", **needs(Permission.CHANGE_DUTY))
def decide_duty(duty_id: UUID, body: Decide, work: OpenWork) -> DutyView:
    """Waive a duty, or take a waiver back; the reason stays on record."""
    act = duties.waive if body.action == "waive" else duties.reopen
    return DutyView.of(act(work, duty_id, body.reason))
