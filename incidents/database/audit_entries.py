"""What is kept of the audit trail: entries, the tree over them, its signed heads.

Everything here is append-only, and triggers say so to whoever writes SQL by hand. Only
`audit_pending` (a to-do list) and `audit_private` (erasable by design) may lose rows.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    event,
    exists,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.append_only import APPEND_ONLY
from incidents.database.base import Base, uuid7


class AuditEntry(Base):
    """One thing that happened. `body` are the exact bytes that `leaf` is the hash of."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_incident", "incident_id", "entry_id"),
        Index("ix_audit_entry_subject", "subject_id", "entry_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(40))
    incident_id: Mapped[UUID | None]
    actor_id: Mapped[UUID]
    subject_type: Mapped[str] = mapped_column(String(80), default="")
    subject_id: Mapped[UUID | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditPending(Base):
    """An entry that waits for its place in the tree; set aside if it no longer fits its leaf.

    No foreign key: an entry deleted behind our back must still be missed here.
    """

    __tablename__ = "audit_pending"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    quarantined_at: Mapped[datetime | None]


class AuditLeaf(Base):
    """The place of an entry in the tree. It stays when the body is pruned."""

    __tablename__ = "audit_leaf"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(unique=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditNode(Base):
    """The root of a full subtree: of 256 leaves at level 8, of 65,536 at level 16 …"""

    __tablename__ = "audit_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditCheckpoint(Base):
    """A signed head of the tree: what it was at this size, as a C2SP note."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    note: Mapped[str] = mapped_column(String(1000))
    key_id: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]


class AuditPrivate(Base):
    """A text that an entry commits to but does not hold; the only erasable part of the trail."""

    __tablename__ = "audit_private"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


def last_checkpoint(session: Session, *, up_to: int | None = None) -> AuditCheckpoint | None:
    """The newest signed head; `up_to` asks for the newest of at most that size."""
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)
    if up_to is not None:
        query = query.where(AuditCheckpoint.size <= up_to)
    return session.scalar(query)


def checkpoint_notes(session: Session, up_to: int) -> Sequence[str]:
    """The note of every signed head up to a size, smallest first."""
    query = select(AuditCheckpoint.note).where(AuditCheckpoint.size <= up_to)
    return session.scalars(query.order_by(AuditCheckpoint.size)).all()


PlacedEntry: TypeAlias = Row[int, UUID, bytes, bytes, datetime, str, UUID, UUID | None]


def placed_entries(
    session: Session,
    stop: int,
    *,
    start: int = 0,
    incident_id: UUID | None = None,
    subjects: Collection[UUID] = (),
) -> Iterator[PlacedEntry]:
    """Placed entries in order, streamed; a pruned one has only seq, id and leaf, else None."""
    leaf, entry = AuditLeaf, AuditEntry
    columns = select(
        leaf.seq,
        leaf.entry_id,
        leaf.leaf,
        entry.body,
        entry.at,
        entry.kind,
        entry.actor_id,
        entry.incident_id,
    )
    query = (
        columns.outerjoin(entry, entry.entry_id == leaf.entry_id)
        .where(leaf.seq >= start, leaf.seq < stop)
        .order_by(leaf.seq)
    )
    if incident_id is not None:
        query = query.where(entry.incident_id == incident_id)
    if subjects:
        query = query.where(entry.subject_id.in_(subjects))
    yield from session.execute(query.execution_options(yield_per=2_000))


def placed_entry(session: Session, entry_id: UUID, size: int) -> tuple[int, bytes] | None:
    """An entry's place among the first `size`, and its body; None: not there, or pruned."""
    query = (
        select(AuditLeaf.seq, AuditEntry.body)
        .join(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(AuditLeaf.entry_id == entry_id, AuditLeaf.seq < size)
    )
    row = session.execute(query).first()
    return None if row is None else (row.seq, row.body)


def quarantined(session: Session) -> Sequence[UUID]:
    """Entries set aside: changed or deleted before they had their place."""
    query = select(AuditPending.entry_id).where(AuditPending.quarantined_at.is_not(None))
    return session.scalars(query.order_by(AuditPending.entry_id)).all()


def strays(session: Session) -> Sequence[UUID]:
    """Entries with neither a place nor a pending row: slipped in by hand.

    An entry is written with its pending row and leaves it only for its place.
    """
    placed = exists().where(AuditLeaf.entry_id == AuditEntry.entry_id)
    waits = exists().where(AuditPending.entry_id == AuditEntry.entry_id)
    query = select(AuditEntry.entry_id).where(~placed, ~waits)
    return session.scalars(query.order_by(AuditEntry.entry_id)).all()


def entries_of(
    session: Session,
    *,
    incident_id: UUID | None = None,
    subject_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[AuditEntry]:
    """A page of entries in the order written; `after` is the last id of the page before."""
    query = select(AuditEntry).order_by(AuditEntry.entry_id).limit(limit)
    if incident_id is not None:
        query = query.where(AuditEntry.incident_id == incident_id)
    if subject_id is not None:
        query = query.where(AuditEntry.subject_id == subject_id)
    if after is not None:
        query = query.where(AuditEntry.entry_id > after)
    return session.scalars(query).all()


def entries_about(
    session: Session, subjects: Collection[UUID], *, but: Collection[str] = ()
) -> Sequence[AuditEntry]:
    """Every entry about these rows in the order written, except of some kinds."""
    query = select(AuditEntry).where(
        AuditEntry.subject_id.in_(subjects), AuditEntry.kind.not_in(but)
    )
    return session.scalars(query.order_by(AuditEntry.entry_id)).all()


def private_of(session: Session, entry_id: UUID) -> Sequence[AuditPrivate]:
    """The private texts that an entry commits to and that were not erased."""
    query = select(AuditPrivate).where(AuditPrivate.entry_id == entry_id)
    return session.scalars(query.order_by(AuditPrivate.name)).all()


def erase_private(session: Session, incident_id: UUID) -> None:
    """Erase the private texts of an incident; its entries still verify."""
    entries = select(AuditEntry.entry_id).where(AuditEntry.incident_id == incident_id)
    session.execute(
        delete(AuditPrivate).where(AuditPrivate.entry_id.in_(entries)),
        execution_options={"synchronize_session": False},
    )


@event.listens_for(Base.metadata, "after_create")
def _guard(_metadata: object, connection: Connection, tables: Collection[Table], **_: Any) -> None:
    if AuditEntry.__table__ in tables:
        for statement in APPEND_ONLY.get(connection.dialect.name, ()):
            connection.exec_driver_sql(statement)
