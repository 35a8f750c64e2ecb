"""The story of an incident, line by line, as the people who handle it read it."""

from collections.abc import Sequence
from uuid import UUID

from incidents.database.incidents import TimelineEntry, timeline_of
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_incident
from incidents.work import Work, require


def note(work: Work, incident_id: UUID, kind: str, text: str) -> None:
    """Add a line. `text` holds no personal data of affected people: counts and names of things."""
    work.session.add(
        TimelineEntry(
            incident_id=incident_id,
            at=work.now,
            kind=kind,
            text=text[:1000],
            actor_id=work.actor.id,
            actor_name=work.actor.name,
        )
    )


def read(work: Work, incident_id: UUID) -> Sequence[TimelineEntry]:
    """The story so far, oldest first."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return timeline_of(work.session, incident_id)
