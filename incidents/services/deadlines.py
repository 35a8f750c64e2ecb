"""Deadlines: what is due of all incidents that somebody may know of, soonest first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database.deadlines import DeadlineRow, due_list, hard_dues, rows_of
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_incident
from incidents.work import Actor, Work, require

MODES = ("live", "drill")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deadlines somebody wants to see.

    within_hours  due within so many hours, or overdue
    hard_only     without our own targets, tasks, and what is not known to be owed
    """

    incident_id: UUID | None = None
    place: str = ""
    audience: str = ""
    mode: str = ""
    within_hours: float | None = None
    hard_only: bool = False


def listed(
    work: Work, wanted: Wanted, *, limit: int | None = None, offset: int = 0
) -> tuple[list[DeadlineRow], int]:
    """What is due, soonest first, and how much of it there is in all."""
    require(work.actor, Permission.READ_INCIDENT)
    if wanted.incident_id:
        get_incident(work, wanted.incident_id)  # NotFound where the actor may not know of it
    within = wanted.within_hours
    query = due_list(
        modes_of(work.actor, wanted.mode),
        incident_id=wanted.incident_id,
        place=wanted.place,
        audience=wanted.audience,
        until=None if within is None else work.now + timedelta(hours=within),
        hard_only=wanted.hard_only,
    )
    return rows_of(work.session, query, limit=limit, offset=offset)


def hard_clocks(work: Work) -> list[datetime]:
    """When each hard clock of a live incident runs out, soonest first."""
    require(work.actor, Permission.READ_INCIDENT)
    return hard_dues(work.session)


def modes_of(actor: Actor, wanted: str = "") -> list[str]:
    """The modes that an actor may read of those that are wanted; all, if none is named."""
    readable = ("drill",) if actor.drills_only else MODES
    return [mode for mode in readable if wanted in {"", mode}]
