"""Single entries of the audit trail with their way to its signed head, for what leans on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from incidents.audit.checkpoints import checkpoint
from incidents.audit.merkle import inclusion_proof
from incidents.audit.note import Signer
from incidents.audit.sequencer import sequence_all
from incidents.database.audit_entries import last_checkpoint, placed_entry
from incidents.database.audit_tree import TreeRows
from incidents.errors import Conflict
from incidents.work import Work


class TrailShown:
    """Collects entries to show; all lead to one head, which is signed first."""

    def __init__(self, work: Work, signer: Signer) -> None:
        sequence_all(work.session)
        checkpoint(work.session, signer, work.now)
        work.session.flush()
        head = last_checkpoint(work.session)
        if head is None:
            raise Conflict("the audit trail is being signed: ask again in a moment")
        self.note, self._size = head.note, head.size
        self._session = work.session
        self._tree = TreeRows(work.session, remember=True)
        self._entries: dict[int, dict[str, Any]] = {}

    def show(self, entry_id: UUID) -> int:
        """Have an entry shown; gives its number in the trail."""
        seq, body = placed_entry(self._session, entry_id, self._size) or (None, None)
        if seq is None or body is None:
            raise Conflict("the audit trail is being signed, or was pruned: ask again in a moment")
        if seq not in self._entries:
            proof = inclusion_proof(self._tree, seq, self._size)
            hexes = [part.hex() for part in proof]
            self._entries[seq] = {"seq": seq, "body": body.decode(), "proof": hexes}
        return seq

    def entries(self) -> list[dict[str, Any]]:
        """What was shown, in the trail's order."""
        return [self._entries[seq] for seq in sorted(self._entries)]
