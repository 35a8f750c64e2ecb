"""The tree over the audit entries as rows: who waits for a place, who has which."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from incidents.database.audit_entries import (
    AuditEntry,
    AuditLeaf,
    AuditNode,
    AuditPending,
    AuditPrivate,
)

_TILES_REMEMBERED = 500
TILE = 256  # audit/merkle.py: hashes in a tile, the unit in which proofs read
_SEQUENCER_LOCK = 0x746F_6373_696E_0001  # "tocsin", 1


class TreeRows:
    """The hashes of the tree as `merkle.Hashes`, kept in `audit_leaf` and `audit_node`.

    Leaves come with their entries (`place`), so `write` only takes the nodes above them.
    """

    def __init__(self, session: Session, *, remember: bool = False) -> None:
        """`remember` keeps tiles once read: for many proofs against one tree."""
        self._session = session
        self._tiles: dict[tuple[int, int], Sequence[bytes]] | None = {} if remember else None

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """The hashes at `start … stop - 1` of a level; LookupError if one is missing."""
        if self._tiles is None or start // TILE != (stop - 1) // TILE:
            found = self._fetch(level, start, stop)
        else:
            first = start - start % TILE
            found = self._tile(level, start // TILE)[start - first : stop - first]
        if len(found) != stop - start:
            raise LookupError(f"audit tree: hashes missing at level {level}, {start} to {stop - 1}")
        return found

    def _tile(self, level: int, tile: int) -> Sequence[bytes]:
        tiles = self._tiles if self._tiles is not None else {}
        if (level, tile) not in tiles:
            if len(tiles) >= _TILES_REMEMBERED:
                tiles.clear()
            tiles[level, tile] = self._fetch(level, tile * TILE, (tile + 1) * TILE)
        return tiles[level, tile]

    def _fetch(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        index, value = (AuditNode.idx, AuditNode.hash) if level else (AuditLeaf.seq, AuditLeaf.leaf)
        query = select(value).where(index >= start, index < stop).order_by(index)
        if level:
            query = query.where(AuditNode.level == level)
        return self._session.scalars(query).all()

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


def tile_hashes(session: Session, level: int, stop: int) -> dict[int, bytes]:
    """The kept nodes of a level below `stop`, by index; one deleted by hand is absent."""
    query = select(AuditNode.idx, AuditNode.hash)
    found = session.execute(query.where(AuditNode.level == level, AuditNode.idx < stop))
    return {row.idx: row.hash for row in found}


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
