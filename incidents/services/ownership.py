"""Who answers for an incident: named by somebody, or whoever first moves it along.

An incident that nobody owns rings after 15 minutes, and hourly from then on.
"""

from uuid import UUID

from incidents.audit import log as audit
from incidents.database.incidents import Incident
from incidents.database.users import user_by_name
from incidents.errors import Conflict, InvalidInput, Problem
from incidents.rules.lifecycle import ENDED
from incidents.rules.permissions import Permission, Role, permissions_of
from incidents.services import alarm_schedule, timeline
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident
from incidents.work import TOCSIN, Work, require


def own(work: Work, incident_id: UUID, version: int, *, name: str = "") -> Incident:
    """Make somebody the owner of an incident; whoever asks, if nobody is named.

    version  the one that was read
    Raises   InvalidInput  nobody of that name may move an incident; Conflict  it is over
    """
    require(work.actor, Permission.MOVE_INCIDENT)
    incident = get_incident(work, incident_id)
    check_version(incident.version, version)
    if incident.status in ENDED:
        raise Conflict(f"{incident.number} is {incident.status}: reopen it first")
    owner_id, who = _named(work, name) if name else (work.actor.id, work.actor.name)
    _give(work, incident, owner_id, who)
    work.session.flush()
    return incident


def take_if_free(work: Work, incident: Incident) -> None:
    """Whoever first moves an incident along owns it, until somebody else does."""
    if incident.owner_id is None and work.actor != TOCSIN:
        _give(work, incident, work.actor.id, work.actor.name)


def _named(work: Work, name: str) -> tuple[UUID, str]:
    user = user_by_name(work.session, name)
    may = user and permissions_of(frozenset(Role(role) for role in user.roles))
    if user is None or user.disabled_at or Permission.MOVE_INCIDENT not in (may or ()):
        raise InvalidInput(
            f"{name} cannot own an incident",
            Problem("owner", "is nobody who may move one", "name somebody of the team"),
        )
    return user.id, user.name


def _give(work: Work, incident: Incident, owner_id: UUID, who: str) -> None:
    if incident.owner_id == owner_id:
        return
    before, incident.owner_id = incident.owner_id, owner_id
    alarm_schedule.schedule_owner(work, incident)
    audit.record(
        work,
        "incident.own",
        incident_id=incident.id,
        subject_type="incident",
        subject_id=incident.id,
        owner_id=owner_id,
        before=before,
    )
    timeline.note(work, incident.id, "owner", f"Owned by {who}")
