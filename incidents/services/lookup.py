"""Finding a thing that an actor may know of. What they may not see and what is not answer alike.

Whoever writes takes the incident first, before anything below it: what is read from then on
stays as it is until the end of the work. (SQLite has one writer at a time anyway.)
"""

from typing import TypeVar
from uuid import UUID

from incidents.database.base import Base
from incidents.database.engine import is_sqlite
from incidents.database.incidents import Incident, lock_incident
from incidents.errors import NotFound
from incidents.work import Work

Row = TypeVar("Row", bound=Base)


def get_incident(work: Work, incident_id: UUID) -> Incident:
    """The incident; a token for drills sees no live one."""
    _take(work, incident_id)
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
        if _take(work, row.incident_id):  # type: ignore[attr-defined]
            work.session.refresh(row)  # somebody may have changed it while we waited
        get_incident(work, row.incident_id)  # type: ignore[attr-defined]
    except NotFound:
        raise NotFound(f"there is no such {noun}") from None
    return row


def _take(work: Work, incident_id: UUID) -> bool:
    """Hold the incident until the end of the work; False where we hold it already."""
    held: set[UUID] = work.session.info.setdefault("incidents held", set())
    if not work.writes or is_sqlite(work.office.engine) or incident_id in held:
        return False
    held.add(incident_id)
    lock_incident(work.session, incident_id)
    return True
