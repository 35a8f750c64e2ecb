"""What is kept of alarms: what rings for which incident, whom it woke, who heard it."""

from collections.abc import Iterable, Sequence
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
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.campaigns import rows_changed
from incidents.database.incidents import Incident

_WHERE_OPEN = text("state = 'open'")
# Written out: a partial index is not used for a parameter.
_OPEN = literal("open", literal_execute=True)


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
            sqlite_where=_WHERE_OPEN,
            postgresql_where=_WHERE_OPEN,
        ),
        Index(
            "uq_alarm_code",
            "code",
            unique=True,
            sqlite_where=_WHERE_OPEN,
            postgresql_where=_WHERE_OPEN,
        ),
        Index("ix_alarm_next", "next_at", sqlite_where=_WHERE_OPEN, postgresql_where=_WHERE_OPEN),
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


def open_alarm(session: Session, incident_id: UUID) -> Alarm | None:
    """The alarm of an incident that nobody acknowledged yet."""
    query = select(Alarm).where(Alarm.incident_id == incident_id, Alarm.state == _OPEN)
    return session.scalar(query)


def open_codes(session: Session) -> set[str]:
    """The codes in use."""
    return set(session.scalars(select(Alarm.code).where(Alarm.state == _OPEN)))


def alarms_to_ring(session: Session, now: datetime, only: UUID | None = None) -> Sequence[UUID]:
    """The open alarms whose time has come and that no process is ringing; oldest first."""
    query = select(Alarm.id).where(Alarm.state == _OPEN, _free(now))
    query = query.where(Alarm.incident_id == only) if only else query
    return session.scalars(query.order_by(Alarm.next_at)).all()


def claim(session: Session, alarm_id: UUID, now: datetime, until: datetime) -> bool:
    """Take an alarm to ring it; of any number of processes exactly one gets it."""
    taken = update(Alarm).where(Alarm.id == alarm_id, Alarm.state == _OPEN, _free(now))
    claimed = taken.values(lease_until=until, ring_count=Alarm.ring_count + 1, rang_at=now)
    return rows_changed(session, claimed) == 1


def _free(now: datetime) -> Any:
    return and_(Alarm.next_at <= now, or_(Alarm.lease_until.is_(None), Alarm.lease_until <= now))


def give_back(
    session: Session, alarm_id: UUID, lease_until: datetime, *, level: int, next_at: datetime | None
) -> bool:
    """End our lease; False when it is no longer ours, or something more has come due since."""
    ours = update(Alarm).where(
        Alarm.id == alarm_id, Alarm.state == _OPEN, Alarm.lease_until == lease_until
    )
    ended = ours.values(lease_until=None, level=level, next_at=next_at)
    return rows_changed(session, ended) == 1


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
    return session.scalar(query.order_by((Alarm.state == _OPEN).desc(), Alarm.id.desc()).limit(1))
