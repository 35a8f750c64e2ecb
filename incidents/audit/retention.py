"""Letting go of old entries: bodies go, leaves stay, so every proof given out still holds."""

from __future__ import annotations

from datetime import datetime

from incidents.audit.log import Work, record
from incidents.database.append_only import KEPT_AT_LEAST
from incidents.database.audit_tree import delete_bodies, first_seq_since
from incidents.errors import InvalidInput, Problem


def prune(work: Work, before: datetime) -> int:
    """Delete the oldest entries, up to the first that is not older than `before`; how many.

    The pruning is itself an entry: without it, the verifier takes a missing body for a crime.
    """
    if work.now - before < KEPT_AT_LEAST:
        raise InvalidInput(
            "audit entries are kept for six months at least",
            Problem("before", f"less than {KEPT_AT_LEAST.days} days ago", "choose an older date"),
        )
    below = first_seq_since(work.session, before)
    gone = delete_bodies(work.session, below)
    if gone:
        record(work, "audit.prune", below=below, entries=gone, before=before)
    return gone
