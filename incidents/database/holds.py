"""What is kept of holds: which office asked us to wait, by which paper, for what, until when."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.incidents import Incident

_ON = "status IN ('asked', 'standing')"


class Hold(Base):
    """One request to wait. status: lifecycle.HOLD; it moves clocks while it stands.

    kind       police | authority
    office     who asked: an office, never the name of a person
    reference  of the paper, or of the note on a call
    sha256     of the paper's file; empty where it was asked by word of mouth
    covers     ids of instruments or rules; it holds nothing else
    """

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_until", "until", sqlite_where=text(_ON), postgresql_where=text(_ON)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    status: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))
    office: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(200))
    oral: Mapped[bool]
    sha256: Mapped[str] = mapped_column(String(64), default="")
    starts_at: Mapped[datetime]
    until: Mapped[datetime]
    covers: Mapped[list[str]]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(String(1000), default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str] = mapped_column(String(1000), default="")


def holds_of(session: Session, incident_id: UUID) -> Sequence[Hold]:
    """The holds of an incident, oldest first."""
    query = select(Hold).where(Hold.incident_id == incident_id)
    return session.scalars(query.order_by(Hold.id)).all()


def holds_that_end(session: Session, until: datetime) -> Sequence[tuple[UUID, UUID]]:
    """The incidents and ids of holds whose time is over at a moment, though nobody said so yet."""
    query = select(Hold.incident_id, Hold.id).where(
        Hold.until <= until, Hold.status.in_(("asked", "standing"))
    )
    return [(incident_id, hold_id) for incident_id, hold_id in session.execute(query)]


def holds(*, status: str = "", ends_by: datetime | None = None, drills_only: bool) -> Select[Hold]:
    """A query for holds of all incidents: of one status, or that end by a moment."""
    query = select(Hold)
    if status:
        query = query.where(Hold.status == status)
    if ends_by is not None:
        query = query.where(Hold.until <= ends_by)
    if drills_only:
        query = query.join(Incident, Incident.id == Hold.incident_id)
        query = query.where(Incident.mode == "drill")
    return query
