"""Writing the audit trail: one entry, in the transaction of the change that it tells of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from incidents.audit.entry import commitment, entry_body
from incidents.audit.merkle import leaf_hash
from incidents.database.audit_entries import AuditEntry, AuditPending, AuditPrivate, private_of
from incidents.database.base import uuid7
from incidents.vault.data_keys import ORGANISATION, data_key
from incidents.vault.sealed import seal, unseal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from incidents.vault.keys import DataKey, KeyRing

_SALT_BYTES = 16


class Actor(Protocol):
    """Who acts."""

    @property
    def id(self) -> UUID:
        """The id of the person, token or system."""
        ...


class Work(Protocol):
    """What writing an entry needs of a piece of work; `incidents.work.Work` is one."""

    now: datetime
    session: Session

    @property
    def actor(self) -> Actor:
        """Who acts."""
        ...

    @property
    def keyring(self) -> KeyRing:
        """The keys that private texts are sealed under."""
        ...


def record(
    work: Work,
    kind: str,
    /,
    *,
    incident_id: UUID | None = None,
    subject_type: str = "",
    subject_id: UUID | None = None,
    private: Mapping[str, str] | None = None,
    **detail: object,
) -> AuditEntry:
    """Write one entry in the caller's transaction: it stands if and only if the change does.

    kind     a key of `kinds.KINDS`, which also declares what `detail` may hold
    private  texts that context needs (a reason, a comment): the entry only commits to
             them; the text is sealed under the incident's key and can be erased
    Raises   Unfit for a detail that the kind does not declare so
    """
    entry_id = uuid7()
    salts = {name: os.urandom(_SALT_BYTES) for name in private or {}}
    body = entry_body(
        entry_id=entry_id,
        at=work.now,
        kind=kind,
        actor_id=work.actor.id,
        incident_id=incident_id,
        subject_type=subject_type,
        subject_id=subject_id,
        commitments={name: commitment(salts[name], text) for name, text in (private or {}).items()},
        details=detail,
    )
    entry = AuditEntry(
        entry_id=entry_id,
        at=work.now,
        kind=kind,
        incident_id=incident_id,
        actor_id=work.actor.id,
        subject_type=subject_type,
        subject_id=subject_id,
        body=body,
        leaf=leaf_hash(body),
    )
    work.session.add_all([entry, AuditPending(entry_id=entry_id)])
    if private:
        _keep_private(work, entry, private, salts)
    return entry


def private_texts(work: Work, entry: AuditEntry) -> dict[str, str]:
    """The private texts of an entry, as far as they were not erased."""
    kept = private_of(work.session, entry.entry_id)
    if not kept:
        return {}
    incident_id = entry.incident_id or ORGANISATION
    key = data_key(work.session, work.keyring, incident_id, "narrative")
    return {
        row.name: unseal(
            key,
            table="audit_private",
            row_id=row.entry_id,
            field=row.name,
            incident_id=incident_id,
            blob=row.ciphertext,
        ).decode()
        for row in kept
    }


def _keep_private(
    work: Work, entry: AuditEntry, private: Mapping[str, str], salts: Mapping[str, bytes]
) -> None:
    incident_id = entry.incident_id or ORGANISATION
    key = _narrative_key(work, incident_id)
    for name, text in private.items():
        ciphertext = seal(
            key,
            table="audit_private",
            row_id=entry.entry_id,
            field=name,
            incident_id=incident_id,
            plaintext=text.encode(),
        )
        row = AuditPrivate(
            entry_id=entry.entry_id, name=name, salt=salts[name], ciphertext=ciphertext
        )
        work.session.add(row)


def _narrative_key(work: Work, incident_id: UUID) -> DataKey:
    """Asked for once in a transaction: a fact, a duty and a task of one request share it."""
    keys: dict[UUID, DataKey] = work.session.info.setdefault("narrative keys", {})
    if incident_id not in keys:
        keys[incident_id] = data_key(work.session, work.keyring, incident_id, "narrative")
    return keys[incident_id]
