"""What waits to ring, on the rows of duties, tasks and incidents themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, literal, select, union
from sqlalchemy.orm import Session

from incidents.database.alarms import Alarm
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.lifecycle import ENDED


@dataclass(frozen=True, slots=True)
class Due:
    """What rings now in one incident."""

    duties: Sequence[Duty]
    tasks: Sequence[Task]
    owner: bool

    def __bool__(self) -> bool:
        return bool(self.duties or self.tasks or self.owner)


# Written out: a partial index is not used for a parameter.
_OPEN = literal("open", literal_execute=True)
_RINGS = Duty.status == _OPEN


def incidents_due(session: Session, now: datetime, only: UUID | None = None) -> Sequence[UUID]:
    """The incidents in which something is due to ring, whose alarm was not opened yet."""
    asked = union(
        select(Duty.incident_id).where(_RINGS, Duty.next_alarm_at <= now),
        select(Task.incident_id).where(Task.next_alarm_at <= now),
        select(Incident.id).where(Incident.owner_alarm_at <= now),
    ).subquery()
    query = select(asked.c[0])
    return session.scalars(query.where(asked.c[0] == only) if only else query).all()


def due_in(session: Session, incident: Incident, now: datetime) -> Due:
    """What is due to ring in an incident that the caller holds."""
    duties = select(Duty).where(Duty.incident_id == incident.id, _RINGS, Duty.next_alarm_at <= now)
    tasks = select(Task).where(Task.incident_id == incident.id, Task.next_alarm_at <= now)
    return Due(
        session.scalars(duties.order_by(Duty.due_at, Duty.id)).all(),
        session.scalars(tasks.order_by(Task.due_at, Task.id)).all(),
        incident.owner_alarm_at is not None and incident.owner_alarm_at <= now,
    )


def duties_that_ring(until: datetime) -> Select[Duty]:
    """A query for the open duties that ring until a moment."""
    return select(Duty).where(_RINGS, Duty.next_alarm_at <= until)


def duties_and_tasks(
    session: Session, ids: Iterable[UUID]
) -> tuple[Sequence[Duty], Sequence[Task]]:
    """The duties and tasks with these ids."""
    wanted = list(ids)
    duties = session.scalars(select(Duty).where(Duty.id.in_(wanted))).all()
    tasks = session.scalars(select(Task).where(Task.id.in_(wanted))).all()
    return duties, tasks


def uncovered_duties() -> Select[Duty]:
    """A query for duties that are open and due and have no next alarm: there must be none."""
    query = select(Duty).join(Incident, Incident.id == Duty.incident_id)
    return query.where(
        _RINGS,
        Duty.due_at.is_not(None),
        Duty.next_alarm_at.is_(None),
        Incident.status.not_in(ENDED),
    )


def oldest_due(session: Session, now: datetime, mode: str = "live") -> datetime | None:
    """Since when the alarm that waits longest should have rung; None when none waits."""
    in_mode = Incident.mode == mode
    waits = [
        select(func.min(Duty.next_alarm_at))
        .join(Incident, Incident.id == Duty.incident_id)
        .where(_RINGS, Duty.next_alarm_at <= now, in_mode),
        select(func.min(Task.next_alarm_at))
        .join(Incident, Incident.id == Task.incident_id)
        .where(Task.next_alarm_at <= now, in_mode),
        select(func.min(Incident.owner_alarm_at)).where(Incident.owner_alarm_at <= now, in_mode),
        select(func.min(Alarm.next_at)).where(
            Alarm.state == _OPEN, Alarm.next_at <= now, Alarm.mode == mode
        ),
    ]
    found = [session.scalar(query) for query in waits]
    return min((one for one in found if one is not None), default=None)


def next_ring(session: Session, incident_id: UUID) -> datetime | None:
    """When the next thing rings in one incident if nobody does anything."""
    waits = [
        select(func.min(Duty.next_alarm_at)).where(_RINGS, Duty.incident_id == incident_id),
        select(func.min(Task.next_alarm_at)).where(Task.incident_id == incident_id),
        select(Incident.owner_alarm_at).where(Incident.id == incident_id),
        select(Alarm.next_at).where(Alarm.incident_id == incident_id, Alarm.state == _OPEN),
    ]
    found = [session.scalar(query) for query in waits]
    return min((one for one in found if one is not None), default=None)
