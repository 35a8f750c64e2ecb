"""Gives each entry its place in the tree, apart from the transactions that write entries.

Writers never wait for one another: they leave entry and pending row, and one sequencer at a
time (a lock, held for the transaction) puts them in a row. See docs/decisions/0004.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from incidents.audit.merkle import extend, leaf_hash
from incidents.database.audit_tree import (
    TreeRows,
    entries_to_place,
    place,
    quarantine,
    take_pending,
    take_sequencer_lock,
    tree_size,
)

BATCH = 5_000
log = logging.getLogger(__name__)


def sequence(session: Session, limit: int = BATCH) -> int:
    """Place up to `limit` waiting entries, in the caller's transaction; how many.

    Each leaf is computed again from the body; an entry that was changed or deleted since it
    was written is set aside and shouted about, and the others go on. 0 when nothing waits or
    another process is at it.
    """
    if not take_sequencer_lock(session):
        return 0
    taken = take_pending(session, limit)
    sound = [
        (entry_id, leaf)
        for entry_id, body, leaf in entries_to_place(session, taken)
        if leaf_hash(body) == leaf
    ]
    if len(sound) < len(taken):
        _set_aside(session, sorted(set(taken) - {entry_id for entry_id, _ in sound}))
    if sound:
        size = tree_size(session)
        place(session, size, sound)
        extend(TreeRows(session), size, [leaf for _, leaf in sound])
    return len(sound)


def sequence_all(session: Session) -> int:
    """Place everything that waits, in one transaction: before an export or a critical reply."""
    total = 0
    while placed := sequence(session):
        total += placed
    return total


def _set_aside(session: Session, entry_ids: Sequence[UUID]) -> None:
    quarantine(session, entry_ids, datetime.now(UTC))
    for entry_id in entry_ids:
        log.critical("audit entry %s was changed or deleted before it had its place", entry_id)
