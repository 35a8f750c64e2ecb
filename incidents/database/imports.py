"""What is kept of an import: how far one file of people is, and what of it could not be used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, String, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, Json, uuid7


class PopulationImport(Base):
    """One file of people: how far it is, what came of it. status: running | done | failed.

    rejected_count  lines from which no person could be made
    flawed_count    people who were added without something that their line said
    by_reason       `column.reason` -> how often: all of them, however many are listed
    by_place        place -> people added; '' where it is not known
    kinds           [locale, place] of the people added, each pair once; None: not kept
    """

    __tablename__ = "population_import"
    __table_args__ = (
        Index(
            "uq_population_import_running",
            "incident_id",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    status: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime]
    started_by: Mapped[UUID]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    read_count: Mapped[int] = mapped_column(default=0)
    added_count: Mapped[int] = mapped_column(default=0)
    duplicate_count: Mapped[int] = mapped_column(default=0)
    rejected_count: Mapped[int] = mapped_column(default=0)
    flawed_count: Mapped[int] = mapped_column(default=0)
    by_reason: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_place: Mapped[dict[str, Any]] = mapped_column(default=dict)
    kinds: Mapped[list[Any] | None] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(String(300), default="")


class Rejection(Base):
    """One line, or one field of it, that could not be used. Names line, column, reason; no value.

    whole_line  the person was not taken; else only this field was left out
    """

    __tablename__ = "rejection"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("population_import.id"), index=True)
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200))
    whole_line: Mapped[bool]


def imports_of(incident_id: UUID) -> Select[PopulationImport]:
    """A query for the imports of an incident."""
    return select(PopulationImport).where(PopulationImport.incident_id == incident_id)


def running_import(session: Session, incident_id: UUID) -> PopulationImport | None:
    """The import that runs now, if any."""
    return session.scalar(imports_of(incident_id).where(PopulationImport.status == "running"))


def silent_imports(session: Session, since: datetime) -> Sequence[PopulationImport]:
    """Imports that say that they run, and were not heard of since a moment."""
    query = select(PopulationImport).where(
        PopulationImport.status == "running", PopulationImport.heartbeat_at < since
    )
    return session.scalars(query).all()


def beat(session: Session, import_id: UUID, now: datetime, counts: Mapping[str, Any]) -> bool:
    """Say that an import is alive and how far it is; False when it was ended by somebody else."""
    result = session.execute(
        update(PopulationImport)
        .where(PopulationImport.id == import_id, PopulationImport.status == "running")
        .values(heartbeat_at=now, **counts)
        .returning(PopulationImport.id)
    )
    return result.first() is not None


def add_rejections(session: Session, rejections: Sequence[Mapping[str, Any]]) -> None:
    """Add what was wrong with lines."""
    if rejections:
        session.execute(insert(Rejection), [dict(rejection) for rejection in rejections])


def rejections_of(session: Session, import_id: UUID) -> Sequence[Rejection]:
    """What was wrong, by line."""
    query = select(Rejection).where(Rejection.import_id == import_id)
    return session.scalars(query.order_by(Rejection.line, Rejection.id)).all()


def flawed_people(session: Session, incident_id: UUID) -> int:
    """How many people were added without something that their line said."""
    complete = imports_of(incident_id).where(PopulationImport.status == "done").subquery()
    return session.scalar(select(func.coalesce(func.sum(complete.c.flawed_count), 0))) or 0
