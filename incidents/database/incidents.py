"""What is kept of an incident: the record, its facts, its timeline, its severity."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, Json, uuid7
from incidents.database.engine import upsert


class Incident(Base):
    """One incident. `mode` is fixed for ever: it is part of every key below it.

    owner_id        who answers for it; nobody at first
    owner_alarm_at  when it rings next for want of an owner
    """

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("id", "mode"),
        CheckConstraint("mode IN ('live', 'drill')", name="mode"),
        Index(
            "ix_incident_review",
            "review_due",
            sqlite_where=text("review_due"),
            postgresql_where=text("review_due"),
        ),
        Index(
            "ix_incident_owner_alarm",
            "owner_alarm_at",
            sqlite_where=text("owner_alarm_at IS NOT NULL"),
            postgresql_where=text("owner_alarm_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    mode: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(20), index=True)
    reporter: Mapped[str] = mapped_column(String(200), default="")
    fingerprint: Mapped[str | None] = mapped_column(String(64), unique=True)
    opened_at: Mapped[datetime] = mapped_column(index=True)
    opened_by: Mapped[UUID]
    closed_at: Mapped[datetime | None]
    severity: Mapped[str] = mapped_column(String(20), default="")
    severity_score: Mapped[float | None]
    china_grade: Mapped[str] = mapped_column(String(20), default="")
    review_due: Mapped[bool] = mapped_column(default=True)
    owner_id: Mapped[UUID | None]
    owner_alarm_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Fact(Base):
    """One thing known, by whom, from where, since when. Superseded, never overwritten."""

    __tablename__ = "fact"
    __table_args__ = (
        # One current value for each name, whoever writes at the same time.
        Index(
            "uq_fact_current",
            "incident_id",
            "name",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(300))
    learned_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    superseded_at: Mapped[datetime | None]
    superseded_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(String(1000), default="")


class SeverityAssessment(Base):
    """One assessment: the method, its factors with their reasons, and who judged."""

    __tablename__ = "severity_assessment"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    method: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(20))
    score: Mapped[float | None]
    factors: Mapped[dict[str, Any]]
    assessed_at: Mapped[datetime]
    assessed_by: Mapped[UUID]


class TimelineEntry(Base):
    """One line of the story of an incident, as people read it. Holds no personal data."""

    __tablename__ = "timeline_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(String(1000))
    actor_id: Mapped[UUID]
    actor_name: Mapped[str] = mapped_column(String(200))


class Counter(Base):
    """The last number given out in a series, such as incidents of 2026."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]


def next_number(session: Session, series: str) -> int:
    """The next number of a series, starting at 1; two transactions never get the same."""
    statement = (
        upsert(session, Counter)
        .values(name=series, value=1)
        .on_conflict_do_update(index_elements=["name"], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    )
    return session.execute(statement).scalar_one()


def incidents_matching(
    *, words: str = "", status: str = "", mode: str = "", kind: str = ""
) -> Select[Incident]:
    """A query for incidents by words of the title or number, status, mode and kind."""
    query = select(Incident)
    if words:
        like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(
            or_(
                Incident.title.ilike(like, escape="\\"),
                Incident.number.ilike(like, escape="\\"),
                Incident.reporter.ilike(like, escape="\\"),
            )
        )
    for column, wanted in ((Incident.status, status), (Incident.mode, mode), (Incident.kind, kind)):
        if wanted:
            query = query.where(column == wanted)
    return query


def lock_incident(session: Session, incident_id: UUID) -> None:
    """Hold an incident until the end of the transaction; who only refers to it need not wait."""
    session.get(Incident, incident_id, with_for_update={"key_share": True})


def incident_by_fingerprint(session: Session, fingerprint: str) -> Incident | None:
    """The incident that a detection with this fingerprint opened, if any."""
    return session.scalar(select(Incident).where(Incident.fingerprint == fingerprint))


def current_facts(session: Session, incident_id: UUID) -> Sequence[Fact]:
    """The facts that hold now, by name."""
    query = (
        select(Fact)
        .where(Fact.incident_id == incident_id, Fact.superseded_at.is_(None))
        .order_by(Fact.name)
    )
    return session.scalars(query).all()


def fact_history(session: Session, incident_id: UUID, name: str = "") -> Sequence[Fact]:
    """Every fact ever recorded, oldest first, superseded ones included."""
    query = select(Fact).where(Fact.incident_id == incident_id)
    if name:
        query = query.where(Fact.name == name)
    return session.scalars(query.order_by(Fact.recorded_at, Fact.id)).all()


def timeline_of(session: Session, incident_id: UUID) -> Sequence[TimelineEntry]:
    """The story so far, oldest first."""
    query = select(TimelineEntry).where(TimelineEntry.incident_id == incident_id)
    return session.scalars(query.order_by(TimelineEntry.at, TimelineEntry.id)).all()


def incidents_to_review(session: Session, limit: int) -> Sequence[UUID]:
    """Incidents whose duties were not looked at since something changed."""
    return session.scalars(select(Incident.id).where(Incident.review_due).limit(limit)).all()
