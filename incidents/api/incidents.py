"""Incidents over HTTP: open, read, amend, move; facts, timeline."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from incidents.api.door import (
    IfMatch,
    LookWork,
    OpenWork,
    Page,
    Shape,
    View,
    WantedPage,
    etag,
    needs,
    router_for,
)
from incidents.api.duties import DutyView
from incidents.api.shapes import Facts, Line, Moment, Reason, Sought, Words
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import INCIDENT
from incidents.rules.permissions import Permission
from incidents.services import duties, facts, incidents, review, timeline

router = router_for("incidents")

Title = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
Moments = Literal[
    "occurred_at",
    "detected_at",
    "suspected_at",
    "aware_at",
    "confirmed_at",
    "contained_at",
    "notified_by_processor_at",
]


Kind = Literal[
    "personal_data_leak",
    "ransomware",
    "misdirected_email",
    "lost_device",
    "account_takeover",
    "other",
]
Status = Literal["reported", "triaged", "confirmed", "contained", "resolved", "closed", "dismissed"]


class OpenIncident(Shape):
    """What is needed to open an incident: a title and a kind; all else can follow."""

    title: Title
    kind: Kind
    mode: Literal["live", "drill"] = "live"
    reporter: Words = ""
    moments: dict[Moments, Moment] = Field(
        default={}, description="When it happened, was detected, became known; any time zone."
    )
    facts: Facts = Field(
        default={}, description="First facts by name; GET /api/v1/facts/vocabulary lists them."
    )
    source: Words = ""


class AmendIncident(Shape):
    """What may be changed; what is left out stays."""

    title: Title | None = None
    reporter: Words | None = None


class MoveIncident(Shape):
    """One step along the lifecycle."""

    action: Literal["triage", "confirm", "contain", "resolve", "close", "dismiss", "reopen"]
    reason: Reason = ""


class RecordFacts(Shape):
    """Facts that were learned together, from one source."""

    facts: Annotated[Facts, Field(min_length=1)]
    source: Line
    learned_at: Moment | None = None
    reason: Reason = ""


class IncidentView(View):
    """An incident as it stands."""

    id: UUID
    number: str
    mode: str
    kind: str
    title: str
    status: str
    reporter: str
    opened_at: datetime
    closed_at: datetime | None
    severity: str
    severity_score: float | None
    china_grade: str
    owner_id: UUID | None
    version: int
    moves: list[str] = []

    @classmethod
    def of(cls, incident: Incident) -> "IncidentView":
        """The view of a row, with the moves possible from where it is."""
        view = cls.model_validate(incident)
        view.moves = INCIDENT.moves(incident.status)
        return view


class OpenedView(IncidentView):
    """A new incident, and what is owed by when."""

    duties: list[DutyView]


class FactView(View):
    """One fact, with where it is known from."""

    id: UUID
    name: str
    value: Any
    source: str
    learned_at: datetime
    recorded_at: datetime
    recorded_by: UUID
    superseded_at: datetime | None
    superseded_by: UUID | None
    reason: str


class FactsRecorded(View):
    """What was new in what was recorded, and what is owed now."""

    recorded: list[FactView]
    duties: list[DutyView]


class TimelineView(View):
    """One line of the story."""

    at: datetime
    kind: str
    text: str
    actor_id: UUID
    actor_name: str


@router.post("/incidents", status_code=201, **needs(Permission.OPEN_INCIDENT))
def open_incident(body: OpenIncident, work: OpenWork, response: Response) -> OpenedView:
    """Open an incident. The reply lists at once what is owed to whom by when."""
    moments = {str(name): moment.isoformat() for name, moment in body.moments.items()}
    incident = incidents.open_incident(
        work,
        title=body.title,
        kind=body.kind,
        mode=body.mode,
        reporter=body.reporter,
        facts={**body.facts, **moments},
        source=body.source,
    )
    etag(response, incident.version)
    response.headers["Location"] = f"/api/v1/incidents/{incident.id}"
    owed = [DutyView.of(duty) for duty in duties.just_opened(work, incident)]
    return OpenedView(**IncidentView.of(incident).model_dump(), duties=owed)


@router.get("/incidents", **needs(Permission.READ_INCIDENT))
def list_incidents(
    work: LookWork,
    page: WantedPage,
    q: Annotated[Sought, Query(description="Words of title, number or reporter.")] = "",
    status: Literal["", Status] = "",
    mode: Literal["", "live", "drill"] = "",
    kind: Literal["", Kind] = "",
    sort: Literal["-opened_at", "opened_at", "number", "-severity_score"] = "-opened_at",
) -> Page[IncidentView]:
    """The incidents that match, newest first."""
    query = incidents.find(work, words=q, status=status, mode=mode, kind=kind)
    column = getattr(Incident, sort.removeprefix("-"))
    order = column.desc() if sort.startswith("-") else column.asc()
    rows, total, following = page.rows(work.session, query, order, Incident.id)
    return Page(items=[IncidentView.of(row) for row in rows], total=total, next=following)


@router.get("/incidents/{incident_id}", **needs(Permission.READ_INCIDENT))
def read_incident(incident_id: UUID, work: LookWork, response: Response) -> IncidentView:
    """One incident."""
    incident = incidents.read(work, incident_id)
    etag(response, incident.version)
    return IncidentView.of(incident)


@router.patch("/incidents/{incident_id}", **needs(Permission.EDIT_INCIDENT))
def amend_incident(
    incident_id: UUID, body: AmendIncident, version: IfMatch, work: OpenWork, response: Response
) -> IncidentView:
    """Change the title or the reporter."""
    incident = incidents.amend(work, incident_id, version, title=body.title, reporter=body.reporter)
    etag(response, incident.version)
    return IncidentView.of(incident)


@router.post("/incidents/{incident_id}/moves", **needs(Permission.MOVE_INCIDENT))
def move_incident(
    incident_id: UUID, body: MoveIncident, work: OpenWork, response: Response
) -> IncidentView:
    """Take the incident one step along its lifecycle; closing asks that nothing is owed."""
    incident = incidents.move(work, incident_id, body.action, reason=body.reason)
    etag(response, incident.version)
    return IncidentView.of(incident)


@router.post("/incidents/{incident_id}/facts", status_code=201, **needs(Permission.RECORD_FACT))
def record_facts(incident_id: UUID, body: RecordFacts, work: OpenWork) -> FactsRecorded:
    """Record facts; the reply says what they change. Later facts supersede, never overwrite."""
    recorded = facts.record_all(
        work,
        incident_id,
        body.facts,
        source=body.source,
        learned_at=body.learned_at,
        reason=body.reason,
    )
    review.review(work, incident_id, reason=body.reason)
    return FactsRecorded(
        recorded=[FactView.model_validate(fact) for fact in recorded],
        duties=[DutyView.of(duty) for duty in duties.of_incident(work, incident_id)],
    )


@router.get("/incidents/{incident_id}/facts", **needs(Permission.READ_INCIDENT))
def read_facts(
    incident_id: UUID,
    work: LookWork,
    history: Annotated[bool, Query(description="Superseded ones too.")] = False,
    name: Sought = "",
) -> list[FactView]:
    """What is known, with source and time."""
    if history or name:
        return [FactView.model_validate(f) for f in facts.history(work, incident_id, name)]
    return [FactView.model_validate(fact) for fact in facts.read(work, incident_id)]


@router.get("/incidents/{incident_id}/timeline", **needs(Permission.READ_INCIDENT))
def read_timeline(incident_id: UUID, work: LookWork) -> list[TimelineView]:
    """The story so far, oldest first."""
    return [TimelineView.model_validate(row) for row in timeline.read(work, incident_id)]
