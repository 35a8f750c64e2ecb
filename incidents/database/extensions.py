"""What is kept of lengthened clocks: who asked, why, from when to when, and what a second said."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.duties import Duty
from incidents.database.incidents import Incident


class Extension(Base):
    """A due time that would move later: it waits for a second person. status: lifecycle.EXTENSION.

    asked_by        Tocsin, where nobody gave a reason: then two persons are needed
    facts           the names of the facts that changed, or none: see `reason`
    fact_id         the fact that the clock would count from, if one changed
    before_due_at   the time that stands
    after_due_at    what the law answers now; empty: the clock would stop
    """

    __tablename__ = "duty_extension"
    __table_args__ = (
        # What waits for an answer is one thing, whoever changes facts at the same time.
        Index(
            "uq_duty_extension_pending",
            "duty_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    duty_id: Mapped[UUID] = mapped_column(ForeignKey("duty.id"), index=True)
    status: Mapped[str] = mapped_column(String(12))
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(1000))
    facts: Mapped[list[str]]
    fact_id: Mapped[UUID | None]
    before_due_at: Mapped[datetime]
    after_due_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str] = mapped_column(String(1000), default="")


def pending_of(session: Session, incident_id: UUID) -> dict[UUID, Extension]:
    """What waits for a second person in one incident, by duty."""
    query = select(Extension).where(
        Extension.incident_id == incident_id, Extension.status == "pending"
    )
    return {row.duty_id: row for row in session.scalars(query)}


def extensions_of(session: Session, duty_ids: Collection[UUID]) -> dict[UUID, list[Extension]]:
    """Everything that was ever asked for these duties, oldest first."""
    query = select(Extension).where(Extension.duty_id.in_(duty_ids)).order_by(Extension.id)
    found: dict[UUID, list[Extension]] = {}
    for row in session.scalars(query):
        found.setdefault(row.duty_id, []).append(row)
    return found


def extensions(*, status: str = "", drills_only: bool = False) -> Select[Extension]:
    """A query for the extensions of all incidents, of one status if it is named."""
    query = select(Extension)
    if status:
        query = query.where(Extension.status == status)
    if drills_only:
        query = query.join(Incident, Incident.id == Extension.incident_id)
        query = query.where(Incident.mode == "drill")
    return query


def duties_by_id(session: Session, duty_ids: Collection[UUID]) -> dict[UUID, Duty]:
    """These duties, by id."""
    return {row.id: row for row in session.scalars(select(Duty).where(Duty.id.in_(duty_ids)))}
