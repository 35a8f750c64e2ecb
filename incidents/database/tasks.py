"""What is kept of playbook runs: the plan as it stood at the start, and its tasks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7


class PlaybookRun(Base):
    """One playbook at work on one incident; `snapshot` is the plan, fixed at the start."""

    __tablename__ = "playbook_run"
    __table_args__ = (UniqueConstraint("incident_id", "playbook"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    playbook: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    started_by: Mapped[UUID]


class Task(Base):
    """One step of a run. status: lifecycle.TASK.

    waits_for  facts or steps that must come first, in a reader's words
    result     what an automatic step made: ids, never personal data
    next_alarm_at, alarm_heard  as in Duty
    """

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("run_id", "step"),
        Index(
            "ix_task_next_alarm",
            "next_alarm_at",
            sqlite_where=text("next_alarm_at IS NOT NULL"),
            postgresql_where=text("next_alarm_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("playbook_run.id"), index=True)
    step: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    help: Mapped[str] = mapped_column(String(2000), default="")
    owner_role: Mapped[str] = mapped_column(String(40))
    mandatory: Mapped[bool]
    automatic: Mapped[bool]
    status: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(String(1000), default="")
    waits_for: Mapped[list[str]]
    due_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(String(1000), default="")
    next_alarm_at: Mapped[datetime | None]
    alarm_heard: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


def runs_of(session: Session, incident_id: UUID) -> Sequence[PlaybookRun]:
    """The runs of an incident, oldest first."""
    query = select(PlaybookRun).where(PlaybookRun.incident_id == incident_id)
    return session.scalars(query.order_by(PlaybookRun.started_at)).all()


def tasks_of(session: Session, incident_id: UUID, run_id: UUID | None = None) -> Sequence[Task]:
    """The tasks of an incident, or of one of its runs, in the order of their plans."""
    query = select(Task).where(Task.incident_id == incident_id)
    if run_id:
        query = query.where(Task.run_id == run_id)
    return session.scalars(query.order_by(Task.run_id, Task.position)).all()
