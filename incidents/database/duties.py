"""What is kept of a duty: what is owed to whom by when and why, and the evidence that met it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7


class Duty(Base):
    """One duty of one incident, pinned to the version of the rule that it came from.

    standing    owed | unknown | recommended, as the law answered last; a duty whose facts
                are missing is unknown, never absent
    status      open | met | no_longer_owed | waived (rules/lifecycle)
    is_target   the law gives no number: `due_at` is our own target
    next_alarm_at  when it rings next (rules/alarm_times); an open duty that is due always has one
    alarm_heard    share of its clock, in percent, at which it rang last
    due_at      what we keep to: the earliest time that stands; while a hold is on, later
    unheld_due_at  where a hold is on, or moved it: what it would be without one
    held_until     while a hold is on: when it ends
    counts_from    the filing, campaign or page of ours that the clock counts from, if one does
    details     what the law answered last: its due time may be later than the one that stands
    """

    __tablename__ = "duty"
    __table_args__ = (
        UniqueConstraint("incident_id", "rule", "stage", "place"),
        Index(
            "ix_duty_due",
            "due_at",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_duty_next_alarm",
            "next_alarm_at",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    rule: Mapped[str] = mapped_column(String(80))
    rule_version: Mapped[str] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(30))
    place: Mapped[str] = mapped_column(String(10))
    audience: Mapped[str] = mapped_column(String(40))
    authority: Mapped[str] = mapped_column(String(300))
    title: Mapped[str] = mapped_column(String(300))
    standing: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    is_target: Mapped[bool]
    start_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    unheld_due_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    counts_from: Mapped[UUID | None]
    details: Mapped[dict[str, Any]]
    met_when: Mapped[dict[str, Any]]
    appeared_at: Mapped[datetime]
    status_reason: Mapped[str] = mapped_column(String(1000), default="")
    status_at: Mapped[datetime]
    next_alarm_at: Mapped[datetime | None]
    alarm_heard: Mapped[int] = mapped_column(default=0)

    @property
    def standing_due_at(self) -> datetime | None:
        """The due time that stands, holds left aside."""
        return self.unheld_due_at or self.due_at

    @property
    def law_due_at(self) -> datetime | None:
        """What the law answered last; later than what stands where nobody agreed to it yet."""
        answered = self.details.get("due_at")
        return datetime.fromisoformat(answered) if answered else None


class DutyChange(Base):
    """One move of a due time, a waiver, an end: what it was, what it is, who and why."""

    __tablename__ = "duty_change"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    duty_id: Mapped[UUID] = mapped_column(ForeignKey("duty.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(1000))
    actor_id: Mapped[UUID]


class Evidence(Base):
    """One thing that proves a duty met: a filing, a campaign's receipts, a published page.

    kind        report_filed | people_told | announcement_published
    subject_id  the report, campaign or announcement
    facts       counts, hashes, reference numbers; no personal data
    """

    __tablename__ = "evidence"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    duty_id: Mapped[UUID] = mapped_column(ForeignKey("duty.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(String(300), default="")


def duties_of(session: Session, incident_id: UUID) -> Sequence[Duty]:
    """Every duty of an incident: soonest due first, those without a time last."""
    query = select(Duty).where(Duty.incident_id == incident_id)
    return session.scalars(query.order_by(Duty.due_at.is_(None), Duty.due_at, Duty.rule)).all()


def people_due_at(session: Session, incident_id: UUID) -> datetime | None:
    """The earliest time by which affected people must be told; None: no duty has one."""
    query = select(func.min(Duty.due_at)).where(
        Duty.incident_id == incident_id, Duty.audience == "people", Duty.status == "open"
    )
    return session.scalar(query)


def open_duties(session: Session, incident_id: UUID) -> Sequence[Duty]:
    """The duties that still stand in the way of closing: open, and owed or not known yet."""
    query = select(Duty).where(
        Duty.incident_id == incident_id,
        Duty.status == "open",
        Duty.standing != "recommended",
    )
    return session.scalars(query.order_by(Duty.due_at)).all()


def changes_of(session: Session, duty_id: UUID) -> Sequence[DutyChange]:
    """Every change of a duty, oldest first."""
    query = select(DutyChange).where(DutyChange.duty_id == duty_id)
    return session.scalars(query.order_by(DutyChange.at, DutyChange.id)).all()


def standing_evidence(session: Session, incident_id: UUID) -> dict[UUID, list[Evidence]]:
    """The evidence that still stands, by duty."""
    query = select(Evidence).join(Duty, Duty.id == Evidence.duty_id)
    query = query.where(Duty.incident_id == incident_id, Evidence.withdrawn_at.is_(None))
    evidence: dict[UUID, list[Evidence]] = {}
    for row in session.scalars(query.order_by(Evidence.at)):
        evidence.setdefault(row.duty_id, []).append(row)
    return evidence


def evidence_of(session: Session, duty_id: UUID) -> Sequence[Evidence]:
    """The evidence of a duty that still stands."""
    query = select(Evidence).where(Evidence.duty_id == duty_id, Evidence.withdrawn_at.is_(None))
    return session.scalars(query.order_by(Evidence.at)).all()
