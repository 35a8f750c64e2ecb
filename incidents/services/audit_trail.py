"""Reading the audit trail, and taking it out of the house to be verified elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from incidents.audit import log as audit
from incidents.audit.bundle import Exported, export
from incidents.audit.checkpoints import checkpoint
from incidents.audit.note import Signer, public_key_of
from incidents.audit.sequencer import sequence_all
from incidents.database.audit_entries import (
    AuditCheckpoint,
    AuditEntry,
    entries_of,
    last_checkpoint,
)
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_incident
from incidents.work import Work, require, require_no_drill_token


def entries(
    work: Work, *, incident_id: UUID | None = None, after: UUID | None = None, limit: int = 100
) -> Sequence[AuditEntry]:
    """A page of entries in the order they were written; of one incident, if it is given."""
    require(work.actor, Permission.READ_AUDIT)
    _check_reach(work, incident_id)
    return entries_of(work.session, incident_id=incident_id, after=after, limit=limit)


def _check_reach(work: Work, incident_id: UUID | None) -> None:
    if incident_id is None:
        require_no_drill_token(work.actor)  # the whole trail tells of live incidents too
    else:
        get_incident(work, incident_id)


def head(work: Work) -> AuditCheckpoint | None:
    """The newest signed head: what the trail came to, and when."""
    require(work.actor, Permission.READ_AUDIT)
    return last_checkpoint(work.session)


def export_to(work: Work, signer: Signer, path: Path, *, incident_id: UUID | None) -> Exported:
    """Write the trail, or one incident's part, to a file that verifies on its own.

    What was written up to this moment is placed and signed first, so that it is all there.
    """
    require(work.actor, Permission.EXPORT_AUDIT)
    _check_reach(work, incident_id)
    sequence_all(work.session)
    checkpoint(work.session, signer, work.now)
    work.session.flush()
    made = export(work.session, path, public_key_of(signer), incident_id=incident_id)
    audit.record(
        work, "audit.export", incident_id=incident_id, size=made.size, entries=made.entries
    )
    return made
