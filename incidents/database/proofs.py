"""What is kept of a campaign's proof: each version's signed root, the newest one's hashes as tiles.

Leaves are not kept: they follow from the rows as long as these and their keys are there. Their
hashes are, 32 bytes a leaf, so that a place in the tree can be shown when the rows are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.campaigns import Campaign, rows_changed
from incidents.database.engine import is_sqlite

HASH_BYTES = 32
TILE = 256  # audit/merkle.py


class CampaignProof(Base):
    """One version of a campaign's proof.

    made_at   None while it is being made
    root      of the tree over one leaf per person and rung
    note      the root signed, as a C2SP note
    buckets   people by bucket, as the leaves have them
    entry_id  the audit entry that holds the root
    """

    __tablename__ = "campaign_proof"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(default=0)
    root: Mapped[bytes | None] = mapped_column(LargeBinary(HASH_BYTES))
    note: Mapped[str] = mapped_column(String(1000), default="")
    buckets: Mapped[dict[str, Any]] = mapped_column(default=dict)
    entry_id: Mapped[UUID | None]


class ProofTile(Base):
    """Up to 256 hashes of a proof's tree side by side; levels as in audit/merkle."""

    __tablename__ = "proof_tile"

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    idx: Mapped[int] = mapped_column(primary_key=True)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class RecordedAttempts(Base):
    """What one audit entry `sending.record` commits to: each attempt's id and leaf, in order."""

    __tablename__ = "recorded_attempts"
    __table_args__ = (Index("ix_recorded_attempts_campaign", "campaign_id", "at"),)

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID]
    at: Mapped[datetime]
    leaves: Mapped[bytes] = mapped_column(LargeBinary)


class TileRows:
    """The hashes of one version as `merkle.Hashes`; tiles once read are remembered."""

    def __init__(self, session: Session, campaign_id: UUID, number: int) -> None:
        self._session = session
        self._of = {"campaign_id": campaign_id, "number": number}
        self._tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """The hashes at `start … stop - 1` of a level, which lie in one tile."""
        tile, first = self._tile(level, start // TILE), start - start % TILE
        found = [
            tile[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            for at in range(start - first, stop - first)
        ]
        if not all(len(one) == HASH_BYTES for one in found):
            raise LookupError(f"campaign proof: hashes missing at level {level}, {start} on")
        return found

    def write(self, level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Nothing is added to a tree that was signed."""
        raise TypeError("a campaign's proof is written tile by tile, by add_tiles")

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._tiles:
            row = self._session.get(ProofTile, {**self._of, "level": level, "idx": index})
            self._tiles[level, index] = row.hashes if row else b""
        return self._tiles[level, index]


def due(session: Session, now: datetime, given_up: datetime) -> Sequence[UUID]:
    """Campaigns whose proof is to be made; `given_up`: what was begun before died on the way."""
    dead = select(CampaignProof.campaign_id).where(
        CampaignProof.made_at.is_(None), CampaignProof.begun_at <= given_up
    )
    query = select(Campaign.id).where(or_(Campaign.proof_due_at <= now, Campaign.id.in_(dead)))
    return session.scalars(query.order_by(Campaign.id)).all()


def mark_due(session: Session, campaigns: Iterable[UUID], at: datetime) -> None:
    """Have the proofs of finished campaigns made anew, unless that is to be done sooner."""
    later = or_(Campaign.proof_due_at.is_(None), Campaign.proof_due_at > at)
    these = update(Campaign).where(
        Campaign.id.in_(set(campaigns)), Campaign.finished_at.is_not(None), later
    )
    rows_changed(session, these.values(proof_due_at=at))


def take(session: Session, campaign_id: UUID) -> None:
    """What changes from here on makes the next version due."""
    these = update(Campaign).where(Campaign.id == campaign_id)
    rows_changed(session, these.values(proof_due_at=None))


def versions(session: Session, campaign_id: UUID) -> Sequence[CampaignProof]:
    """Every version of a campaign's proof, oldest first; the last may be under way."""
    query = select(CampaignProof).where(CampaignProof.campaign_id == campaign_id)
    return session.scalars(query.order_by(CampaignProof.number)).all()


def newest(session: Session, campaign_id: UUID) -> CampaignProof | None:
    """The newest version that is made."""
    query = select(CampaignProof).where(
        CampaignProof.campaign_id == campaign_id, CampaignProof.made_at.is_not(None)
    )
    return session.scalar(query.order_by(CampaignProof.number.desc()).limit(1))


def discard(session: Session, proof: CampaignProof) -> None:
    """Take back a version that was never made."""
    _drop_tiles(session, proof.campaign_id, ProofTile.number == proof.number)
    session.delete(proof)
    session.flush()


def drop_older_tiles(session: Session, proof: CampaignProof) -> None:
    """Keep the hashes of this version alone; what was shown of older ones carries its own."""
    _drop_tiles(session, proof.campaign_id, ProofTile.number < proof.number)


def _drop_tiles(session: Session, campaign_id: UUID, which: Any) -> None:
    rows_changed(session, delete(ProofTile).where(ProofTile.campaign_id == campaign_id, which))


def add_tiles(
    session: Session, proof: CampaignProof, tiles: Iterable[tuple[int, int, bytes]]
) -> None:
    """Keep tiles given as (level, index, hashes)."""
    of = {"campaign_id": proof.campaign_id, "number": proof.number}
    rows = [{**of, "level": level, "idx": idx, "hashes": hashes} for level, idx, hashes in tiles]
    if rows:
        session.execute(insert(ProofTile), rows)


def leaf_tiles(session: Session, proof: CampaignProof) -> Iterable[bytes]:
    """The leaves' hashes, tile by tile."""
    query = select(ProofTile.hashes).where(*_leaves_of(proof)).order_by(ProofTile.idx)
    return session.scalars(query.execution_options(yield_per=256))


def index_of(session: Session, proof: CampaignProof, leaf: bytes) -> int | None:
    """At which place of the tree a leaf's hash stands; None: nowhere."""
    # Searched where it lies: 32 MB for a million people, some hundredths of a second.
    within = (
        func.instr(ProofTile.hashes, leaf)
        if is_sqlite(session.connection())
        else func.pg_catalog.position(ProofTile.hashes, leaf)
    )
    query = select(ProofTile.idx, ProofTile.hashes).where(*_leaves_of(proof), within > 0)
    row = session.execute(query.limit(1)).first()
    return None if row is None else row.idx * TILE + row.hashes.index(leaf) // HASH_BYTES


def _leaves_of(proof: CampaignProof) -> tuple[Any, ...]:
    return (
        ProofTile.campaign_id == proof.campaign_id,
        ProofTile.number == proof.number,
        ProofTile.level == 0,
    )


def recorded_at(session: Session, campaign_id: UUID, at: datetime) -> Sequence[RecordedAttempts]:
    """What was recorded of a campaign's attempts in a moment: one row per audit entry."""
    query = select(RecordedAttempts).where(
        RecordedAttempts.campaign_id == campaign_id, RecordedAttempts.at == at
    )
    return session.scalars(query.order_by(RecordedAttempts.entry_id)).all()
