"""Who may come in: users with their roles, and the API tokens they hold."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7


class User(Base):
    """Somebody on the team, with roles (rules/permissions)."""

    __tablename__ = "user_account"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ApiToken(Base):
    """A token, of which only the hash is kept; `prefix` tells the owner which one it is."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    prefix: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    label: Mapped[str] = mapped_column(String(100), default="")
    scopes: Mapped[list[str]]
    drills_only: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


def token_and_user(session: Session, sha256: bytes) -> tuple[ApiToken, User] | None:
    """The token with this hash and its user, if there is one."""
    query = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
    row = session.execute(query.where(ApiToken.sha256 == sha256)).first()
    return (row[0], row[1]) if row else None


def user_by_name(session: Session, name: str) -> User | None:
    """The user of this name, if there is one."""
    return session.scalar(select(User).where(User.name == name))


def all_users(session: Session) -> Sequence[User]:
    """Everybody, by name."""
    return session.scalars(select(User).order_by(User.name)).all()


def tokens_of(session: Session, user_id: UUID) -> Sequence[ApiToken]:
    """Every token of a user, newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user_id)
    return session.scalars(query.order_by(ApiToken.created_at.desc())).all()
