"""What is kept of alarms: what rings for which incident, whom it woke, who heard it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.campaigns import rows_changed
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.lifecycle import ENDED

_OPEN = text("state = 'open'")


class Alarm(Base):
    """One alarm of one incident: all that rings together until somebody acknowledges it.

    state        lifecycle.ALARM
    is_loud      wakes people by SMS and call; a soft one only writes to them
    about        what rings: {kind: duty | task | owner, id, share of the clock, is_loud}
    code         what is keyed in or sent back by SMS; no two open alarms share one
    level        of those who are woken next, and all before them
    ring_count   how often it was claimed to ring
    next_at      when it rings again; empty once it is silent
    lease_until  a process is ringing it now, and has until then
    heard_how    link | sms | call | api
    """

    __tablename__ = "alarm"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id", "mode"], ["incident.id", "incident.mode"]),
        UniqueConstraint("id", "mode"),
        CheckConstraint("mode IN ('live', 'drill')", name="mode"),
        Index(
            "uq_alarm_open",
            "incident_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("uq_alarm_code", "code", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_alarm_next", "next_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(index=True)
    mode: Mapped[str] = mapped_column(String(5))
    state: Mapped[str] = mapped_column(String(20))
    is_loud: Mapped[bool]
    about: Mapped[list[Any]]
    code: Mapped[str] = mapped_column(String(8))
    level: Mapped[int] = mapped_column(default=0)
    ring_count: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime] = mapped_column(index=True)
    next_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    rang_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    heard_by: Mapped[UUID | None]
    heard_how: Mapped[str] = mapped_column(String(10), default="")


class AlarmPage(Base):
    """One person paged on one channel, written before it leaves.

    ring          which ring of the alarm
    channel       as the pager calls it; in a drill there is only the sandbox
    outcome       pending | accepted | refused | unknown | no_address
    token_sha256  of the link that this person was sent
    """

    __tablename__ = "alarm_page"
    __table_args__ = (
        ForeignKeyConstraint(["alarm_id", "mode"], ["alarm.id", "alarm.mode"]),
        CheckConstraint("mode = 'live' OR channel = 'sandbox'", name="drill_sandboxed"),
        UniqueConstraint("alarm_id", "ring", "user_id", "channel"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    alarm_id: Mapped[UUID]
    mode: Mapped[str] = mapped_column(String(5))
    ring: Mapped[int]
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(300), default="")
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Due:
    """What rings now in one incident."""

    duties: Sequence[Duty]
    tasks: Sequence[Task]
    owner: bool

    def __bool__(self) -> bool:
        return bool(self.duties or self.tasks or self.owner)


_RINGS = Duty.status == "open"


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


def open_alarm(session: Session, incident_id: UUID) -> Alarm | None:
    """The alarm of an incident that nobody acknowledged yet."""
    query = select(Alarm).where(Alarm.incident_id == incident_id, Alarm.state == "open")
    return session.scalar(query)


def open_codes(session: Session) -> set[str]:
    """The codes in use."""
    return set(session.scalars(select(Alarm.code).where(Alarm.state == "open")))


def alarms_to_ring(session: Session, now: datetime, only: UUID | None = None) -> Sequence[UUID]:
    """The open alarms whose time has come and that no process is ringing; oldest first."""
    query = select(Alarm.id).where(Alarm.state == "open", _free(now))
    query = query.where(Alarm.incident_id == only) if only else query
    return session.scalars(query.order_by(Alarm.next_at)).all()


def claim(session: Session, alarm_id: UUID, now: datetime, until: datetime) -> bool:
    """Take an alarm to ring it; of any number of processes exactly one gets it."""
    taken = update(Alarm).where(Alarm.id == alarm_id, Alarm.state == "open", _free(now))
    claimed = taken.values(lease_until=until, ring_count=Alarm.ring_count + 1, rang_at=now)
    return rows_changed(session, claimed) == 1


def _free(now: datetime) -> Any:
    return and_(Alarm.next_at <= now, or_(Alarm.lease_until.is_(None), Alarm.lease_until <= now))


def give_back(
    session: Session, alarm_id: UUID, lease_until: datetime, *, level: int, next_at: datetime | None
) -> bool:
    """End our lease; False when it is no longer ours, or something more has come due since."""
    ours = update(Alarm).where(
        Alarm.id == alarm_id, Alarm.state == "open", Alarm.lease_until == lease_until
    )
    ended = ours.values(lease_until=None, level=level, next_at=next_at)
    return rows_changed(session, ended) == 1


def duties_and_tasks(
    session: Session, ids: Iterable[UUID]
) -> tuple[Sequence[Duty], Sequence[Task]]:
    """The duties and tasks with these ids."""
    wanted = list(ids)
    duties = session.scalars(select(Duty).where(Duty.id.in_(wanted))).all()
    tasks = session.scalars(select(Task).where(Task.id.in_(wanted))).all()
    return duties, tasks


def alarms(*, state: str = "", mode: str = "", incident_id: UUID | None = None) -> Select[Alarm]:
    """A query for alarms by state, mode and incident."""
    query = select(Alarm)
    if state:
        query = query.where(Alarm.state == state)
    if mode:
        query = query.where(Alarm.mode == mode)
    return query.where(Alarm.incident_id == incident_id) if incident_id else query


def numbers_of(session: Session, incident_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of incidents."""
    query = select(Incident.id, Incident.number).where(Incident.id.in_(set(incident_ids)))
    return dict(session.execute(query).all())


def pages_of(session: Session, alarm_id: UUID) -> Sequence[AlarmPage]:
    """Everyone whom an alarm woke, or tried to, oldest first."""
    query = select(AlarmPage).where(AlarmPage.alarm_id == alarm_id)
    return session.scalars(query.order_by(AlarmPage.ring, AlarmPage.level, AlarmPage.id)).all()


def page_with_token(session: Session, sha256: bytes) -> AlarmPage | None:
    """The page whose link this is."""
    return session.scalar(select(AlarmPage).where(AlarmPage.token_sha256 == sha256).limit(1))


def alarm_with_code(session: Session, code: str) -> Alarm | None:
    """The alarm that a code means: the open one, else the last that had it."""
    query = select(Alarm).where(Alarm.code == code)
    return session.scalar(query.order_by((Alarm.state == "open").desc(), Alarm.id.desc()).limit(1))


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
            Alarm.state == "open", Alarm.next_at <= now, Alarm.mode == mode
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
        select(Alarm.next_at).where(Alarm.incident_id == incident_id, Alarm.state == "open"),
    ]
    found = [session.scalar(query) for query in waits]
    return min((one for one in found if one is not None), default=None)
