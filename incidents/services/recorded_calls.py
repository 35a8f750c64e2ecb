"""Where the audit trail recorded one call to a provider: the entry, and the way to its root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from incidents.audit.merkle import InMemory, extend, inclusion_proof, leaf_hash
from incidents.database.campaigns import Attempt
from incidents.database.proofs import HASH_BYTES, RecordedAttempts, recorded_at
from incidents.services.recording import attempt_leaf

_ID_BYTES = 16
_STEP = _ID_BYTES + HASH_BYTES


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call among those that an entry commits to."""

    entry_id: UUID
    body: bytes
    index: int
    count: int
    proof: list[bytes]

    def shown(self, seq: int) -> dict[str, Any]:
        """As it stands in a receipt; `seq` is the entry's number in the trail."""
        return {
            "attempt": self.body.decode(),
            "index": self.index,
            "count": self.count,
            "proof": [part.hex() for part in self.proof],
            "entry": seq,
        }


def recorded(session: Session, attempt: Attempt) -> Recorded | None:
    """Where an attempt's outcome was recorded; None while it is open, or if only a later word
    (an echo, a look-up) settled it, which has an entry of its own."""
    if attempt.ended_at is None:
        return None
    body = attempt_leaf(attempt.id, attempt)
    wanted = attempt.id.bytes + leaf_hash(body)
    for row in recorded_at(session, attempt.campaign_id, attempt.ended_at):
        calls = [row.leaves[at : at + _STEP] for at in range(0, len(row.leaves), _STEP)]
        if wanted in calls:
            return _found(row, body, calls.index(wanted), calls)
    return None


def _found(row: RecordedAttempts, body: bytes, index: int, calls: list[bytes]) -> Recorded:
    tree = InMemory()
    extend(tree, 0, [call[_ID_BYTES:] for call in calls])
    proof = inclusion_proof(tree, index, len(calls))
    return Recorded(row.entry_id, body, index, len(calls), proof)
