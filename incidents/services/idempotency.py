"""One effect for one Idempotency-Key, however often it is asked for.

The key is claimed in a transaction of its own, so that a second request in flight is told so;
the answer is kept in the transaction of the effect, so that either both are there or neither.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypedDict
from uuid import UUID

from incidents.database import idempotency as rows
from incidents.database.base import uuid7
from incidents.errors import BadRequest, Conflict, InvalidInput, Problem
from incidents.vault.data_keys import ORGANISATION, data_key
from incidents.vault.keys import DataKey
from incidents.vault.sealed import seal, unseal
from incidents.work import TOCSIN, Office, Work


class _Place(TypedDict):
    table: str
    row_id: UUID
    field: str
    incident_id: UUID


# Longer than any request runs; after it, the claim of a process that died can be taken over.
CLAIM = timedelta(seconds=60)
# The same for one that brings a long list of people.
LONG_CLAIM = timedelta(hours=1)
KEPT = timedelta(days=30)
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that carries a key: who asks, and for what exactly.

    drills_only  a token for drills must not be told what a live one was answered
    """

    principal_id: UUID
    key: str
    method: str
    path: str
    query: str
    body: bytes
    drills_only: bool = False

    @property
    def fingerprint(self) -> bytes:
        """What makes two requests the same."""
        words = (self.method, self.path, self.query, "drills" if self.drills_only else "")
        parts = (*(word.encode() for word in words), self.body)
        return hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was replied."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def claim(office: Office, asked: Asked, claimed_for: timedelta = CLAIM) -> Answer | None:
    """Take the key. None: go on; an Answer: it was done before. Else Conflict or InvalidInput.

    claimed_for  how long it stays taken if this process dies before it answers
    """
    if not (asked.key.isascii() and asked.key.isprintable() and 0 < len(asked.key) <= _LONGEST_KEY):
        raise BadRequest(
            "the Idempotency-Key cannot be used",
            Problem("Idempotency-Key", "is empty, too long or has odd signs", "send a UUID"),
        )
    with office.work(TOCSIN) as work:
        until = work.now + claimed_for
        first = rows.claim(
            work.session,
            rows.IdempotentRequest(
                id=uuid7(),
                principal_id=asked.principal_id,
                key=asked.key,
                fingerprint=asked.fingerprint,
                claimed_until=until,
                created_at=work.now,
            ),
        )
        if first is None:
            return None
        if first.fingerprint != asked.fingerprint:
            raise InvalidInput(
                "this Idempotency-Key was used for another request",
                Problem("Idempotency-Key", "belongs to another request", "send a new key"),
            )
        if first.status is not None and first.answer is not None:
            return _read(work, asked, first.answer, first.status)
        if rows.take_over(work.session, first, until, work.now):
            return None
    raise Conflict("the same request is being worked on at this moment; ask again shortly")


def keep(work: Work, asked: Asked, answer: Answer) -> None:
    """Keep the answer beside its effect, in the same transaction."""
    packed = json.dumps({"headers": answer.headers, "body": answer.body.decode()}).encode()
    sealed = seal(_key(work), plaintext=packed, **_place(asked))
    rows.answer(work.session, asked.principal_id, asked.key, answer.status, sealed)


def release(office: Office, asked: Asked) -> None:
    """Nothing was done: the key may be used again."""
    with office.work(TOCSIN) as work:
        rows.release(work.session, asked.principal_id, asked.key)


def forget_old(work: Work) -> None:
    """Drop keys that are too old for a repeat to be an accident."""
    rows.forget_before(work.session, work.now - KEPT)


def _read(work: Work, asked: Asked, sealed: bytes, status: int) -> Answer:
    packed = json.loads(unseal(_key(work), blob=sealed, **_place(asked)))
    return Answer(status, packed["body"].encode(), packed["headers"])


def _key(work: Work) -> DataKey:
    # An answer may quote what somebody wrote: it is sealed like everything that might name people.
    return data_key(work.session, work.keyring, ORGANISATION, "answers")


def _place(asked: Asked) -> _Place:
    return {
        "table": "idempotent_request",
        "row_id": asked.principal_id,
        "field": asked.key,
        "incident_id": ORGANISATION,
    }
