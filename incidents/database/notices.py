"""What is kept of a notice: its words by locale, who wrote and approved them, what was frozen."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.rules.place_words import PLAIN, Slot


class Notice(Base):
    """Words for the affected people of an incident. status: rules/lifecycle.NOTICE.

    reference     the code that stands in every copy, such as N-2026-0042
    supplements   the earlier notice that this one adds to
    rest_of       the notice of the stopped campaign, if it is for whom that one did not reach
    nonce         what makes this notice's personal-field tokens unguessable
    editors       ids of all who had a hand in it: none of them may approve it
    default_locale  for people whose locale is not known
    locale_choices  person's locale -> offered locale, where somebody decided so
    """

    __tablename__ = "notice"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    mode: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(20))
    nonce: Mapped[str] = mapped_column(String(32))
    default_locale: Mapped[str] = mapped_column(String(20))
    locale_choices: Mapped[dict[str, Any]]
    supplements: Mapped[UUID | None] = mapped_column(ForeignKey("notice.id"))
    rest_of: Mapped[UUID | None]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[UUID]
    edited_at: Mapped[datetime | None]
    editors: Mapped[list[str]] = mapped_column(default=list)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class NoticeVersion(Base):
    """The words of one locale as somebody left them; the newest of locale and variant count.

    variant  the place whose people get them; '': everybody for whose place there are none
    """

    __tablename__ = "notice_version"
    __table_args__ = (UniqueConstraint("notice_id", "locale", "variant", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    locale: Mapped[str] = mapped_column(String(20))
    variant: Mapped[str] = mapped_column(String(20), default=PLAIN, server_default=PLAIN)
    number: Mapped[int]
    words: Mapped[dict[str, Any]]
    author_id: Mapped[UUID]
    by_hand: Mapped[bool]
    written_at: Mapped[datetime]


class NoticeApproval(Base):
    """Somebody's yes to exactly these words: `sha256` binds every body; any change voids it."""

    __tablename__ = "notice_approval"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    approver_id: Mapped[UUID]
    approved_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


class NoticeBody(Base):
    """What is sent, rendered once per locale, variant and channel when approved: bytes for bytes.

    Personal fields are tokens (`%%nonce.name.t%%`) that the courier fills in.
    """

    __tablename__ = "notice_body"
    __table_args__ = (UniqueConstraint("approval_id", "locale", "variant", "channel"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    approval_id: Mapped[UUID] = mapped_column(ForeignKey("notice_approval.id"), index=True)
    locale: Mapped[str] = mapped_column(String(20))
    variant: Mapped[str] = mapped_column(String(20), default=PLAIN, server_default=PLAIN)
    channel: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))


def notices_of(session: Session, incident_id: UUID) -> Sequence[Notice]:
    """The notices of an incident, oldest first."""
    query = select(Notice).where(Notice.incident_id == incident_id)
    return session.scalars(query.order_by(Notice.drafted_at, Notice.id)).all()


def newest_versions(session: Session, notice_id: UUID) -> dict[Slot, NoticeVersion]:
    """The words that count, by locale and variant."""
    query = select(NoticeVersion).where(NoticeVersion.notice_id == notice_id)
    order = (NoticeVersion.variant, NoticeVersion.locale, NoticeVersion.number)
    return {(one.locale, one.variant): one for one in session.scalars(query.order_by(*order))}


def plain_versions(session: Session, notice_id: UUID) -> dict[str, NoticeVersion]:
    """Of the words that count those that are for no place in particular, by locale."""
    newest = newest_versions(session, notice_id)
    return {locale: row for (locale, variant), row in newest.items() if variant == PLAIN}


def drop_words(session: Session, notice_id: UUID, slots: Collection[Slot]) -> None:
    """Leave texts out of the notice, with all their versions."""
    these = tuple_(NoticeVersion.locale, NoticeVersion.variant).in_(slots)
    session.execute(delete(NoticeVersion).where(NoticeVersion.notice_id == notice_id, these))


def void_approvals(session: Session, notice_id: UUID, now: datetime) -> bool:
    """End every approval that stands; whether there was one."""
    ended = session.execute(
        update(NoticeApproval)
        .where(NoticeApproval.notice_id == notice_id, NoticeApproval.voided_at.is_(None))
        .values(voided_at=now)
        .returning(NoticeApproval.id)
    )
    return ended.first() is not None


def notice_by_reference(session: Session, reference: str) -> Notice | None:
    """The live notice of this reference, if there is one."""
    query = select(Notice).where(Notice.reference == reference, Notice.mode == "live")
    return session.scalar(query)


def standing_approval(session: Session, notice_id: UUID) -> NoticeApproval | None:
    """The approval that holds, if there is one."""
    query = select(NoticeApproval).where(
        NoticeApproval.notice_id == notice_id, NoticeApproval.voided_at.is_(None)
    )
    return session.scalars(query.order_by(NoticeApproval.approved_at.desc())).first()


def bodies_of(session: Session, approval_id: UUID) -> dict[tuple[str, str, str], NoticeBody]:
    """What was frozen, by (locale, variant, channel)."""
    query = select(NoticeBody).where(NoticeBody.approval_id == approval_id)
    return {(body.locale, body.variant, body.channel): body for body in session.scalars(query)}
