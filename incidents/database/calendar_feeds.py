"""The secret address of a person's calendar of deadlines: one each, of which a hash is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.users import User


class CalendarFeed(Base):
    """One feed. A new address takes the place of the old one, which then opens nothing.

    drills  drills are in it too, each marked
    """

    __tablename__ = "calendar_feed"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    drills: Mapped[bool]
    created_at: Mapped[datetime]


def feed_of(session: Session, user_id: UUID) -> CalendarFeed | None:
    """The feed of a user, if there is one."""
    return session.get(CalendarFeed, user_id)


def feed_and_user(session: Session, sha256: bytes) -> tuple[CalendarFeed, User] | None:
    """The feed at the address with this hash, and whose it is."""
    query = select(CalendarFeed, User).join(User, User.id == CalendarFeed.user_id)
    row = session.execute(query.where(CalendarFeed.sha256 == sha256)).first()
    return (row[0], row[1]) if row else None


def drop_feed(session: Session, user_id: UUID) -> bool:
    """Remove the feed of a user; whether there was one."""
    query = delete(CalendarFeed).where(CalendarFeed.user_id == user_id)
    return session.scalar(query.returning(CalendarFeed.user_id)) is not None
