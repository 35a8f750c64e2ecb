"""Which writes were asked for already, and what was answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.engine import upsert


class IdempotentRequest(Base):
    """One Idempotency-Key of one principal. `answer` is sealed; empty while in flight.

    claimed_until  after this a claim without an answer is that of a dead process
    """

    __tablename__ = "idempotent_request"
    __table_args__ = (UniqueConstraint("principal_id", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    principal_id: Mapped[UUID]
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    claimed_until: Mapped[datetime]
    created_at: Mapped[datetime]
    status: Mapped[int | None]
    answer: Mapped[bytes | None]


def claim(session: Session, row: IdempotentRequest) -> IdempotentRequest | None:
    """Take the key; None when it is ours now, else the row of whoever was first."""
    taken = session.execute(
        upsert(session, IdempotentRequest)
        .values(
            id=row.id,
            principal_id=row.principal_id,
            key=row.key,
            fingerprint=row.fingerprint,
            claimed_until=row.claimed_until,
            created_at=row.created_at,
        )
        .on_conflict_do_nothing(index_elements=["principal_id", "key"])
        .returning(IdempotentRequest.id)
    ).first()
    if taken:
        return None
    return session.scalars(
        select(IdempotentRequest).where(
            IdempotentRequest.principal_id == row.principal_id, IdempotentRequest.key == row.key
        )
    ).one()


def take_over(session: Session, dead: IdempotentRequest, until: datetime, now: datetime) -> bool:
    """Take the claim of a process that died before it answered; False if somebody else did."""
    result = session.execute(
        update(IdempotentRequest)
        .where(
            IdempotentRequest.id == dead.id,
            IdempotentRequest.status.is_(None),
            IdempotentRequest.claimed_until <= now,
        )
        .values(claimed_until=until)
        .returning(IdempotentRequest.id)
    )
    return result.first() is not None


def release(session: Session, principal_id: UUID, key: str) -> None:
    """Give an unanswered key back, so that the same request may be tried again."""
    session.execute(
        delete(IdempotentRequest).where(
            IdempotentRequest.principal_id == principal_id,
            IdempotentRequest.key == key,
            IdempotentRequest.status.is_(None),
        )
    )


def answer(session: Session, principal_id: UUID, key: str, status: int, body: bytes) -> None:
    """Keep what was answered, in the transaction of the effect."""
    session.execute(
        update(IdempotentRequest)
        .where(IdempotentRequest.principal_id == principal_id, IdempotentRequest.key == key)
        .values(status=status, answer=body)
    )


def forget_before(session: Session, moment: datetime) -> None:
    """Drop keys older than `moment`: their requests can no longer be repeated by accident."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < moment))
