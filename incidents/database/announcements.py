"""What is kept of a public announcement: why it was proposed, whom it covers, since when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7


class Announcement(Base):
    """A public notice in place of telling each person. status: lifecycle.ANNOUNCEMENT.

    slug     its public address, /announcements/<slug>
    reasons  why telling each person is impractical, each with its source
    sha256   of all its pages: they are the notice's approved words, language by language
    """

    __tablename__ = "announcement"
    __table_args__ = (
        Index(
            "uq_announcement_standing",
            "notice_id",
            unique=True,
            sqlite_where=text("status <> 'withdrawn'"),
            postgresql_where=text("status <> 'withdrawn'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    mode: Mapped[str] = mapped_column(String(5))
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    approval_id: Mapped[UUID] = mapped_column(ForeignKey("notice_approval.id"))
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    status: Mapped[str] = mapped_column(String(12))
    reasons: Mapped[list[Any]]
    sha256: Mapped[str] = mapped_column(String(64), default="")
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[UUID]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(String(300), default="")


def announcements_of(session: Session, incident_id: UUID) -> Sequence[Announcement]:
    """The announcements of an incident, oldest first."""
    query = select(Announcement).where(Announcement.incident_id == incident_id)
    return session.scalars(query.order_by(Announcement.proposed_at)).all()


def announcement_of_notice(session: Session, notice_id: UUID) -> Announcement | None:
    """The announcement of a notice that was not withdrawn, if there is one."""
    query = select(Announcement).where(
        Announcement.notice_id == notice_id, Announcement.status != "withdrawn"
    )
    return session.scalar(query)


def published(session: Session, *, limit: int = 50) -> Sequence[Announcement]:
    """Live announcements that stand now, newest first. Drills are never public."""
    query = select(Announcement).where(
        Announcement.status == "published", Announcement.mode == "live"
    )
    return session.scalars(query.order_by(Announcement.published_at.desc()).limit(limit)).all()


def published_by_slug(session: Session, slug: str) -> Announcement | None:
    """The live announcement at this address, if it stands."""
    query = select(Announcement).where(
        Announcement.slug == slug, Announcement.status == "published", Announcement.mode == "live"
    )
    return session.scalar(query)


def standing_announcement(session: Session, incident_id: UUID) -> Announcement | None:
    """The published announcement of an incident, if one stands."""
    query = select(Announcement).where(
        Announcement.incident_id == incident_id, Announcement.status == "published"
    )
    return session.scalars(query.order_by(Announcement.published_at)).first()
