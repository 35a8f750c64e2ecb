"""Data keys by incident and purpose: made when first asked for, destroyed to erase."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from incidents.database.base import uuid7
from incidents.database.data_keys import (
    DataKeyRow,
    add_data_key,
    data_keys_of,
    find_data_key,
    find_data_key_by_id,
    keys_under_other_keks,
)
from incidents.database.engine import only_reads
from incidents.vault.errors import KeyDestroyed, KeyMissing
from incidents.vault.keys import DataKey, KeyRing, new_secret

# Whose data it is when it belongs to no incident: second factors, provider credentials.
ORGANISATION = UUID(int=0)


def data_key(
    session: Session, keyring: KeyRing, incident_id: UUID, purpose: str = "recipients"
) -> DataKey:
    """The key of an incident for a purpose, made in this transaction if there is none.

    Two writers get the same key: the second waits for the first and reads its row.
    Work that only reads is given one that is kept nowhere: nothing was ever sealed or indexed
    under it, so nothing is found by it.
    Call it once per chunk of rows, not per row: it asks the database each time, so a key
    destroyed elsewhere is never used again.
    Raises  KeyDestroyed
    """
    row = find_data_key(session, incident_id, purpose)
    if row is None:
        fresh = DataKey(uuid7(), incident_id, purpose, new_secret())
        if only_reads(session):
            return fresh
        _add(session, keyring, fresh)
        row = find_data_key(session, incident_id, purpose)
    return _opened(keyring, row)


def data_key_of(session: Session, keyring: KeyRing, key_id: UUID) -> DataKey:
    """The key that a sealed value names (`sealed.key_id_of`)."""
    return _opened(keyring, find_data_key_by_id(session, key_id))


def destroy(session: Session, keyring: KeyRing, incident_id: UUID, now: datetime) -> list[UUID]:
    """Destroy every key of an incident: all that they sealed is unreadable from then on.

    Returns the ids destroyed now. Backups of the table must not outlive 30 days.
    """
    living = [row for row in data_keys_of(session, incident_id) if row.destroyed_at is None]
    for row in living:
        row.wrapped, row.destroyed_at = None, now
        keyring.forget(row.id)
    session.flush()
    return [row.id for row in living]


def rewrap(session: Session, keyring: KeyRing) -> int:
    """Wrap keys under the KEK in use, a bounded batch at a time; how many. 0: all done."""
    rows = keys_under_other_keks(session, keyring.active_id)
    for row in rows:
        row.wrapped, row.kek_id = keyring.wrap(_opened(keyring, row)), keyring.active_id
    session.flush()
    return len(rows)


def _add(session: Session, keyring: KeyRing, fresh: DataKey) -> None:
    row = DataKeyRow(
        id=fresh.id,
        incident_id=fresh.incident_id,
        purpose=fresh.purpose,
        wrapped=keyring.wrap(fresh),
        kek_id=keyring.active_id,
        created_at=datetime.now(UTC),
    )
    add_data_key(session, row)


def _opened(keyring: KeyRing, row: DataKeyRow | None) -> DataKey:
    if row is None:
        raise KeyMissing("no such data key")
    if row.wrapped is None:
        keyring.forget(row.id)
        raise KeyDestroyed("the key of this data was destroyed: nobody can read it any more")
    return keyring.unwrap(row.wrapped, row.kek_id, row.id, row.incident_id, row.purpose)
