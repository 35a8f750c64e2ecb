"""What is kept of the audit trail: entries, the tree over them, its signed heads.

Everything here is append-only, and triggers say so to whoever writes SQL by hand. Only
`audit_pending` (a to-do list) and `audit_private` (erasable by design) may lose rows.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
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
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.append_only import APPEND_ONLY
from incidents.database.base import Base, uuid7

_SEQUENCER_LOCK = 0x746F_6373_696E_0001  # "tocsin", 1


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


class TreeRows:
    """The hashes of the tree as `merkle.Hashes`, kept in `audit_leaf` and `audit_node`.

    Leaves come with their entries (`place`), so `write` only takes the nodes above them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """The hashes at `start … stop - 1` of a level; LookupError if one is missing."""
        index, value = (AuditNode.idx, AuditNode.hash) if level else (AuditLeaf.seq, AuditLeaf.leaf)
        query = select(value).where(index >= start, index < stop).order_by(index)
        if level:
            query = query.where(AuditNode.level == level)
        found = self._session.scalars(query).all()
        if len(found) != stop - start:
            raise LookupError(f"audit tree: hashes missing at level {level}, {start} to {stop - 1}")
        return found

    def write(self, level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Keep nodes; leaves are written by `place`, with the entries that they belong to."""
        if level and hashes:
            rows = [
                {"level": level, "idx": idx, "hash": value}
                for idx, value in enumerate(hashes, start)
            ]
            self._session.execute(insert(AuditNode), rows)


def take_sequencer_lock(session: Session) -> bool:
    """Whether this transaction alone may sequence; on SQLite its write lock says so already."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_SEQUENCER_LOCK))))


def take_pending(session: Session, limit: int) -> Sequence[UUID]:
    """Take waiting entries by deletion, oldest first.

    Never by an id watermark: a transaction that began earlier may commit later.
    """
    waiting = (
        select(AuditPending.entry_id)
        .where(AuditPending.quarantined_at.is_(None))
        .order_by(AuditPending.entry_id)
        .limit(limit)
    )
    taken = session.scalars(
        delete(AuditPending)
        .where(AuditPending.entry_id.in_(waiting))
        .returning(AuditPending.entry_id),
        execution_options={"synchronize_session": False},
    )
    return sorted(taken)


def entries_to_place(
    session: Session, entry_ids: Sequence[UUID]
) -> Sequence[Row[UUID, bytes, bytes]]:
    """Id, body and leaf of entries, oldest first."""
    columns = select(AuditEntry.entry_id, AuditEntry.body, AuditEntry.leaf)
    found: list[Row[UUID, bytes, bytes]] = []
    for start in range(0, len(entry_ids), 500):  # SQLite: few bound variables per statement
        part = entry_ids[start : start + 500]
        query = columns.where(AuditEntry.entry_id.in_(part)).order_by(AuditEntry.entry_id)
        found += session.execute(query).all()
    return found


def place(session: Session, start: int, leaves: Sequence[tuple[UUID, bytes]]) -> None:
    """Give entries their places in the tree, from `start` on."""
    rows = [
        {"seq": seq, "entry_id": entry_id, "leaf": leaf}
        for seq, (entry_id, leaf) in enumerate(leaves, start)
    ]
    session.execute(insert(AuditLeaf), rows)


def quarantine(session: Session, entry_ids: Sequence[UUID], now: datetime) -> None:
    """Set entries aside: they wait still, but nobody takes them."""
    session.execute(
        insert(AuditPending),
        [{"entry_id": entry_id, "quarantined_at": now} for entry_id in entry_ids],
    )


def tree_size(session: Session) -> int:
    """How many entries have their place."""
    last = session.scalar(select(func.max(AuditLeaf.seq)))
    return 0 if last is None else last + 1


def pending_count(session: Session) -> int:
    """How many entries wait for their place, those set aside included."""
    return session.scalar(select(func.count()).select_from(AuditPending)) or 0


def last_checkpoint(session: Session, *, up_to: int | None = None) -> AuditCheckpoint | None:
    """The newest signed head; `up_to` asks for the newest of at most that size."""
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)
    if up_to is not None:
        query = query.where(AuditCheckpoint.size <= up_to)
    return session.scalar(query)


def checkpoint_notes(session: Session, up_to: int) -> Sequence[Row[int, str]]:
    """Size and note of every signed head up to a size, smallest first."""
    query = select(AuditCheckpoint.size, AuditCheckpoint.note)
    return session.execute(
        query.where(AuditCheckpoint.size <= up_to).order_by(AuditCheckpoint.size)
    ).all()


def placed_entries(
    session: Session, stop: int, *, start: int = 0, incident_id: UUID | None = None
) -> Iterator[Row[int, UUID, bytes, bytes | None]]:
    """Seq, entry id, leaf and body of placed entries in order, streamed; a pruned body is None."""
    query = (
        select(AuditLeaf.seq, AuditLeaf.entry_id, AuditLeaf.leaf, AuditEntry.body)
        .outerjoin(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(AuditLeaf.seq >= start, AuditLeaf.seq < stop)
        .order_by(AuditLeaf.seq)
    )
    if incident_id is not None:
        query = query.where(AuditEntry.incident_id == incident_id)
    yield from session.execute(query.execution_options(yield_per=2_000))


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


def private_of(session: Session, entry_id: UUID) -> Sequence[AuditPrivate]:
    """The private texts that an entry commits to and that were not erased."""
    query = select(AuditPrivate).where(AuditPrivate.entry_id == entry_id)
    return session.scalars(query.order_by(AuditPrivate.name)).all()


def first_seq_since(session: Session, before: datetime) -> int:
    """The seq below which every entry is older than `before` (or pruned already)."""
    query = (
        select(AuditLeaf.seq)
        .join(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
        .where(AuditEntry.at >= before)
        .order_by(AuditLeaf.seq)
        .limit(1)
    )
    found = session.scalar(query)
    return tree_size(session) if found is None else found


def delete_bodies(session: Session, below: int) -> int:
    """Delete the entries placed below a seq, with their private texts; leaves stay. How many."""
    old = select(AuditLeaf.entry_id).where(AuditLeaf.seq < below)
    quick = {"synchronize_session": False}
    session.execute(
        delete(AuditPrivate).where(AuditPrivate.entry_id.in_(old)), execution_options=quick
    )
    gone = session.execute(
        delete(AuditEntry).where(AuditEntry.entry_id.in_(old)), execution_options=quick
    )
    return int(getattr(gone, "rowcount", 0))


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
