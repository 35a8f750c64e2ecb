"""Holds over HTTP: which office asked us to wait, by which paper, for which laws, until when."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Page, Shape, View, WantedPage, needs, router_for
from incidents.api.extensions import Answer
from incidents.api.shapes import Line, Moment
from incidents.database.holds import Hold
from incidents.rules.permissions import Permission
from incidents.services import holds, review
from incidents.work import Work

router = router_for("duties")


class AddHold(Shape):
    """What an office asked for; `office` is one, and never the name of a person."""

    kind: Literal["police", "authority"]
    office: Line
    reference: Line
    oral: bool = False
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$", description="Of the paper.")] = ""
    starts_at: Moment
    until: Moment
    covers: Annotated[
        list[Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9._-]+$")]],
        Field(max_length=200, description="Ids of instruments (us.hipaa) or rules."),
    ]


class HoldView(View):
    """One hold, who recorded it, who confirmed it, and how it ended."""

    id: UUID
    incident_id: UUID
    status: str
    kind: str
    office: str
    reference: str
    oral: bool
    sha256: str
    starts_at: datetime
    until: datetime
    covers: list[str]
    recorded_at: datetime
    recorded_by: UUID
    decided_at: datetime | None
    decided_by: UUID | None
    decision: str
    ended_at: datetime | None
    ended_by: UUID | None
    end_reason: str


@router.get("/holds", **needs(Permission.READ_INCIDENT))
def list_holds(
    work: LookWork,
    page: WantedPage,
    status: Literal["", "asked", "standing", "refused", "lifted", "expired"] = "standing",
    ends_by: Moment | None = None,
) -> Page[HoldView]:
    """Holds of all incidents, those that end first ahead."""
    query = holds.find(work, status=status, ends_by=ends_by)
    rows, total, following = page.rows(work.session, query, Hold.until, Hold.id)
    return Page(items=[HoldView.model_validate(row) for row in rows], total=total, next=following)


@router.get("/incidents/{incident_id}/holds", **needs(Permission.READ_INCIDENT))
def read_holds(incident_id: UUID, work: LookWork) -> list[HoldView]:
    """The holds of an incident, oldest first."""
    return [HoldView.model_validate(row) for row in holds.of_incident(work, incident_id)]


@router.post("/incidents/{incident_id}/holds", status_code=201, **needs(Permission.CHANGE_DUTY))
def add_hold(incident_id: UUID, body: AddHold, work: OpenWork) -> HoldView:
    """Record a hold; it moves clocks once a second person who saw the paper confirms it."""
    return HoldView.model_validate(holds.add(work, incident_id, holds.Asked(**body.model_dump())))


@router.post("/holds/{hold_id}/confirm", **needs(Permission.CHANGE_DUTY))
def confirm_hold(hold_id: UUID, body: Answer, work: OpenWork) -> HoldView:
    """Agree, as a second person who has seen the paper. Whoever recorded it may not."""
    return _acted(work, holds.confirm(work, hold_id, body.reason), body.reason)


@router.post("/holds/{hold_id}/refuse", **needs(Permission.CHANGE_DUTY))
def refuse_hold(hold_id: UUID, body: Answer, work: OpenWork) -> HoldView:
    """Do not accept it, and say why; no clock moves."""
    return HoldView.model_validate(holds.refuse(work, hold_id, body.reason))


@router.post("/holds/{hold_id}/lift", **needs(Permission.CHANGE_DUTY))
def lift_hold(hold_id: UUID, body: Answer, work: OpenWork) -> HoldView:
    """End it before its time, and say why; the clocks run again."""
    return _acted(work, holds.lift(work, hold_id, body.reason), body.reason)


def _acted(work: Work, hold: Hold, reason: str) -> HoldView:
    review.review(work, hold.incident_id, reason=reason)
    return HoldView.model_validate(hold)
