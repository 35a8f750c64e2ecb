"""What is kept of data keys: wrapped, never plain. To destroy the row's key is to erase
what it sealed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.engine import upsert


class DataKeyRow(Base):
    """One data key of one incident and purpose; destroyed, the row stays without the key.

    No foreign key to the incident: keys are backed up apart from what they open.
    """

    __tablename__ = "data_key"
    __table_args__ = (
        UniqueConstraint("incident_id", "purpose"),
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(String(40))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    kek_id: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


def find_data_key(session: Session, incident_id: UUID, purpose: str) -> DataKeyRow | None:
    """The row of a purpose, as the database has it now."""
    query = select(DataKeyRow).where(
        DataKeyRow.incident_id == incident_id, DataKeyRow.purpose == purpose
    )
    return session.scalar(query.execution_options(populate_existing=True))


def find_data_key_by_id(session: Session, key_id: UUID) -> DataKeyRow | None:
    """The row of an id, as the database has it now."""
    query = select(DataKeyRow).where(DataKeyRow.id == key_id)
    return session.scalar(query.execution_options(populate_existing=True))


def add_data_key(session: Session, row: DataKeyRow) -> None:
    """Add a key, unless another writer has added one for the same incident and purpose."""
    values = {
        "id": row.id,
        "incident_id": row.incident_id,
        "purpose": row.purpose,
        "wrapped": row.wrapped,
        "kek_id": row.kek_id,
        "created_at": row.created_at,
    }
    session.execute(upsert(session, DataKeyRow).values(values).on_conflict_do_nothing())


def data_keys_of(session: Session, incident_id: UUID) -> Sequence[DataKeyRow]:
    """Every key of an incident, destroyed ones included."""
    query = select(DataKeyRow).where(DataKeyRow.incident_id == incident_id)
    return session.scalars(query.order_by(DataKeyRow.purpose)).all()


def keys_under_other_keks(session: Session, kek_id: str, limit: int = 1000) -> Sequence[DataKeyRow]:
    """Living keys not yet wrapped under this KEK."""
    query = select(DataKeyRow).where(DataKeyRow.kek_id != kek_id, DataKeyRow.destroyed_at.is_(None))
    return session.scalars(query.order_by(DataKeyRow.id).limit(limit)).all()
