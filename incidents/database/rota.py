"""Who is on duty, who stands in, and how people are reached: rotas, turns, contacts."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Time,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.users import User


class Rota(Base):
    """A named round of turns (rules/rota.Pattern), with a list of people for each level.

    levels  user ids in order, as text; the first list is woken first
    """

    __tablename__ = "rota"
    __table_args__ = (CheckConstraint("days BETWEEN 1 AND 366", name="days"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    zone: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date] = mapped_column(Date)
    handover: Mapped[time] = mapped_column(Time)
    days: Mapped[int]
    levels: Mapped[list[Any]]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RotaTurn(Base):
    """A turn that is not the round's own: of an imported calendar, or of somebody who stands in.

    uid  of the calendar's event; '' for an override
    """

    __tablename__ = "rota_turn"
    __table_args__ = (
        CheckConstraint("origin IN ('calendar', 'override')", name="origin"),
        CheckConstraint("ends_at > starts_at", name="ends"),
        Index("ix_rota_turn_rota_id_ends_at", "rota_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    rota_id: Mapped[UUID] = mapped_column(ForeignKey("rota.id"))
    level: Mapped[int]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200), default="")
    uid: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]


class UserContact(Base):
    """How somebody on the team is reached, sealed under the organisation's key.

    sealed     JSON: email, phone, chat (Apprise URLs)
    tested_at  when they last had a test page, so that nobody is rung up in a loop
    """

    __tablename__ = "user_contact"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]
    tested_at: Mapped[datetime | None]


def all_rotas(session: Session) -> Sequence[Rota]:
    """Every rota, by name."""
    return session.scalars(select(Rota).order_by(Rota.name)).all()


def rota_by_name(session: Session, name: str) -> Rota | None:
    """The rota of this name, if there is one."""
    return session.scalar(select(Rota).where(Rota.name == name))


def turns_of(session: Session, since: datetime, until: datetime) -> Sequence[RotaTurn]:
    """The turns of every rota that touch a time, in the order in which they were said."""
    query = select(RotaTurn).where(RotaTurn.ends_at > since, RotaTurn.starts_at < until)
    return session.scalars(query.order_by(RotaTurn.created_at, RotaTurn.id)).all()


def overrides_of(session: Session, since: datetime) -> Sequence[RotaTurn]:
    """Who stands in from a moment on, in the order of time."""
    query = select(RotaTurn).where(RotaTurn.origin == "override", RotaTurn.ends_at > since)
    return session.scalars(query.order_by(RotaTurn.starts_at, RotaTurn.id)).all()


def drop_calendar(session: Session, rota_id: UUID, level: int) -> None:
    """Remove what was imported for a level: the next import takes its place."""
    session.execute(
        delete(RotaTurn).where(
            RotaTurn.rota_id == rota_id, RotaTurn.level == level, RotaTurn.origin == "calendar"
        )
    )


def drop_rota(session: Session, rota_id: UUID) -> None:
    """Remove a rota with all its turns."""
    session.execute(delete(RotaTurn).where(RotaTurn.rota_id == rota_id))
    session.execute(delete(Rota).where(Rota.id == rota_id))


def active_users(session: Session) -> Sequence[User]:
    """Everybody who is not shut out, by name."""
    query = select(User).where(User.disabled_at.is_(None))
    return session.scalars(query.order_by(User.name)).all()


def contacts_of(session: Session, users: Collection[UUID]) -> Sequence[UserContact]:
    """The contacts of these users, as far as they have any."""
    return session.scalars(select(UserContact).where(UserContact.user_id.in_(users))).all()


def claim_test(session: Session, user_id: UUID, now: datetime, before: datetime) -> bool:
    """Take the right to one test page; False if the last one was not before `before`."""
    free = UserContact.tested_at.is_(None) | (UserContact.tested_at < before)
    query = update(UserContact).where(UserContact.user_id == user_id, free)
    return session.scalar(query.values(tested_at=now).returning(UserContact.user_id)) is not None


def drop_contact(session: Session, user_id: UUID) -> None:
    """Forget how somebody is reached."""
    session.execute(delete(UserContact).where(UserContact.user_id == user_id))
