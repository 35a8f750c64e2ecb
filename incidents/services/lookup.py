"""Finding a thing that an actor may know of. What they may not see and what is not answer alike."""

from typing import TypeVar
from uuid import UUID

from incidents.database.base import Base
from incidents.database.incidents import Incident
from incidents.errors import NotFound
from incidents.work import Work

Row = TypeVar("Row", bound=Base)


def get_incident(work: Work, incident_id: UUID) -> Incident:
    """The incident; a token for drills sees no live one."""
    incident = work.session.get(Incident, incident_id)
    if incident is None or (work.actor.drills_only and incident.mode != "drill"):
        raise NotFound("there is no such incident")
    return incident


def get_of_incident(work: Work, kind: type[Row], row_id: UUID, noun: str) -> Row:
    """A row that belongs to an incident (has `incident_id`), if the actor may know of both."""
    row = work.session.get(kind, row_id)
    if row is None:
        raise NotFound(f"there is no such {noun}")
    try:
        get_incident(work, row.incident_id)  # type: ignore[attr-defined]
    except NotFound:
        raise NotFound(f"there is no such {noun}") from None
    return row
