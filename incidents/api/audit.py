"""The audit trail over HTTP: entries, the signed head, an export that verifies on its own."""

import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from incidents.api.door import LookWork, OpenWork, View, needs, router_for
from incidents.api.files import streamed
from incidents.database.audit_entries import AuditEntry
from incidents.office import signing_key
from incidents.rules.permissions import Permission
from incidents.services import audit_trail

router = router_for("audit")


class EntryView(View):
    """One entry, as it was hashed."""

    id: UUID
    at: datetime
    kind: str
    incident_id: UUID | None
    actor_id: UUID
    subject_type: str
    subject_id: UUID | None
    leaf: str
    body: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> "EntryView":
        """The view of a row."""
        return cls(
            id=entry.entry_id,
            at=entry.at,
            kind=entry.kind,
            incident_id=entry.incident_id,
            actor_id=entry.actor_id,
            subject_type=entry.subject_type,
            subject_id=entry.subject_id,
            leaf=entry.leaf.hex(),
            body=json.loads(entry.body),
        )


class HeadView(View):
    """The newest signed head of the trail (a C2SP checkpoint)."""

    size: int
    root: str
    note: str
    at: datetime


@router.get("/audit/entries", **needs(Permission.READ_AUDIT))
def list_entries(
    work: LookWork,
    incident_id: Annotated[UUID | None, Query()] = None,
    after: Annotated[UUID | None, Query(description="Last id of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[EntryView]:
    """Entries in the order they were written. They hold no personal data."""
    found = audit_trail.entries(work, incident_id=incident_id, after=after, limit=limit)
    return [EntryView.of(entry) for entry in found]


@router.get("/audit/head", **needs(Permission.READ_AUDIT))
def read_head(work: LookWork) -> HeadView | None:
    """The newest signed head; null before the first."""
    head = audit_trail.head(work)
    if head is None:
        return None
    return HeadView(size=head.size, root=head.root.hex(), note=head.note, at=head.at)


@router.post(
    "/audit/exports",
    response_class=Response,
    **needs(
        Permission.EXPORT_AUDIT,
        **{"200": {"description": "The trail", "content": {"application/jsonl": {}}}},
    ),
)
def export(work: OpenWork, incident_id: Annotated[UUID | None, Query()] = None) -> Response:
    """The trail, or one incident's part, as a file that `tocsin audit verify` checks alone."""
    file = tempfile.NamedTemporaryFile(suffix=".jsonl")  # noqa: SIM115  closed once it is sent
    audit_trail.export_to(
        work, signing_key(work.settings), Path(file.name), incident_id=incident_id
    )
    return streamed(file, "application/jsonl", "tocsin-audit.jsonl")
