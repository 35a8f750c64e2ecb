"""Sealing personal data: AES-256-GCM, each value bound to the place where it is kept.

A blob is version (1) | data key id (16) | nonce (12) | ciphertext and tag. The associated
data names table, field, incident and row: a blob moved anywhere else does not open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag

from incidents.vault.errors import Unreadable
from incidents.vault.keys import NONCE_BYTES, DataKey

_VERSION = b"\1"
_HEADER = 17
_START = _HEADER + NONCE_BYTES


def seal(
    key: DataKey, *, table: str, row_id: UUID, field: str, incident_id: UUID, plaintext: bytes
) -> bytes:
    """Seal one value for one field of one row."""
    place = _place(key, table, field, incident_id) + row_id.bytes
    nonce = os.urandom(NONCE_BYTES)
    return _VERSION + key.id.bytes + nonce + key.aead.encrypt(nonce, plaintext, place)


def unseal(
    key: DataKey, *, table: str, row_id: UUID, field: str, incident_id: UUID, blob: bytes
) -> bytes:
    """Open one value; Unreadable if it was sealed by another key, for another place, or changed."""
    pairs = [(row_id.bytes, blob)]
    return unseal_pairs(key, table=table, field=field, incident_id=incident_id, pairs=pairs)[0]


def seal_many(
    key: DataKey,
    *,
    table: str,
    field: str,
    incident_id: UUID,
    rows: Iterable[tuple[bytes, bytes]],
) -> list[bytes]:
    """Seal the same field of many rows, given as (bytes of the row id, plaintext): the fast form.

    Fast because ids are never made into objects, and chance is asked for once.
    """
    rows = list(rows)
    place, header = _place(key, table, field, incident_id), _VERSION + key.id.bytes
    encrypt, random = key.aead.encrypt, BytesIO(os.urandom(NONCE_BYTES * len(rows))).read
    nonces = [random(NONCE_BYTES) for _ in rows]
    return [
        b"%b%b%b" % (header, nonce, encrypt(nonce, plaintext, place + row_id))
        for nonce, (row_id, plaintext) in zip(nonces, rows, strict=True)
    ]


def unseal_many(
    key: DataKey,
    *,
    table: str,
    field: str,
    incident_id: UUID,
    rows: Iterable[tuple[UUID, bytes]],
) -> list[bytes]:
    """Open the same field of many rows, given as (row id, blob): the fast form."""
    pairs = ((row_id.bytes, blob) for row_id, blob in rows)
    return unseal_pairs(key, table=table, field=field, incident_id=incident_id, pairs=pairs)


def unseal_pairs(
    key: DataKey,
    *,
    table: str,
    field: str,
    incident_id: UUID,
    pairs: Iterable[tuple[bytes, bytes]],
) -> list[bytes]:
    """The same for (row id's bytes, blob): the fastest form, a call for each and no more."""
    pairs = list(pairs)
    place, header = _place(key, table, field, incident_id), _VERSION + key.id.bytes
    if not all(blob.startswith(header) for _, blob in pairs):
        raise Unreadable("sealed by another data key, or not a sealed value")
    decrypt = key.aead.decrypt
    try:
        return [
            decrypt(blob[_HEADER:_START], blob[_START:], place + row_id) for row_id, blob in pairs
        ]
    except (InvalidTag, ValueError):
        raise Unreadable("the sealed value was changed, or moved from another place") from None


def key_id_of(blob: bytes) -> UUID:
    """Which data key sealed a blob."""
    if len(blob) < _START or blob[:1] != _VERSION:
        raise Unreadable("this is not a sealed value of a version we know")
    return UUID(bytes=bytes(blob[1:_HEADER]))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value is kept."""

    table: str
    row_id: UUID
    field: str
    incident_id: UUID


class Sealed(str):
    """A sealed value that shows only its mask: in `str`, `repr`, JSON, logs and templates.

    It is the mask, as a string; the value is reached through `reveal` alone, whose callers
    write the audit entry first.
    """

    __slots__ = ("_blob", "_place")

    _blob: bytes
    _place: Place

    def __new__(cls, mask: str, blob: bytes, place: Place) -> Self:
        """A value kept at `place`, shown as `mask`."""
        sealed = super().__new__(cls, mask)
        sealed._blob, sealed._place = blob, place
        return sealed

    @classmethod
    def of(cls, key: DataKey, plaintext: str, place: Place, mask: Callable[[str], str]) -> Self:
        """Seal a text for a place, with its mask."""
        blob = seal(
            key,
            table=place.table,
            row_id=place.row_id,
            field=place.field,
            incident_id=place.incident_id,
            plaintext=plaintext.encode(),
        )
        return cls(mask(plaintext), blob, place)

    @property
    def blob(self) -> bytes:
        """What the database keeps."""
        return self._blob

    def reveal(self, key: DataKey) -> str:
        """The text itself. Permission, purpose and audit entry come first."""
        return unseal(
            key,
            table=self._place.table,
            row_id=self._place.row_id,
            field=self._place.field,
            incident_id=self._place.incident_id,
            blob=self._blob,
        ).decode()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied to another process (a task's arguments, a cache), only the mask goes."""
        return str, (str(self),)

    def __str__(self) -> str:
        return str.__str__(self)


def _place(key: DataKey, table: str, field: str, incident_id: UUID) -> bytes:
    if key.incident_id != incident_id:
        raise Unreadable("this data key belongs to another incident")
    return f"{table}|{field}|".encode() + incident_id.bytes
