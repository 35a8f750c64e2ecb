"""An audit entry as the exact bytes that are hashed and kept: RFC 8785 in a narrow profile.

ASCII names, whole numbers, words and ids, UTC moments with microseconds, no fractions: in
this profile the canonical form is what the standard library writes with sorted names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from incidents.audit.details import Unfit, code, moment
from incidents.audit.kinds import fit

VERSION = 1
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def entry_body(
    *,
    entry_id: UUID,
    at: datetime,
    kind: str,
    actor_id: UUID,
    incident_id: UUID | None = None,
    subject_type: str = "",
    subject_id: UUID | None = None,
    commitments: Mapping[str, bytes] | None = None,
    details: Mapping[str, object] | None = None,
) -> bytes:
    """The canonical bytes of one entry; they are stored as they are and never written again.

    commitments  name -> hash of a salt and a private text (see `commitment`)
    Raises       Unfit for a detail that its kind does not declare so
    """
    document: dict[str, Any] = {
        "v": VERSION,
        "id": str(entry_id),
        "at": moment(at),
        "kind": kind,
        "actor": str(actor_id),
        "detail": fit(kind, (details or {}).items()),
    }
    if incident_id is not None:
        document["incident"] = str(incident_id)
    if subject_type:
        document["subject"] = {"type": code(subject_type)}
        if subject_id is not None:
            document["subject"]["id"] = str(subject_id)
    if commitments:
        document["private"] = {code(name): value.hex() for name, value in commitments.items()}
    return canonical(document)


def canonical(document: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of a document in our profile; anything outside it raises Unfit."""
    _keep_to_profile(document)
    return _encode(document).encode()


def commitment(salt: bytes, text: str) -> bytes:
    """What an entry says of a private text: unguessable once the salt is erased."""
    if len(salt) != 16:
        raise ValueError("a commitment needs a salt of 16 random bytes")
    return sha256(salt + text.encode()).digest()


def _keep_to_profile(value: object) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not (isinstance(name, str) and name.isascii()):
                raise Unfit("names in an audit entry are ASCII")
            _keep_to_profile(item)
    elif isinstance(value, list):
        for item in value:
            _keep_to_profile(item)
    elif not isinstance(value, str | int):  # bool is an int; floats and None do not belong
        raise Unfit(f"an audit entry holds no {type(value).__name__}")
